"""Every table of a Markdown page is shown as one: a head, a rule, and rows of as many cells, with no line between."""

import re
from itertools import groupby

from tests.docs.test_links import FENCED, ROOT, pages

_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")
_CELL_END = re.compile(r"(?<!\\)\|")


def _is_table(rows: list[str]) -> bool:
    """Say whether lines that begin with a bar are shown as a table."""
    return (
        len(rows) > 1
        and _RULE.fullmatch(rows[1].rstrip()) is not None
        and len({len(_CELL_END.findall(row)) for row in rows}) == 1
    )


def _blocks(text: str) -> list[list[str]]:
    lines = FENCED.sub("", text).splitlines()
    return [list(rows) for barred, rows in groupby(lines, lambda line: line.startswith("|")) if barred]


def test_every_table_is_shown_as_one() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {rows[0]}"
        for page in pages()
        for rows in _blocks(page.read_text(encoding="utf-8"))
        if not _is_table(rows)
    ]
    assert broken == []
