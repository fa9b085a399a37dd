"""A text as it is looked through: one space, one dash, digits and letters of one width, nothing that does not show."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_UNSEEN = frozenset({"Cf", "Cc"})
"""Categories of characters without width: joiners, marks of direction, soft hyphens, byte order marks."""
_ALSO_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0") | {
    chr(each) for each in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
"""Others: fillers, and what selects the variant of a character."""
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u30fc\uff70\u2796\u02d7\u06d4")
"""What is written for a dash and is none by its category, or stands for one between digits."""
_OTHERS = {
    "\u2044": "/", "\u2215": "/", "\u29f8": "/", "\u00b7": ".", "\u2027": ".", "\u2219": ".", "\u22c5": ".",
    "\u2024": ".", "\u02bc": "'", "\u2018": "'", "\u2019": "'", "\ua789": ":", "\u2236": ":",
}  # fmt: skip


class _Plain(dict[int, "str | None"]):
    """What stands for a character; worked out when it is first met."""

    def __missing__(self, code: int) -> "str | None":
        plain = self[code] = _plain_of(chr(code))
        return plain


def _plain_of(char: str) -> str | None:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category in _UNSEEN or char in _ALSO_UNSEEN:
        return None
    if category == "Zs":
        return " "
    if category == "Pd" or char in _DASHES:
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if char in _OTHERS:
        return _OTHERS[char]
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 else char


_TABLE = _Plain()


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text as it is looked through, and where its characters stand in the one that was given."""

    text: str
    places: Sequence[int] | None
    """For each character, and for the end; None where nothing was left out, so that they stand where they stood."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where something stands in the text that was given, with what does not show inside of it."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def plain(text: str) -> PlainText:
    """Return a text as it is looked through; takes time in proportion to it."""
    if text.isascii():
        return PlainText(text, None)
    told = text.translate(_TABLE)
    if len(told) == len(text):
        return PlainText(told, None)
    return PlainText(told, [at for at, char in enumerate(text) if _TABLE[ord(char)] is not None])
