"""The roles of patterns in which work flows on: `sequence`, `parallel`, `race`, `route`, `refine`, `gate`, …"""

from collections.abc import Sequence
from typing import Any

from podium.patterns import (
    approve,
    cascade,
    coordinate,
    gate,
    parallel,
    plan_execute,
    race,
    refine,
    route,
    saga,
    sequence,
    state_machine,
    step,
    transition,
    tree,
)
from podium.patterns.building.pattern import Pattern
from tests.catalogue.roles.role import PROBE, RoleEntry, says

LISTED = {"n": 1}


def _refined(writer: Any, critic: Any) -> Pattern[Any, Any]:
    return refine(writer, critic, until=lambda verdict: verdict > 0.5)


def _planned(worker: Any, **options: Any) -> Pattern[Any, Any]:
    plan = {
        "tasks": [
            {"id": "a", "worker": PROBE, "input": "it"},
            {"id": "b", "worker": PROBE, "input": "all", "after": ["a"]},
        ]
    }
    return plan_execute(says("planner", plan), [worker], **options)


def _steered(first: Any, last: Any) -> Pattern[Any, Any]:
    way = transition("start", "end", on="go"), transition("start", "end", on="stop")
    return state_machine(*way, start="start", ends=["end"], entry={"start": first, "end": last})


def _undone(undo: Any) -> Pattern[Any, Any]:
    """Have a step undone since the next one fails."""
    return saga(says("first", "a"), step(says("second", {"b": 2}), undo), says("third", ValueError("no")))


FLOWS: Sequence[RoleEntry] = (
    RoleEntry(pattern="sequence", role="stage", build=lambda it: sequence(says("first", "one"), it), gives=["two"]),
    RoleEntry(
        pattern="sequence", role="stage after JSON", build=lambda it: sequence(says("first", LISTED), it), gives=["two"]
    ),
    RoleEntry(pattern="parallel", role="agent", build=lambda it: parallel(it, says("other", "b")), gives=["a"]),
    RoleEntry(
        pattern="parallel",
        role="agent for each item",
        build=lambda it: parallel(over=it),
        gives=["a", "b"],
        input=["x", "y"],
    ),
    RoleEntry(
        pattern="parallel",
        role="merger",
        parts=("task", "values"),
        gives=["both"],
        build=lambda it: parallel(says("one", "a"), says("two", LISTED), merge=it),
    ),
    RoleEntry(
        pattern="parallel",
        role="merger of a tree",
        parts=("task", "values"),
        gives=["both"],
        build=lambda it: parallel(says("one", "a"), says("two", LISTED), merge=tree(it, width=2)),
    ),
    RoleEntry(
        pattern="parallel",
        role="coordinator",
        parts=("task", "values"),
        gives=["both"],
        build=lambda it: parallel(says("one", "a"), says("two", LISTED), merge=coordinate(it)),
    ),
    RoleEntry(pattern="race", role="agent", build=lambda it: race(it, says("other", ValueError("no"))), gives=["a"]),
    RoleEntry(
        pattern="route",
        role="classifier",
        parts=("task", "routes"),
        gives=["dig"],
        build=lambda it: route({"dig": says("digger", "dug")}, it, otherwise=says("painter", "painted")),
    ),
    RoleEntry(
        pattern="route", role="agent", build=lambda it: route({"dig": it}, says("chooser", "dig")), gives=["dug"]
    ),
    RoleEntry(
        pattern="refine",
        role="writer",
        parts=("task", "draft", "verdict"),
        gives=["one", LISTED, "three"],
        build=lambda it: _refined(it, says("critic", 0.1, 0.2, 0.9)),
    ),
    RoleEntry(
        pattern="refine",
        role="critic",
        parts=("task", "draft"),
        gives=[0.1, 0.9],
        build=lambda it: _refined(says("writer", "one", LISTED), it),
    ),
    RoleEntry(
        pattern="gate",
        role="worker",
        parts=("task", "output", "reasons"),
        gives=["one", "two"],
        build=lambda it: gate(
            says("check", {"passed": False, "reasons": "bad"}, {"passed": True}), worker=it, fails="back"
        ),
    ),
    RoleEntry(
        pattern="gate",
        role="check",
        parts=("output", "task"),
        gives=[{"passed": False, "reasons": "bad"}, True],
        build=lambda it: gate(it, worker=says("worker", "one", LISTED), fails="back"),
    ),
    RoleEntry(pattern="gate", role="check alone", parts=("output",), gives=[True], build=gate),
    RoleEntry(
        pattern="cascade",
        role="tier",
        parts=("task",),
        gives=["a"],
        build=lambda it: cascade(it, says("dear", "b"), confident=says("sure", *[False])),
    ),
    RoleEntry(
        pattern="cascade",
        role="confident",
        parts=("task", "answer"),
        gives=[False],
        build=lambda it: cascade(says("cheap", "a"), says("dear", "b"), confident=it),
    ),
    RoleEntry(
        pattern="plan_execute",
        role="planner",
        parts=("task", "workers", "plan", "done", "failed"),
        gives=[
            {"tasks": [{"id": "a", "worker": "good", "input": "it"}, {"id": "b", "worker": "bad", "input": "that"}]},
            {"tasks": [{"id": "b", "worker": "good", "input": "that"}]},
        ],
        build=lambda it: plan_execute(it, [says("good", "a", "b"), says("bad", ValueError("no"))], attempts=1),
    ),
    RoleEntry(pattern="plan_execute", role="worker", parts=("task", "inputs"), gives=["a", "b"], build=_planned),
    RoleEntry(
        pattern="plan_execute",
        role="report",
        parts=("task", "results"),
        gives=["so"],
        build=lambda it: plan_execute(
            says("planner", {"tasks": [{"id": "a", "worker": "good", "input": "it"}]}), [says("good", "a")], report=it
        ),
    ),
    RoleEntry(
        pattern="approve",
        role="author",
        parts=("value", "question"),
        gives=["because"],
        build=lambda it: approve("boss", author=it),
        answers=[{"question": "Why?"}, {"approved": True}],
    ),
    RoleEntry(
        pattern="approve",
        role="otherwise",
        parts=("value", "comment"),
        gives=["better"],
        build=lambda it: approve("boss", otherwise=it),
        answers=[{"approved": False, "comment": "too long"}],
    ),
    RoleEntry(
        pattern="state_machine",
        role="entry action",
        parts=("state", "data", "event", "allowed"),
        gives=["go"],
        build=lambda it: _steered(it, says("last", None)),
    ),
    RoleEntry(
        pattern="state_machine",
        role="entry action in an end",
        parts=("state", "data", "event", "allowed"),
        gives=[3],
        build=lambda it: _steered(says("first", {"name": "go", "data": "there"}), it),
    ),
    RoleEntry(
        pattern="saga",
        role="first step",
        parts=("task", "done"),
        gives=["a"],
        build=lambda it: saga(it, says("second", "b")),
    ),
    RoleEntry(
        pattern="saga",
        role="step",
        whole="the output of the step before",
        parts=("task", "done"),
        gives=["b"],
        build=lambda it: saga(says("first", "a"), it, says("third", "c")),
    ),
    RoleEntry(pattern="saga", role="undo", parts=("input", "output"), gives=[None], build=_undone),
    RoleEntry(
        pattern="saga",
        role="undo of a text",
        parts=("input", "output"),
        gives=[None],
        build=lambda it: saga(step(says("first", "a"), it), says("second", ValueError("no"))),
    ),
)
