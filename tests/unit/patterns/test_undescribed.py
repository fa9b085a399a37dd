"""Members of whom those who choose know only the name: the log tells of them when a pattern is made."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.patterns import group_chat, handoff, magentic, mesh, plan_execute, route, supervisor, task_force
from podium.testing import scripted
from tests.unit.cli.in_process import podium

CHOSEN: dict[str, Callable[[Any, Any], object]] = {
    "group_chat": lambda one, two: group_chat(one, two, next_speaker="chair"),
    "handoff": handoff,
    "magentic": lambda one, two: magentic("boss", [one, two]),
    "mesh": mesh,
    "plan_execute": lambda one, two: plan_execute("planner", [one, two]),
    "route": lambda one, two: route({"a": one, "b": two}, "classifier"),
    "supervisor": lambda one, two: supervisor("boss", [one, two]),
    "task_force": lambda one, two: task_force("analyst", candidates=[one, two], manager="boss"),
}
"""Patterns in which somebody chooses among members, by what these say of themselves."""
BY_RULE: dict[str, Callable[[Any, Any], object]] = {
    "group_chat": group_chat,
    "handoff": lambda one, two: handoff(one, two, allowed={}),
    "route": lambda one, two: route({"a": one, "b": two}, lambda task: "a"),
    "task_force": lambda one, two: task_force("analyst", candidates=[one, two]),
}
"""Those in which nobody reads what they say."""


def member(name: str, description: str = "") -> Any:
    return scripted(name, lambda told: told, description=description)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("kind", CHOSEN)
def test_the_log_names_those_without_a_description_once(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    quiet, loud = member(f"{kind}_quiet"), member(f"{kind}_loud", "Says what it can do.")
    for _ in range(2):
        CHOSEN[kind](loud, quiet)
    (message,) = told(caplog)
    shown = "b" if kind == "route" else f"{kind}_quiet"
    assert message.startswith(f"{kind}: ")
    assert f"which has no description: {shown}." in message


@pytest.mark.parametrize("kind", CHOSEN)
def test_nothing_is_told_of_those_that_say_what_they_can_do(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    CHOSEN[kind](member("one", "Does one thing."), member("two", "Does another."))
    CHOSEN[kind]("registered", "elsewhere")
    assert told(caplog) == []


@pytest.mark.parametrize("kind", BY_RULE)
def test_nothing_is_told_where_nobody_reads_it(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    BY_RULE[kind](member("one"), member("two"))
    assert told(caplog) == []


TEAM = """
from podium import agent
from podium.patterns import supervisor

@agent
async def shy_worker(task: str) -> str:
    return task

@agent
async def boss(task: str) -> dict:
    return {"answer": task}

office = supervisor(boss, [shy_worker], name="office")
"""


def test_validate_tells_them_and_finds_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shy_team.py").write_text(TEAM)
    printed = podium("validate", "shy_team.py")
    assert printed.status in (0, None)
    assert "warning: supervisor: boss sees only the name of each of these" in printed.err
    assert "shy_worker" in printed.err
