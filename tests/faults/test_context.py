"""An agent that sends what fits, in processes that are killed: the same is sent, and summarized once."""

import json
from collections import Counter
from pathlib import Path

import pytest

from podium.testing.faults import FaultPoint, When
from podium.testing.model import requests_seen
from tests.faults.children import program
from tests.forking.program import Program

SURELY_REACHED = 20


@pytest.fixture
def shortening() -> Program:
    return program("shortening.py")


@pytest.mark.kill
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_commit_it_sends_the_same_and_nothing_that_is_recorded_again(
    shortening: Program, tmp_path: Path, when: When
) -> None:
    assert shortening.run(str(tmp_path), None)
    expected, whole = (tmp_path / "result").read_text(), requests_seen(tmp_path / "witness")
    assert {line["model"] for line in whole} == {"bot", "short"}
    assert "in short" in expected
    last, died = json.loads((tmp_path / "reached").read_text())["commit"], 0
    for n in range(1, last + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        if shortening.run(str(folder), str(FaultPoint("commit", n, when))):
            continue
        died += 1
        assert shortening.run(str(folder), None)
        assert (folder / "result").read_text() == expected
        again = Counter(line["request"] for line in requests_seen(folder / "witness"))
        again.subtract(line["request"] for line in whole)
        unrecorded = 1 if when == "before" else 0
        assert set(again.values()) <= {0, unrecorded}
        assert again.total() <= unrecorded
    assert died > SURELY_REACHED
