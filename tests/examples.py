"""How much of what could be tried there is time for in the quick tests; the long ones try all of it."""

import os
from collections.abc import Sequence
from random import randrange
from typing import TypeVar

LONG = os.environ.get("TESTS_LONG") == "1"
"""Whether these are the long tests, which try every property again, and all tests that are marked `more`."""
USUAL = 100

T = TypeVar("T")


def examples(many: int = USUAL) -> int:
    """Return so many of a property's examples as there is time for."""
    return many if LONG else many // 3


def some(all_of_them: Sequence[T], *, one_in: int = 3) -> Sequence[T]:
    """Return those for which there is time in a test that is marked `more`: one in so many, others in each run."""
    return all_of_them if LONG else all_of_them[randrange(max(1, min(one_in, len(all_of_them)))) :: one_in]
