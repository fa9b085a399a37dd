"""Readers of messages: each scores every page by another kind of evidence, and learns from other messages alone.

Their constants are those of the textbooks, and none was changed after anything had been measured.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from examples.which_pattern.messages import NO_PAGE, Message, handbook

Scores: TypeAlias = dict[str, float]
"""How much speaks for each page; larger is better."""

WORD = re.compile(r"\w+")
ENDINGS = ("ing", "ed", "es", "ly", "en", "er", "s", "e", "n")
STOP = frozenset(
    "a an and are as at be but by can do does for from get got has have hello hey hi how i if in is it its me my no not of"
    " on or our please so thanks that the there they this to was we what when where which why will with you your"
    " das der die ein eine es ich im in ist kann mein meine mit nicht und von was wie wir zu".split()
)


class Reader(Protocol):
    """Scores pages for a message."""

    def scores(self, text: str) -> Scores: ...


def words(text: str) -> list[str]:
    """Return the words of a text in order."""
    return WORD.findall(text.lower())


def normalised(text: str) -> str:
    """Return a text without the words that say little, the others without their endings."""
    return " ".join(stem(word) for word in words(text) if word not in STOP)


def stem(word: str) -> str:
    """Cut the ending of a word, if at least four letters are left."""
    ending = next((each for each in ENDINGS if word.endswith(each) and len(word) - len(each) >= 4), "")
    return word.removesuffix(ending)


def standardised(scores: Mapping[str, float]) -> Scores:
    """Return how many standard deviations each score is above the mean, so that those of several can be added up."""
    middle = math.fsum(scores.values()) / len(scores)
    spread = math.sqrt(math.fsum((score - middle) ** 2 for score in scores.values()) / len(scores)) or 1.0
    return {page: (score - middle) / spread for page, score in scores.items()}


def best(scores: Mapping[str, float]) -> str:
    """Return the page with the highest score, of equal ones the first by name."""
    return min(scores, key=lambda page: (-scores[page], page))


class Keywords:
    """A list of eight words for each page: those that its messages have more often than others'."""

    LENGTH = 8

    def __init__(self, known: Sequence[Message]) -> None:
        has = _counted((each.page, set(words(each.text))) for each in known)
        pages_with = Counter(word for count in has.values() for word in count)
        told = {
            page: {word: often * math.log(len(has) / pages_with[word]) for word, often in count.items()}
            for page, count in has.items()
        }
        self._lists = {
            page: dict(sorted(weights.items(), key=lambda each: (-each[1], each[0]))[: self.LENGTH])
            for page, weights in told.items()
        }

    def scores(self, text: str) -> Scores:
        there = set(words(text))
        return {page: math.fsum(weights[word] for word in weights if word in there) for page, weights in self._lists.items()}


class Bayes:
    """Multinomial naive Bayes on words, with one added to each count."""

    def __init__(self, known: Sequence[Message]) -> None:
        counts = _counted((each.page, words(each.text)) for each in known)
        self._vocabulary = {word for count in counts.values() for word in count}
        sizes = Counter(each.page for each in known)
        self._prior = {page: math.log(sizes[page] / len(known)) for page in counts}
        self._logs: dict[str, dict[str, float]] = {}
        self._unseen: Scores = {}
        for page, count in counts.items():
            total = count.total() + len(self._vocabulary)
            self._logs[page] = {word: math.log((often + 1) / total) for word, often in count.items()}
            self._unseen[page] = math.log(1 / total)

    def scores(self, text: str) -> Scores:
        there = [word for word in words(text) if word in self._vocabulary]
        return {
            page: self._prior[page] + math.fsum(logs.get(word, self._unseen[page]) for word in there)
            for page, logs in self._logs.items()
        }


class Ranking:
    """BM25 over documents with names (Robertson and Zaragoza 2009), with k1 = 1.2 and b = 0.75."""

    def __init__(self, documents: Sequence[tuple[str, Sequence[str]]]) -> None:
        self._names = {name for name, _ in documents}
        middle = sum(len(text) for _, text in documents) / len(documents)
        self._with = defaultdict[str, list[tuple[int, str, float]]](list)
        for number, (name, text) in enumerate(documents):
            length = 1.2 * (0.25 + 0.75 * len(text) / middle)
            for word, often in Counter(text).items():
                self._with[word].append((number, name, often * 2.2 / (often + length)))
        size = len(documents)
        self._idf = {
            word: math.log(1 + (size - len(there) + 0.5) / (len(there) + 0.5)) for word, there in self._with.items()
        }

    def scores(self, text: Sequence[str]) -> Scores:
        """Return for each name the score of its best document."""
        found = defaultdict[tuple[int, str], float](float)
        for word in sorted(set(text) & self._idf.keys()):
            for number, name, weight in self._with[word]:
                found[number, name] += self._idf[word] * weight
        scores = dict.fromkeys(sorted(self._names), 0.0)
        for (_, name), score in found.items():
            scores[name] = max(scores[name], score)
        return scores


class Nearest:
    """The known message that is nearest by BM25."""

    def __init__(self, known: Sequence[Message]) -> None:
        self._ranking = Ranking([(each.page, words(each.text)) for each in known])

    def scores(self, text: str) -> Scores:
        return self._ranking.scores(words(text))


class Letters:
    """The known message that shares most with it of every four letters in a row (Dice's coefficient)."""

    def __init__(self, known: Sequence[Message]) -> None:
        self._known = [(each.page, _grams(each.text)) for each in known]

    def scores(self, text: str) -> Scores:
        told, scores = _grams(text), dict.fromkeys((page for page, _ in self._known), 0.0)
        for page, grams in self._known:
            scores[page] = max(scores[page], 2 * len(told & grams) / (len(told) + len(grams) or 1))
        return scores


class Handbook:
    """The page of the handbook that fits best by BM25; it learns from no message. No page counts as the average one."""

    def __init__(self, known: Sequence[Message]) -> None:
        self._ranking = Ranking([(page, words(normalised(text))) for page, text in handbook().items()])

    def scores(self, text: str) -> Scores:
        scores = self._ranking.scores(words(normalised(text)))
        return {**scores, NO_PAGE: math.fsum(scores.values()) / len(scores)}


class Stems:
    """Naive Bayes that has learnt from normalised messages, and takes such."""

    def __init__(self, known: Sequence[Message]) -> None:
        self._bayes = Bayes(
            [Message(number=each.number, text=normalised(each.text), page=each.page) for each in known]
        )

    def scores(self, text: str) -> Scores:
        return self._bayes.scores(text)


class Expert:
    """Adds up what four kinds of evidence say: words, the nearest message, letters and the handbook."""

    def __init__(self, known: Sequence[Message]) -> None:
        self._readers: tuple[Reader, ...] = (Bayes(known), Nearest(known), Letters(known), Handbook(known))

    def scores(self, text: str) -> Scores:
        several = [standardised(reader.scores(text)) for reader in self._readers]
        pages = sorted({page for scores in several for page in scores})
        return {page: math.fsum(scores.get(page, 0.0) for scores in several) for page in pages}


def _counted(known: Iterable[tuple[str, Iterable[str]]]) -> dict[str, Counter[str]]:
    counts = defaultdict[str, Counter[str]](Counter)
    for page, told in known:
        counts[page].update(told)
    return dict(counts)


def _grams(text: str) -> frozenset[str]:
    plain = f" {' '.join(words(text))} "
    return frozenset(plain[at : at + 4] for at in range(len(plain) - 3))
