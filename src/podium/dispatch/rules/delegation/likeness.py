"""Whether a text is like a pattern of a delegation, in a time that grows with the text alone, whatever the pattern.

Patterns come from whoever grants, and texts from whoever starts: a regular expression with several `*` would go back
and forth between them for hours. So all ways to read the pattern are followed at once, one bit for each place in it
(Baeza-Yates and Gonnet, "A New Approach to Text Searching", 1992).
"""

import re
from collections.abc import Callable
from functools import lru_cache

LONGEST_TEXT = 65_536
"""Characters of a text that can be like a pattern with several `*`: a longer one is not."""
_WORD = re.compile(r"[\w.+-]")
"""What `*` stands for: nothing that ends a name, an address or a part of one, so that no other can follow."""
_TOKEN = re.compile(r"\*\*+|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_SPECIAL = re.compile(r"[^\w-]")
_FEW = 1
"""So many `*` a regular expression tries in a time that grows with the text alone."""


@lru_cache(maxsize=1024)
def like(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a text is like a pattern: `*` is letters, digits and `.+-_`, `**` is anything.

    Raises re.error for brackets that are none, such as `[z-a]`.
    """
    tokens: list[str] = _TOKEN.findall(pattern)
    if sum(map(_is_star, tokens)) <= _FEW:
        whole = re.compile("".join(map(_expression, tokens)), re.DOTALL)
        return lambda text: whole.fullmatch(text) is not None
    return _Places(tokens).fit


class _Places:
    """The places of a pattern as bits: at which of them one may be after a text."""

    def __init__(self, tokens: list[str]) -> None:
        self._steps: list[re.Pattern[str]] = []
        self._any = self._word = 0
        for piece in tokens:
            if piece.startswith("**"):
                self._any |= 1 << len(self._steps)
            elif piece == "*":
                self._word |= 1 << len(self._steps)
            else:
                self._steps.append(re.compile(_expression(piece), re.DOTALL))

    def fit(self, text: str) -> bool:
        if len(text) > LONGEST_TEXT:
            return False
        masks: dict[str, tuple[int, int]] = {}
        at = 1
        for each in text:
            if each not in masks:
                masks[each] = self._masks(each)
            stay, step = masks[each]
            at = (at & stay) | ((at & step) << 1)
            if not at:
                return False
        return bool(at >> len(self._steps))

    def _masks(self, character: str) -> tuple[int, int]:
        """Return at which places one stays with a character, and from which it leads on."""
        stay = self._any | (self._word if _WORD.fullmatch(character) else 0)
        step = sum(1 << place for place, each in enumerate(self._steps) if each.fullmatch(character))
        return stay, step


def _is_star(piece: str) -> bool:
    return piece.startswith("*")


def _expression(piece: str) -> str:
    if piece.startswith("**"):
        return ".*"
    if piece in ("*", "?"):
        return f"{_WORD.pattern}*" if piece == "*" else _WORD.pattern
    return _class(piece[1:-1]) if len(piece) > 1 else re.escape(piece)


def _class(inside: str) -> str:
    """Return the class of characters that stands in brackets: `abc`, `a-z`, `!abc`."""
    no, chosen = ("^", inside[1:]) if inside.startswith("!") else ("", inside)
    return f"[{no}{_SPECIAL.sub(lambda found: re.escape(found[0]), chosen)}]"
