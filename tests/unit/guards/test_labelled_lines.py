"""How much of what people marked in lines of ten languages is found: no less than is written in the documentation."""

from pathlib import Path

import pytest

from podium.guards.finding.kinds import KINDS
from tests.unit.guards.labelled import NOTHING, PARTS, confusion, lines_of, table

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "guard-inputs-and-outputs.md"
LANGUAGES = {"de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru"}
FOUND_AT_LEAST = {"written_with": 1.0, "mended_after": 0.97, "held_out": 0.96}
FALSE_AT_MOST = {"written_with": 0, "mended_after": 4, "held_out": 0}
"""The share of what is marked that is found as what it is, and how often something is found that is none."""


def test_there_are_enough_lines_of_each_language_and_kind() -> None:
    parts = {part: lines_of(part) for part in PARTS}
    assert sum(map(len, parts.values())) >= 700
    for lines in parts.values():
        assert {line.language for line in lines} == LANGUAGES
        assert {kind for line in lines for *_, kind in line.marked} == set(KINDS)
        assert sum(not line.marked for line in lines) >= 50
    texts = [(line.language, line.text) for lines in parts.values() for line in lines]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("part", PARTS)
def test_as_much_is_found_as_is_written(part: str) -> None:
    counts = confusion(lines_of(part))
    marked = sum(count for (kind, _), count in counts.items() if kind != NOTHING)
    found = sum(counts[kind, kind] for kind in KINDS)
    false = sum(counts[NOTHING, kind] for kind in KINDS)
    assert found >= FOUND_AT_LEAST[part] * marked
    assert false <= FALSE_AT_MOST[part]
    assert "\n".join(table(part)) in PAGE.read_text("utf-8")
