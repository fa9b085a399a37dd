"""Finds the known messages that are most like a new one: cosine similarity, with rare features counting more."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from staff.features import features

_VOTES = 3
"""How many of a label's messages count, the most alike first."""


class Nearest:
    """Known messages with their labels, and how much each feature tells."""

    def __init__(self, known: Sequence[tuple[str, str]]) -> None:
        said = [(label, features(text)) for label, text in known]
        spread = Counter(feature for _, each in said for feature in each)
        self._telling = {feature: math.log(1 + len(said) / count) for feature, count in spread.items()}
        self._vectors = [(label, self._vector(each)) for label, each in said]

    def scores(self, text: str) -> dict[str, float]:
        """Return how much a text is like the messages of each label, from 0 to 1."""
        told = self._vector(features(text))
        alike = defaultdict[str, list[float]](list)
        for label, vector in self._vectors:
            alike[label].append(_dot(vector, told))
        return {label: sum(heapq.nlargest(_VOTES, several)) / _VOTES for label, several in alike.items()}

    def _vector(self, counts: Mapping[str, int]) -> dict[str, float]:
        weights = {each: (1 + math.log(count)) * self._telling.get(each, 0.0) for each, count in counts.items()}
        length = math.hypot(*weights.values()) or 1.0
        return {each: weight / length for each, weight in weights.items()}


def _dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    return sum(a[each] * b[each] for each in a.keys() & b.keys())
