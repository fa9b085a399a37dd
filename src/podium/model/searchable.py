"""Texts in which values are looked for: whole words and numbers, however they are written."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation

from podium.errors import InvalidValue
from podium.model.json import Json, is_array, is_object

Leaf = str | int | float | bool
"""A value that has no others inside."""

MAX_LEAVES = 10_000
"""The number of values that arguments may have to be looked for."""

_BETWEEN = "\0"
"""Stands between the parts of a searchable text: no value that is looked for has it, and it is no space."""
_INNER = frozenset("_@.-+/&%~=#?\\")
"""Marks that belong to a word where a letter or digit stands at their other side, as in an address."""
_OF_MAILBOXES = frozenset("!$'*^`{|}")
"""Marks that may stand in an address of mail besides."""
_LEADS_ON = frozenset("/.")
"""Before a word they make it a part of something, whatever is before them: a path, a hidden file, a fraction."""
_WORDS = re.compile(r"[^\W_]+")
_MINUS = "-\u2212"
_NUMBER = re.compile(r"[-+\u2212]?\d+(?:[.,'\u2019]\d+)*")
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

    __slots__ = (
        "exact", "exact_number", "is_text", "marks", "number", "passages", "squeezed", "text", "traceable", "words",
    )  # fmt: skip

    def __init__(self, leaf: Leaf) -> None:
        self.traceable = not isinstance(leaf, bool)
        """Whether it can be looked for: of true and false nobody can say where they are from."""
        self.is_text = isinstance(leaf, str)
        self.text = normal(str(leaf))
        self.exact = exact(str(leaf))
        """With its characters as they are written."""
        self.number = _as_number(self.text) if isinstance(leaf, str) else _decimal(str(leaf))
        self.exact_number = _only_number(self.exact) if isinstance(leaf, str) else self.number
        """The number that it is: of a text none with a currency, and none that may be two."""
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
    """Texts in which values can be looked for. Case and spaces do not matter."""

    __slots__ = ("_exact", "_exact_numbers", "_numbers", "_pieces", "_squeezed", "_text", "_words", "size")

    def __init__(self) -> None:
        self.size = 0
        """Characters in it."""
        self._pieces: list[tuple[str, str]] = []
        self._numbers: set[Decimal] = set()
        self._exact_numbers: set[Decimal] = set()
        self._text = self._exact = self._words = self._squeezed = ""

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
        if sought.exact_number is not None and sought.exact_number in self._exact_numbers:
            return True
        return sought.is_text and (not sought.exact or _stands_in(sought.exact, self._exact))

    def mentions(self, sought: SoughtValue) -> bool:
        """Whether a value stands there in any form.

        Also inside an address, with other marks between its parts, or in compatible forms of its characters.
        """
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
        text, as_written = normal(str(leaf)), exact(str(leaf))
        if isinstance(leaf, str):
            found = set(_numbers_in(as_written))
            self._exact_numbers |= found
            self._numbers |= found if text == as_written else found | {*_numbers_in(text)}
        elif (number := _decimal(str(leaf))) is not None:
            self._numbers.add(number)
            self._exact_numbers.add(number)
        self._pieces.append((text, as_written))
        self.size += len(text) + 1
        self._text = ""

    def _join(self) -> None:
        if not self._text and self._pieces:
            loose, as_written = zip(*self._pieces, strict=True)
            self._text, self._exact = (_BETWEEN + _BETWEEN.join(each) + _BETWEEN for each in (loose, as_written))
            self._words = _words(self._text)
            self._squeezed = self._words.replace(" ", "")


def leaves(value: Json, *, keys: bool = False, names: Collection[str] | None = None) -> Iterator[Leaf]:
    """Give the values inside a value that have no others inside, in their order; null is none.

    Of objects, the keys are among them that are no `names` of members, or all: `keys`. Where no names are known, plain
    ones count as such. Raises InvalidValue for more than 10,000 of them.
    """
    stack: list[Json] = [value]
    left = MAX_LEAVES if not keys else None

    def is_value(key: str) -> bool:
        return keys or (key not in names if names is not None else not _NAME.fullmatch(key))

    while stack:
        part = stack.pop()
        if is_object(part):
            stack.extend(key for key in reversed(part) if is_value(key))
            stack.extend(reversed(part.values()))
        elif is_array(part):
            stack.extend(reversed(part))
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


def exact(text: str) -> str:
    """Return a text in which case and runs of spaces make no difference, and all else does: ß is not ss."""
    plain = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join(plain.replace(_BETWEEN, " ").lower().split())


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
    if _in_word(before):
        return not (_in_word(wanted[0]) or wanted[0] in _INNER)
    if before in _LEADS_ON or (before in _INNER and wanted[0] in _INNER):
        return False
    if _in_word(further) and (
        (before == ":" and wanted[0].isdigit() and further.isdigit()) or (before in _OF_MAILBOXES and "@" in wanted)
    ):
        return False  # a part of a time, or of an address
    return not (before in _INNER and (_in_word(further) or further in _INNER))


def _ends_word(wanted: str, text: str, end: int) -> bool:
    after = text[end]
    if _in_word(after):
        return not (_in_word(wanted[-1]) or wanted[-1] in _INNER)
    if after not in _INNER and after != ":":
        return True
    while after in _INNER or after == ":":
        end += 1
        after = text[end]
    return not _in_word(after)


def _in_word(mark: str) -> bool:
    """Whether a character is a letter, a digit, or what is written over or through one."""
    return mark.isalnum() or not (mark.isascii() or unicodedata.category(mark)[0] != "M")


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
    sign, digits = ("-", said[1:]) if said[0] in _MINUS else ("", said.lstrip("+"))
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


def _only_number(text: str) -> Decimal | None:
    """Return the number that a whole text is, where it can be no other and has no currency."""
    found = set(_values(text)) if _NUMBER.fullmatch(text) else set[Decimal]()
    return found.pop() if len(found) == 1 else None


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
