"""What was found, and how it is looked for."""

import re
from collections.abc import Callable, Iterator

Found = Iterator[tuple[int, int]]
"""Where in a text something begins and ends."""

Finder = Callable[[str], Found]
"""Looks through a text."""


def every(pattern: str, fits: Callable[[str], bool] | None = None) -> Finder:
    """Return a finder of what a pattern matches, and a check of its digits agrees to."""

    def find(text: str) -> Found:
        for match in re.finditer(pattern, text):  # compiled when first used, and kept: importing costs nothing
            if fits is None or fits(match[0]):
                yield match.span()

    return find


def digits_of(text: str) -> list[int]:
    """Return the digits of a text."""
    return [int(each) for each in text if "0" <= each <= "9"]
