"""Readers of messages: each scores every page by another kind of evidence.

They learn from other messages and from the sections of the handbook. Their constants are those of the textbooks.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Protocol, TypeAlias

from examples.support_desk.staff.words import words as desk_words
from examples.which_pattern.messages import NO_PAGE, Message, handbook, phrasebook, sections

Scores: TypeAlias = dict[str, float]
"""How much speaks for each page; larger is better."""
Words: TypeAlias = Callable[[str], Sequence[str]]
Lessons: TypeAlias = Sequence[tuple[str, str]]
"""Texts to learn from, each after its page."""

WORD = re.compile(r"\w+")


class Reader(Protocol):
    """Scores pages for a message."""

    def scores(self, text: str) -> Scores: ...


@cache
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, as they are."""
    return tuple(WORD.findall(text.lower()))


@cache
def normalised(text: str) -> tuple[str, ...]:
    """Return the words as the support desk compares texts: stems, one for all that mean the same, no German.

    The desk's lexicon was made without these messages.
    """
    return tuple(desk_words(text))


@cache
def grams(text: str) -> Counter[str]:
    """Count every four letters in a row."""
    plain = f" {' '.join(words(text))} "
    return Counter(plain[at : at + 4] for at in range(len(plain) - 3))


def standardised(scores: Mapping[str, float]) -> Scores:
    """Return how many standard deviations each score is above the mean, so that those of several can be added up."""
    middle = math.fsum(scores.values()) / len(scores)
    spread = math.sqrt(math.fsum((score - middle) ** 2 for score in scores.values()) / len(scores)) or 1.0
    return {page: (score - middle) / spread for page, score in scores.items()}


def best(scores: Mapping[str, float]) -> str:
    """Return the page with the highest score, of equal ones the first by name."""
    return min(scores, key=lambda page: (-scores[page], page))


class Keywords:
    """A list of eight words for each page: those that most of its messages and sections have, and few other pages."""

    LENGTH = 8

    def __init__(self, learnt: Lessons) -> None:
        has = _counted((page, set(words(text))) for page, text in learnt)
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
        return {
            page: math.fsum(weights[word] for word in weights if word in there) for page, weights in self._lists.items()
        }


class Bayes:
    """Multinomial naive Bayes with one added to each count, and each page as likely beforehand.

    `told` makes of a text the words that count.
    """

    def __init__(self, learnt: Lessons, told: Words) -> None:
        self._told = told
        counts = _counted((page, told(text)) for page, text in learnt)
        self._vocabulary = {word for count in counts.values() for word in count}
        self._logs: dict[str, dict[str, float]] = {}
        self._unseen: Scores = {}
        for page, count in counts.items():
            total = count.total() + len(self._vocabulary)
            self._logs[page] = {word: math.log((often + 1) / total) for word, often in count.items()}
            self._unseen[page] = math.log(1 / total)

    def scores(self, text: str) -> Scores:
        return self.among(self._told(text))

    def among(self, told: Sequence[str]) -> Scores:
        """Return the scores for words that somebody else has made of a text."""
        there = [word for word in told if word in self._vocabulary]
        return {
            page: math.fsum(logs.get(word, self._unseen[page]) for word in there) for page, logs in self._logs.items()
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
    """The known message or section that is nearest by BM25, on normalised words."""

    def __init__(self, learnt: Lessons) -> None:
        self._ranking = Ranking([(page, normalised(text)) for page, text in learnt])

    def scores(self, text: str) -> Scores:
        return self._ranking.scores(normalised(text))


class Letters:
    """The known message or section that is most alike in every four letters in a row: cosine of tf-idf."""

    def __init__(self, learnt: Lessons) -> None:
        texts = [(page, grams(text)) for page, text in learnt]
        spread = Counter(gram for _, counts in texts for gram in counts)
        self._idf = {gram: math.log(len(texts) / often) + 1 for gram, often in spread.items()}
        self._texts = [(page, self._length(counts)) for page, counts in texts]
        self._with = defaultdict[str, list[tuple[int, int]]](list)
        for number, (_, counts) in enumerate(texts):
            for gram, often in counts.items():
                self._with[gram].append((number, often))

    def scores(self, text: str) -> Scores:
        counts = grams(text)
        alike = [0.0] * len(self._texts)
        for gram in (each for each in counts if each in self._idf):
            weight = counts[gram] * self._idf[gram] ** 2
            for number, often in self._with[gram]:
                alike[number] += weight * often
        mine, scores = self._length(counts), dict.fromkeys(sorted({page for page, _ in self._texts}), 0.0)
        for (page, length), product in zip(self._texts, alike, strict=True):
            scores[page] = max(scores[page], product / (mine * length))
        return scores

    def _length(self, counts: Counter[str]) -> float:
        return math.hypot(*(often * self._idf.get(gram, 0.0) for gram, often in counts.items())) or 1.0


class Handbook:
    """The page of the handbook that fits best by BM25; it learns from no message. No page counts as the average one."""

    def __init__(self) -> None:
        self._ranking = Ranking([(page, normalised(text)) for page, text in handbook().items()])

    def scores(self, text: str) -> Scores:
        scores = self._ranking.scores(normalised(text))
        return {**scores, NO_PAGE: math.fsum(scores.values()) / len(scores)}


class Expert:
    """Knows the desk's phrasebook too, and adds up four kinds of evidence: Bayes, nearest text, letters, handbook."""

    def __init__(self, known: Sequence[Message]) -> None:
        learnt = [*lessons(known), *phrasebook()]
        self._readers: tuple[Reader, ...] = (Bayes(learnt, normalised), Nearest(learnt), Letters(learnt), Handbook())

    def scores(self, text: str) -> Scores:
        several = [standardised(reader.scores(text)) for reader in self._readers]
        pages = sorted({page for scores in several for page in scores})
        return {page: math.fsum(scores.get(page, 0.0) for scores in several) for page in pages}


def lessons(known: Sequence[Message]) -> Lessons:
    """Return what there is to learn from: the messages and the sections of the handbook, each with its page."""
    return [*((each.page, each.text) for each in known), *sections()]


def _counted(known: Iterable[tuple[str, Iterable[str]]]) -> dict[str, Counter[str]]:
    counts = defaultdict[str, Counter[str]](Counter)
    for page, told in known:
        counts[page].update(told)
    return dict(counts)
