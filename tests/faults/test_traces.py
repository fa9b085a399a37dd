"""A run that is traced and killed at every commit: one trace, no span twice, and none lost but those of that commit."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from podium.testing.faults import FaultPoint, When
from tests.faults.children import program
from tests.forking.program import Program

MOST_OF_ONE_COMMIT = 6
"""So many spans end with one commit of the voyage: the last of branches and what is around it."""


@pytest.fixture
def traced() -> Program:
    return program("traced.py")


def spans_of(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "spans").read_text().splitlines()]


def named(spans: list[Any]) -> set[tuple[str, ...]]:
    """Return the spans by what they are of, without those that a death adds or takes: questions, and the queue."""
    own = ("podium.run", "podium.key", "podium.attempt")
    return {
        (span["name"], *(str(span["attributes"].get(each)) for each in own))
        for span in spans
        if not span["name"].startswith(("wait question", "queue "))
    }


def orphans(spans: list[Any]) -> set[str]:
    """Return the parents that are not there."""
    known = {span["context"]["span_id"] for span in spans}
    return {span["parent_id"] for span in spans if span["parent_id"] is not None} - known


def checked(folder: Path) -> list[Any]:
    """Return the spans of all lives, of which none may be there twice or in another trace."""
    spans = spans_of(folder)
    counts = Counter(span["context"]["span_id"] for span in spans)
    assert [span["name"] for span in spans if counts[span["context"]["span_id"]] > 1] == []
    assert len({span["context"]["trace_id"] for span in spans}) == 1
    return spans


def test_undisturbed_the_voyage_is_one_whole_trace(traced: Program, tmp_path: Path) -> None:
    assert traced.run(str(tmp_path), None)
    spans = checked(tmp_path)
    assert orphans(spans) == set()
    assert {span["name"].partition(" ")[0] for span in spans} == {
        "invoke_workflow", "call", "invoke_agent", "chat", "execute_tool", "wait", "queue",
    }  # fmt: skip


@pytest.mark.kill
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_commit_it_is_one_trace_without_a_span_twice(
    traced: Program, tmp_path: Path, when: When
) -> None:
    assert traced.run(str(tmp_path), None)
    whole = named(spans_of(tmp_path))
    last = json.loads((tmp_path / "reached").read_text())["commit"]
    died = 0
    for n in range(1, last + 1):
        point = FaultPoint("commit", n, when)
        folder = tmp_path / str(point)
        folder.mkdir()
        died += not traced.run(str(folder), str(point))
        assert traced.run(str(folder), None)
        spans = checked(folder)
        lost, allowed = whole - named(spans), MOST_OF_ONE_COMMIT if when == "after" else 0
        assert len(lost) <= allowed, f"killed at {point}: {sorted(lost)}"
        assert len(orphans(spans)) <= allowed, f"killed at {point}"
    assert died > 25
