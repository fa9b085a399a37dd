"""Bounds of patterns that are reached: told in one way."""

from collections.abc import Sequence

from podium.errors import BoundReached


def used_up(
    pattern: str, bound: str, most: int, stands: str, remedy: str, *, failures: Sequence[Exception] = ()
) -> BoundReached:
    """Return the error for a bound that is reached: which one, how things stand then, and what to do about it.

    `failures` are what members failed with, where that is why.
    """
    message = f"{pattern}: {bound}={most} is used up, and {stands}. Raise `{bound}`, or {remedy}."
    return BoundReached(message, failures=failures)
