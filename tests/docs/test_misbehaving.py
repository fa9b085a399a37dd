"""The reference says what becomes of a team when a member does not do what it should, and so it is."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.catalogue.roles.misbehaving import ENTRIES, WAYS, rows
from tests.catalogue.roles.reasons import ALIKE, REASONS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "patterns.md"
SHOWN = ["answers badly once", "answers badly always", "fails", "says no", "is denied by a policy", "a person says no"]
HEAD = (
    "| Pattern | Role | answers badly once | always | fails | says no | is denied by a policy | a person says no | "
    "Why |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)

Rows = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def found() -> Rows:
    return asyncio.run(rows())


def table(found: Rows) -> str:
    """Return the table as it has to stand in the reference."""
    lines = [
        f"| `{each.pattern}` | {each.role} | {' | '.join(found[each.id][way] for way in SHOWN)} | "
        f"{REASONS.get(each.id, '')} |\n"
        for each in ENTRIES
    ]
    return HEAD + "".join(lines)


def test_the_table_of_the_reference_says_what_happens(found: Rows) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    start = text.index(HEAD)
    assert text[start:].partition("\n\n")[0] + "\n" == table(found)


def test_no_role_differs_from_the_others_without_a_reason(found: Rows) -> None:
    def is_alike(row: Mapping[str, str]) -> bool:
        told = re.fullmatch(
            "any answer will do|`(BadAnswer|NoDecision|InvalidTransition)`", row["answers badly always"]
        )
        return told is not None and any(all(row[way] == cell for way, cell in each.items()) for each in ALIKE)

    assert [name for name, row in found.items() if not is_alike(row) and name not in REASONS] == []
    assert REASONS.keys() <= found.keys()
    assert all(list(row) == list(WAYS) for row in found.values())
