"""Texts laid out: code between fences, and tables of Markdown, stand apart; all else is shown as it is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`]*)")
_RULE = re.compile(r" {0,3}\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?")
_BETWEEN = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A part of a text: a table if it has rows, else code or prose."""

    text: str = ""
    code: bool = False
    title: str = ""
    """What stands behind the fence of code, such as its language: nothing that was written is left out."""
    rows: Sequence[Sequence[str]] = ()
    """The cells of a table; the first row is its head."""


def blocks(text: str) -> Sequence[TextBlock]:
    """Return the parts of a text in order; one part where it has neither code nor tables."""
    found: list[TextBlock] = []
    prose: list[str] = []

    def end_prose() -> None:
        if any(line.strip() for line in prose):
            found.append(TextBlock(text="\n".join(prose).strip("\n")))
        prose.clear()

    lines, at = text.split("\n"), 0
    while at < len(lines):
        block, taken = _code(lines, at) or _table(lines, at) or (None, 1)
        if block is None:
            prose.append(lines[at])
        else:
            end_prose()
            found.append(block)
        at += taken
    end_prose()
    return found


def _code(lines: Sequence[str], at: int) -> tuple[TextBlock, int] | None:
    """Return the code that begins at a line, and how many lines it takes; None where no fence closes it."""
    opening = _FENCE.fullmatch(lines[at])
    if opening is None:
        return None
    closing = re.compile(rf" {{0,3}}{re.escape(opening[1][0])}{{{len(opening[1])},}}[ \t]*")
    for end in range(at + 1, len(lines)):
        if closing.fullmatch(lines[end]):
            code = TextBlock(text="\n".join(lines[at + 1 : end]), code=True, title=opening[2].strip())
            return code, end - at + 1
    return None


def _table(lines: Sequence[str], at: int) -> tuple[TextBlock, int] | None:
    """Return the table that begins at a line, and how many lines it takes."""
    if at + 1 >= len(lines) or "|" not in lines[at] or not _RULE.fullmatch(lines[at + 1].rstrip()):
        return None
    end = at + 2
    while end < len(lines) and lines[end].lstrip().startswith("|"):
        end += 1
    return TextBlock(rows=[_cells(line) for line in (lines[at], *lines[at + 2 : end])]), end - at


def _cells(line: str) -> Sequence[str]:
    inner = line.strip().removeprefix("|")
    cells = [each.strip().replace("\\|", "|") for each in _BETWEEN.split(inner)]
    return cells[:-1] if cells[-1] == "" else cells
