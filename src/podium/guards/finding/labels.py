"""What stands before a number and says what it is: `Tel.`, `BSN:`, `order no.`. The words are in labels.txt."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from podium.guards.finding.found import LETTERS
from podium.guards.finding.plain import plain

_BEFORE = 64
"""So many characters before a number are looked at."""
_MOST_WORDS, _MOST_BETWEEN = 4, 4
"""So many words a label has at most, and so many stand between it and its number."""
_OF_ITSELF = frozenset({"version", "other"})
"""Kinds that are said right before the number: farther away such a word is about something else."""
_OF_ANYTHING = ("id", "id number", "id no", "id nr", "identification number")
"""What things have as well as people: `order id number`."""
_FURTHER = 3
"""So many other words may stand there too where it is said that the number is it: `the phone of the shop is`."""
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BREAK = re.compile(r"[,;!?]|\n\s*\n|\.\s+(?=[A-Z][a-z]+ )|[0-9]")
"""What ends a clause, so that a label before it says nothing of what comes after."""
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss"})


class _Book(NamedTuple):
    """The words of labels.txt."""

    kinds: Mapping[str, str]
    """The kind of each label."""
    between: frozenset[str]
    says: frozenset[str]
    """What says that the number is what was named before, in whichever words: `is`."""
    ends: Sequence[tuple[str, str]]
    """Labels of scripts without spaces, and their kinds."""
    particles: str
    unit: re.Pattern[str]
    updated: re.Pattern[str]


def label_before(text: str, start: int) -> str | None:
    """Return what a label says that the number is which begins there: the name of a kind, `version` or `other`.

    `text` is plain, see `plain`. None where no label is there, or another clause begins after it.
    """
    book, before = _book(), text[max(0, start - _BEFORE) : start]
    breaks = [found.end() for found in _BREAK.finditer(before)]
    clause = before[breaks[-1] :] if breaks else before
    end = clause.rstrip(" .:#(").rstrip(book.particles)
    if not end.isascii():
        for label, kind in book.ends:
            if end.endswith(label):
                return kind
    words = [_folded(each) for each in _WORD.findall(spaced(clause))]
    said = clause.rstrip().endswith(":") or (bool(words) and words[-1] in book.says)
    return _kind_of_last(words, book, _FURTHER if said else 0)


def spaced(name: str) -> str:
    """Return a name from a program as words: `phoneNumber` as `phone Number`."""
    return _HUMP.sub(" ", name)


def is_quantity(text: str, end: int) -> bool:
    """Whether a unit, or a currency, stands behind the number that ends there."""
    return _book().unit.match(text, end) is not None


def is_updated_to(text: str, start: int) -> bool:
    """Whether it is said that something becomes the version that begins there: `Upgrade the agent to`."""
    return _book().updated.search(text, max(0, start - _BEFORE), start) is not None


def _kind_of_last(words: list[str], book: _Book, others: int) -> str | None:
    """Return the kind of the last label among words, but for those that may stand between it and the number.

    Those are `between` of the book, and so many others.
    """
    near = True
    for _ in range(_MOST_BETWEEN + others + 1):
        for count in range(min(_MOST_WORDS, len(words)), 0, -1):
            kind = book.kinds.get(" ".join(words[-count:]))
            if kind is not None and (near or kind not in _OF_ITSELF):
                return kind
        if not words:
            return None
        if words.pop() not in book.between:
            others, near = others - 1, False
            if others < 0:
                return None
    return None


def _folded(word: str) -> str:
    """Return a word in small letters without marks above and below them."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFD", word.casefold().translate(_STROKES))
    return "".join(each for each in parts if not unicodedata.combining(each))


@cache
def _book() -> _Book:
    """Read the words, when a number is first found."""
    words = _sections((resources.files("podium.guards.finding") / "labels.txt").read_text("utf-8"))
    kinds: dict[str, str] = {}
    for kind in ("phone", "id", "card", "iban", "version", "other"):
        for label in words[kind]:
            kinds.setdefault(" ".join(map(_folded, label.split())), kind)
    for label in words["other"]:
        kinds.update({f"{' '.join(map(_folded, label.split()))} {own}": "other" for own in _OF_ANYTHING})
    ends = [
        (plain(label).text, name.removeprefix("end "))
        for name, labels in words.items()
        if name.startswith("end ") and name != "end between"
        for label in labels
    ]
    units, stems, to = (_any_of(words[name]) for name in ("units", "updates", "updates to"))
    return _Book(
        kinds=kinds, between=frozenset(map(_folded, words["between"])),
        says=frozenset(map(_folded, words["says"])), ends=ends,
        particles="".join(words["end between"]),
        unit=re.compile(rf"\s?(?:[€$£¥%°²³]|{units}(?![0-9_{LETTERS}]))", re.IGNORECASE),
        updated=re.compile(rf"{stems}[^,;!?\n]{{0,40}}[^{LETTERS}]{to}\s$", re.IGNORECASE),
    )  # fmt: skip


def _sections(text: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in text.split("\n[")[1:]:
        name, _, words = part.partition("]\n")
        found[name] = [each.strip() for each in words.replace("\n", " ").split(",") if each.strip()]
    return found


def _any_of(words: list[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"
