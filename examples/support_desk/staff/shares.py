"""Turns scores of whatever scale into shares that add up to 1."""

import math
from collections.abc import Mapping
from statistics import fmean, pstdev


def standardised(scores: Mapping[str, float]) -> dict[str, float]:
    """Return how many standard deviations each score is above the mean, so that several kinds can be added up."""
    middle, spread = fmean(scores.values()), pstdev(scores.values()) or 1.0
    return {label: (score - middle) / spread for label, score in scores.items()}


def shares(scores: Mapping[str, float], sharpness: float) -> dict[str, float]:
    """Return the softmax of standardised scores: the larger `sharpness`, the more goes to the best."""
    weights = {label: math.exp(sharpness * score) for label, score in standardised(scores).items()}
    whole = sum(weights.values())
    return {label: weight / whole for label, weight in weights.items()}
