"""What was found, and how it is looked for."""

import re
from collections.abc import Callable, Iterator
from functools import cache

Found = Iterator[tuple[int, int]]
"""Where in a text something begins and ends."""

Finder = Callable[[str], Found]
"""Looks through a text."""

LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f"
"""Letters of the scripts that put spaces between words: in others a number stands right beside them."""
BEFORE, AFTER = rf"(?<![0-9_{LETTERS}])", rf"(?![0-9_{LETTERS}])"
"""Nothing that what is looked for would be a part of stands before it, or after."""

_WINDOW, _BEYOND = 8_192, 1_024
"""So many characters are looked through at once, which no other thread of the process can interrupt; and how far what
begins there may reach: further than any pattern does."""


def matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Give what a pattern matches, one part of the text after the other."""
    at, size = 0, len(text)
    for begin in range(0, size, _WINDOW):
        stop = begin + _WINDOW
        for match in pattern.finditer(text, max(at, begin), min(size, stop + _BEYOND)):
            if match.start() >= stop:
                break
            at = match.end()
            yield match


def every(pattern: str, fits: Callable[[re.Match[str]], bool] | None = None, *, ignore_case: bool = False) -> Finder:
    """Return a finder of what a pattern matches, and a check agrees to; compiled when it is first used."""
    flags = re.IGNORECASE if ignore_case else re.NOFLAG

    def find(text: str) -> Found:
        for match in matches(_compiled(pattern, flags), text):
            if fits is None or fits(match):
                yield match.span()

    return find


_compiled = cache(re.compile)


def digits_of(text: str) -> list[int]:
    """Return the digits of a text."""
    return [int(each) for each in text if "0" <= each <= "9"]
