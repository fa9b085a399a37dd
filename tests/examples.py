"""How many examples a property is tried with: half as many in the quick tests as in the long ones."""

import os

LONG = os.environ.get("TESTS_LONG") == "1"
"""Whether these are the long tests, which try every property again."""
USUAL = 100


def examples(many: int = USUAL) -> int:
    """Return so many of a property's examples as there is time for."""
    return many if LONG else many // 2
