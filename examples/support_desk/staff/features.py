"""Makes of a text what two texts can share: words, words that stand together, and parts of words."""

import re
from collections import Counter
from functools import cache
from itertools import pairwise

from staff.words import words

_LETTERS = re.compile(r"[^\W_]+")
_PART = 4


@cache
def terms(text: str) -> tuple[str, ...]:
    """Return the words of a text, and each two that stand next to each other or have one between them."""
    single = words(text)
    pairs = [*pairwise(single), *zip(single, single[2:], strict=False)]
    return (*single, *(f"{a}_{b}" for a, b in pairs))


def features(text: str) -> Counter[str]:
    """Count the words of a text, and every four letters in a row: these survive typing errors and German compounds."""
    found = Counter(f"{word}:" for word in words(text))
    for word in _LETTERS.findall(text.lower()):
        edged = f" {word} "
        found.update(edged[at : at + _PART] for at in range(len(edged) - _PART + 1))
    return found
