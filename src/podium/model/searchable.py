"""Texts in which values are looked for: whole words and numbers, however they are written."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from podium.errors import InvalidValue
from podium.model.json import Json, is_array, is_object

Leaf = str | int | float | bool
"""A value that has no others inside."""

MAX_LEAVES = 10_000
"""The number of values that arguments may have to be looked for."""

_BETWEEN = "\0"
"""Stands between the parts of a searchable text: no value that is looked for has it, and it is no space."""
_INNER = frozenset("_@.-+/&%~=#?")
"""Marks that belong to a word where a letter or digit stands at their other side, as in an address."""
_WORDS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,'\u2019]\d+)*")
_UNITS = re.compile(r"(?:eur|usd|gbp|chf)\b")
_THOUSANDS = re.compile(r"\d{1,3}(?:([,.'\u2019])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PASSAGE = 5
"""Words in a row that are a quotation."""
_MARKED = re.compile(r"[^\s<>\"'(),;\0]*[\d@/.:][^\s<>\"'(),;\0]*")
"""What looks like a number, an address or a name of a file, in a longer text."""
_SHORTEST = 6
"""Characters of a mark, or of a value written in pieces, below which it may be there by chance."""


class SoughtValue:
    """A value that is looked for, in the forms in which it is compared: made once for all texts."""

    __slots__ = ("is_text", "marks", "number", "passages", "squeezed", "text", "traceable", "words")

    def __init__(self, leaf: Leaf) -> None:
        self.traceable = not isinstance(leaf, bool)
        """Whether it can be looked for: of true and false nobody can say where they are from."""
        self.is_text = isinstance(leaf, str)
        self.text = normal(str(leaf))
        self.number = _as_number(self.text) if isinstance(leaf, str) else _decimal(str(leaf))
        self.words = _words(self.text)
        """Letters and digits alone, with a space before and after each word."""
        self.squeezed = self.words.replace(" ", "")
        several = self.words.split() if isinstance(leaf, str) else ()
        starts = range(len(several) - _PASSAGE + 1)
        self.passages = tuple(f" {' '.join(several[at : at + _PASSAGE])} " for at in starts)
        """Each five words in a row."""
        found = (each.group().strip(".,:;!?/") for each in _MARKED.finditer(self.text)) if len(several) > 1 else ()
        self.marks = tuple(SoughtValue(each) for each in found if _SHORTEST <= len(each) < len(self.text))
        """The numbers, addresses and names of files in it, where it is a longer text."""


class SearchableText:
    """Texts in which values can be looked for. Case, spaces and compatible forms of characters do not matter."""

    __slots__ = ("_numbers", "_pieces", "_squeezed", "_text", "_words", "size")

    def __init__(self) -> None:
        self.size = 0
        """Characters in it."""
        self._pieces: list[str] = []
        self._numbers: set[Decimal] = set()
        self._text = self._words = self._squeezed = ""

    def add(self, value: Json) -> None:
        """Add a value, and all that is inside it, with the keys of its objects."""
        for leaf in leaves(value, keys=True):
            if not isinstance(leaf, bool):
                self._add(leaf)

    def holds(self, sought: SoughtValue) -> bool:
        """Whether a value stands there as a whole: between the ends of words, or as a number of the same value.

        A part of an address, of a path or of a longer number is none.
        """
        if not sought.traceable:
            return False
        self._join()
        if sought.number is not None and sought.number in self._numbers:
            return True
        return sought.is_text and (not sought.text or _stands_in(sought.text, self._text))

    def mentions(self, sought: SoughtValue) -> bool:
        """Whether a value stands there in any form: also inside an address, or with other marks between its parts."""
        if not sought.traceable:
            return False
        self._join()
        if sought.number is not None and sought.number in self._numbers:
            return True
        squeezed = sought.squeezed
        if not squeezed:
            return bool(sought.text) and sought.text in self._text
        return sought.words in self._words or (len(squeezed) >= _SHORTEST and squeezed in self._squeezed)

    def shares(self, sought: SoughtValue) -> bool:
        """Whether it mentions a value, or something in it that is longer: five words in a row, a number, an address."""
        return (
            self.mentions(sought)
            or any(each in self._words for each in sought.passages)
            or any(self.mentions(each) for each in sought.marks)
        )

    def _add(self, leaf: str | float) -> None:
        text = normal(str(leaf))
        if isinstance(leaf, str):
            self._numbers.update(_numbers_in(text))
        elif (number := _decimal(str(leaf))) is not None:
            self._numbers.add(number)
        self._pieces.append(text)
        self.size += len(text) + 1
        self._text = ""

    def _join(self) -> None:
        if not self._text and self._pieces:
            self._text = _BETWEEN + _BETWEEN.join(self._pieces) + _BETWEEN
            self._words = _words(self._text)
            self._squeezed = self._words.replace(" ", "")


def leaves(value: Json, *, keys: bool = False) -> Iterator[Leaf]:
    """Give the values inside a value that have no others inside; null is none.

    Of objects, the keys are among them that are no plain names, or all: `keys`. Raises InvalidValue for more than
    10,000 of them.
    """
    stack: list[Json] = [value]
    left = MAX_LEAVES if not keys else None
    while stack:
        part = stack.pop()
        if is_object(part):
            stack.extend(key for key in part if keys or not _NAME.fullmatch(key))
            stack.extend(part.values())
        elif is_array(part):
            stack.extend(part)
        elif part is not None:
            if left is not None:
                left -= 1
                if left < 0:
                    raise InvalidValue(f"there are more than {MAX_LEAVES:,} values: too many to look for each of them")
            yield part


def normal(text: str) -> str:
    """Return a text in which case, runs of spaces and compatible forms of characters make no difference."""
    plain = text if text.isascii() else _without_marks(unicodedata.normalize("NFKC", text))
    return " ".join(plain.replace(_BETWEEN, " ").casefold().split())


def _without_marks(text: str) -> str:
    """Leave out what is not seen: zero-width spaces and joiners, marks of direction."""
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


def _words(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text))} "


def _stands_in(wanted: str, text: str) -> bool:
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if _starts_word(wanted, text, at) and _ends_word(wanted, text, end):
            return True
        at = text.find(wanted, end)
    return False


def _starts_word(wanted: str, text: str, at: int) -> bool:
    before, further = text[at - 1], text[at - 2] if at > 1 else _BETWEEN
    if before.isalnum():
        return not wanted[0].isalnum()
    return not (before in _INNER and (further.isalnum() or further in _INNER))


def _ends_word(wanted: str, text: str, end: int) -> bool:
    after, further = text[end], text[end + 1] if end + 1 < len(text) else _BETWEEN
    if after.isalnum():
        return not wanted[-1].isalnum()
    return not ((after in _INNER or after == ":") and further.isalnum())


def _numbers_in(text: str) -> Iterator[Decimal]:
    """Give the numbers that are words of their own: not those in a date, an address or an identifier."""
    padded = f"{_BETWEEN}{text}{_BETWEEN}"
    for found in _NUMBER.finditer(padded):
        start, end, said = found.start(), found.end(), found.group()
        if _UNITS.match(padded, end):
            end += 3
        if _starts_word(said, padded, start) and _ends_word(said, padded, end) and not padded[end].isalnum():
            yield from _values(said)


def _values(said: str) -> Iterator[Decimal]:
    """Give what a number may mean: 1,500 is 1500, or 1.5 with a decimal comma."""
    sign, digits = ("-", said[1:]) if said[0] == "-" else ("", said.lstrip("+"))
    plain = [digits.replace(",", ".")] if digits.count(",") + digits.count(".") <= 1 else []
    if (grouped := _THOUSANDS.fullmatch(digits)) is not None:
        mark = grouped[1]
        plain.append(digits.replace(mark, "").replace(",", "."))
    for each in plain:
        if (value := _decimal(sign + each)) is not None:
            yield value


def _as_number(text: str) -> Decimal | None:
    """Return the number that a whole text is; of an amount without its currency."""
    bare = text.strip("$€£ ").removesuffix("eur").removesuffix("usd").strip()
    if not _NUMBER.fullmatch(bare):
        return None
    return next(_values(bare), None)


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
