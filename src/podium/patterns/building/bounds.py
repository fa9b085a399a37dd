"""Bounds of patterns that are reached: told in one way."""

from podium.errors import BoundReached


def used_up(pattern: str, bound: str, most: int, stands: str, remedy: str) -> BoundReached:
    """Return the error for a bound that is reached: which one, how things stand then, and what to do about it."""
    return BoundReached(f"{pattern}: {bound}={most} is used up, and {stands}. Raise `{bound}`, or {remedy}.")
