"""Finds the known messages that are most like a new one: cosine similarity, with rare features counting more."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from staff.features import features

_VOTES = 3
"""How many of a label's messages count, the most alike first."""


Vector: TypeAlias = dict[str, float]


class Nearest:
    """Messages with their labels, each as a vector of length 1, and how much each feature tells."""

    def __init__(self, telling: Vector, vectors: Sequence[tuple[str, Vector]]) -> None:
        self._telling = telling
        self._vectors = vectors

    def scores(self, text: str) -> dict[str, float]:
        """Return how much a text is like the messages of each label, from 0 to 1."""
        told = _vector(features(text), self._telling)
        alike = defaultdict[str, list[float]](list)
        for label, vector in self._vectors:
            alike[label].append(_dot(vector, told))
        return {label: sum(heapq.nlargest(_VOTES, several)) / _VOTES for label, several in alike.items()}


def learn(known: Sequence[tuple[str, str]]) -> tuple[Vector, list[tuple[str, Vector]]]:
    """Return what `Nearest` needs to know of messages and their labels."""
    said = [(label, features(text)) for label, text in known]
    spread = Counter(feature for _, each in said for feature in each)
    telling = {feature: math.log(1 + len(said) / count) for feature, count in spread.items()}
    return telling, [(label, _vector(each, telling)) for label, each in said]


def _vector(counts: Mapping[str, int], telling: Vector) -> Vector:
    weights = {each: (1 + math.log(count)) * telling.get(each, 0.0) for each, count in counts.items()}
    length = math.hypot(*weights.values()) or 1.0
    return {each: weight / length for each, weight in weights.items()}


def _dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    return sum(a[each] * b[each] for each in a.keys() & b.keys())
