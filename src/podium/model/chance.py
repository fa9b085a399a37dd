"""Chance that can be repeated: the one place that makes a pseudo-random generator."""

from random import Random

Chance = Random
"""A source of randomness that gives the same for the same seed."""


def chance_of(seed: str) -> Chance:
    """Return the source of a seed. It is for choosing and jitter, not for secrets."""
    return Random(seed)  # noqa: S311 - repeatable on purpose
