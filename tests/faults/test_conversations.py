"""A conversation, in processes that are killed at every commit and in every agent: nothing is lost or said twice."""

import json
import os
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from podium.testing.faults import FaultPlace, FaultPoint, When
from tests.examples import some
from tests.faults.children import PROGRAMS, program
from tests.forking import commands
from tests.forking.program import Program

SAID = ["a1", "a1 after 0", "a2", "a2 after 2", "b1", "b1 after 4", "b2", "b2 after 6"]
EXPECTED = {"values": {"a": ["a1 after 0", "a2 after 2"], "b": ["b1 after 4", "b2 after 6"]}, "said": SAID}
SURELY_REACHED = {"commit": 16, "body": 5}
OF_THE_DESK = {
    "values": {"a": "a after 2", "b": "b sent after 5", "c": "c sent after 6"},
    "said": [
        "a local: a", "a front: I hand over to billing: a", "a billing: a after 2",
        "b local: b", "b billing: I hand over to goods: after 3", "b goods: b sent after 5",
        "c local: c", "c goods: c sent after 6",
    ],
}  # fmt: skip
"""A refused hand-off is not said, and the next message goes to the agent that spoke last."""
TALKS = 30


@pytest.fixture
def talking() -> Program:
    return program("talking.py")


def go_on(child: Program, folder: Path, expected: Json = EXPECTED) -> None:
    """Let all runs come to their end, and check what was said, to whom, in which order."""
    assert child.run(str(folder), None)
    assert json.loads((folder / "result").read_text()) == expected


@pytest.mark.more
@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.kill)])
@pytest.mark.parametrize("place", ["commit", "body"])
def test_killed_at_every_point_each_message_is_said_once_and_in_its_turn(
    talking: Program, tmp_path: Path, place: FaultPlace, when: When
) -> None:
    assert _deaths(talking, tmp_path, place, when, EXPECTED) > SURELY_REACHED[place]


@pytest.mark.kill
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", ["commit", "body"])
def test_a_desk_killed_at_every_point_says_each_message_once_and_goes_on_with_who_took_over(
    tmp_path: Path, place: FaultPlace, when: When
) -> None:
    assert _deaths(program("desk_talking.py"), tmp_path, place, when, OF_THE_DESK) > SURELY_REACHED[place]


def _deaths(child: Program, folder: Path, place: FaultPlace, when: When, expected: Json) -> int:
    """Kill a program at places and let it go on; returns how often it died, had it died at all that are left out."""
    go_on(child, folder, expected)
    last, died = json.loads((folder / "reached").read_text())[place], 0
    tried = some(range(1, last + 1))
    for n in tried:
        own = folder / str(n)
        own.mkdir()
        if not child.run(str(own), str(FaultPoint(place, n, when))):
            died += 1
            go_on(child, own, expected)
    return died + last - len(tried)


@pytest.mark.kill
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", ["commit", "body"])
def test_killed_at_every_point_agents_of_three_frameworks_say_and_are_sent_each_message_once(
    tmp_path: Path, place: FaultPlace, when: When
) -> None:
    child = program("conversing.py")
    assert child.run(str(tmp_path), None)
    told = json.loads((tmp_path / "result").read_text())
    assert [len(each) for each in told["sent"]] == [1, 3, 5, 7, 10, 12]
    last, died = json.loads((tmp_path / "reached").read_text())[place], 0
    for n in range(1, last + 1):
        folder = tmp_path / str(n)
        folder.mkdir()
        if not child.run(str(folder), str(FaultPoint(place, n, when))):
            died += 1
            assert child.run(str(folder), None)
            again = json.loads((folder / "result").read_text())
            assert (again["values"], again["said"]) == (told["values"], told["said"]), n
            assert all(each in told["sent"] for each in again["sent"]), n
    assert died >= SURELY_REACHED[place]


def test_two_processes_at_once_lose_and_swap_nothing(tmp_path: Path) -> None:
    processes = [
        commands.begin(
            ["python", str(PROGRAMS / "chatting.py"), str(tmp_path), name, str(TALKS)], cwd=tmp_path, env=os.environ
        )
        for name in "ab"
    ]
    for process in processes:
        process.communicate(120)
    assert [process.returncode for process in processes] == [0, 0]
    store = SqliteStore(str(tmp_path / "podium.db"))
    said = run_sync(store.messages("default", "c"))
    state = run_sync(store.conversation("default", "c"))
    store.close()
    texts = [each.message["parts"][0]["content"] for each in said]
    assert texts[1::2] == [f"{asked} after {2 * n}" for n, asked in enumerate(texts[::2])]
    for name in "ab":
        assert [text for text in texts[::2] if text.startswith(name)] == [f"{name}{n}" for n in range(TALKS)]
    assert state is not None
    assert (state.holder, state.waiting) == (None, 0)
