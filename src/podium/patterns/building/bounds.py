"""Bounds of patterns that are reached: told in one way."""

from collections.abc import Iterable

from podium.errors import BoundReached


def used_up(
    pattern: str, bound: str, most: int, stands: str, remedy: str, failures: Iterable[Exception] = ()
) -> BoundReached:  # fmt: skip
    """Return the error for a bound that is reached: which one, how things stand then, and what to do about it."""
    said = f"{pattern}: {bound}={most} is used up, and {stands}. Raise `{bound}`, or {remedy}."
    return BoundReached(said, failures=list(failures))
