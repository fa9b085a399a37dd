"""Turns scores of whatever scale into shares that add up to 1."""

import math
from collections.abc import Mapping


def standardised(scores: Mapping[str, float]) -> dict[str, float]:
    """Return how many standard deviations each score is above the mean, so that several kinds can be added up."""
    middle = sum(scores.values()) / len(scores)
    spread = math.sqrt(sum((score - middle) ** 2 for score in scores.values()) / len(scores)) or 1.0
    return {label: (score - middle) / spread for label, score in scores.items()}


def shares(scores: Mapping[str, float], sharpness: float) -> dict[str, float]:
    """Return the softmax of standardised scores: the larger `sharpness`, the more goes to the best."""
    weights = {label: math.exp(sharpness * score) for label, score in standardised(scores).items()}
    whole = sum(weights.values())
    return {label: weight / whole for label, weight in weights.items()}
