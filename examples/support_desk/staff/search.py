"""Full-text search: BM25 over documents with several fields, tolerant of typing errors."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_SATURATION = 1.2
_LENGTH = 0.5


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a document: its words, and how much a word in it counts."""

    words: Sequence[str]
    weight: float = 1.0


Weights: TypeAlias = dict[str, dict[str, float]]
"""How much of each word a document has, by the document's name."""


class Index:
    """An index of documents by name. Ranking: Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009.

    With `mending`, a word that no document has is taken for one that differs by a letter.
    """

    def __init__(self, weights: Weights, *, mending: bool = True) -> None:
        self._mending = mending
        self._weights = weights
        self._texts = len(self._weights)
        self._spread = Counter(word for weights in self._weights.values() for word in weights)

    def idf(self, word: str) -> float:
        """Return how telling a word is: rare ones more."""
        if word not in self._spread:
            return 0.0
        spread = self._spread[word]
        return math.log(1 + (self._texts - spread + 0.5) / (spread + 0.5))

    def search(self, query: Mapping[str, float]) -> dict[str, float]:
        """Return the score of every document for weighted words."""
        known = [(self._mended(word) if self._mending else word, weight) for word, weight in query.items()]
        return {
            name: sum(
                weight * self.idf(word) * has / (has + _SATURATION)
                for word, weight in known
                if (has := weights.get(word))
            )
            for name, weights in self._weights.items()
        }

    def _mended(self, word: str) -> str:
        """Return a word of the documents that differs by one letter, where the word itself is not among them."""
        if word in self._spread or len(word) < 6 or not word.isalpha():
            return word
        near = [each for each in self._spread if each[0] == word[0] and _one_apart(each, word)]
        return max(near, key=lambda each: self._spread[each], default=word)


def weigh(documents: Mapping[str, Iterable[Field]]) -> Weights:
    """Return what `Index` needs to know of documents: their words, by the fields' weights and lengths."""
    fields = {name: tuple(each) for name, each in documents.items()}
    lengths = [len(field.words) for each in fields.values() for field in each]
    middle = max(1.0, sum(lengths) / max(1, len(lengths)))
    weights: Weights = {}
    for name, each in fields.items():
        has = defaultdict[str, float](float)
        for field in each:
            share = field.weight / (1 - _LENGTH + _LENGTH * len(field.words) / middle)
            for word in field.words:
                has[word] += share
        weights[name] = dict(has)
    return weights


def _one_apart(a: str, b: str) -> bool:
    """Whether two words differ by one letter put in, left out or changed, or by two that changed places."""
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[at:], b[at:]
    return (
        rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or rest_a[1:] == rest_b[1:]
        or (rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:])
    )
