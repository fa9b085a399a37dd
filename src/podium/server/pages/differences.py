"""What was changed between two drafts: by lines, and within changed lines by words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_MOST_LINES = 2_000
"""Lines of a draft up to which it is compared: the work grows with the square."""
_MOST_WORDS = 400
"""The same of what was changed in one place; more is shown as taken out and put in."""
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_WORDS = re.compile(r"\n|[^\S\n]*[^\s]+|[^\S\n]+")


class DiffChange(StrEnum):
    """What became of a piece."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class DiffPiece:
    """A piece of the two texts."""

    change: DiffChange
    text: str


def difference(before: str, now: str) -> Sequence[DiffPiece] | None:
    """Return what was changed; None where nothing was, or the texts are too long to compare."""
    old, new = _LINES.findall(before), _LINES.findall(now)
    if before == now or max(len(old), len(new)) > _MOST_LINES:
        return None
    return list(_by_lines(old, new))


def _by_lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffPiece]:
    for same, gone, come in _changes(old, new):
        if same:
            yield DiffPiece(DiffChange.SAME, same)
            continue
        before, after = _WORDS.findall(gone), _WORDS.findall(come)
        if max(len(before), len(after)) > _MOST_WORDS:
            yield from _replaced(gone, come)
            continue
        for kept, out, put in _changes(before, after):
            yield from (DiffPiece(DiffChange.SAME, kept),) if kept else _replaced(out, put)


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Give what is the same, or else what is gone and what is new, in order."""
    for what, i, until_i, j, until_j in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[i:until_i]), "".join(new[j:until_j])
        yield (gone, "", "") if what == "equal" else ("", gone, come)


def _replaced(gone: str, come: str) -> Iterator[DiffPiece]:
    if gone:
        yield DiffPiece(DiffChange.GONE, gone)
    if come:
        yield DiffPiece(DiffChange.NEW, come)
