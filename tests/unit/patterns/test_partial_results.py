"""A team that cannot finish gives what it has, where it is to: in every pattern, in one way."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podium import App
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.model.message import Message
from podium.patterns import (
    Board,
    Executed,
    HandOff,
    HistoryEntry,
    Joined,
    Journey,
    Mission,
    Recruit,
    Said,
    Scaling,
    Tiered,
    Turn,
    WorkReport,
    adaptive,
    approve,
    blackboard,
    cascade,
    debate,
    ensemble,
    gate,
    group_chat,
    handoff,
    magentic,
    mesh,
    parallel,
    plan_execute,
    race,
    refine,
    route,
    saga,
    sequence,
    state_machine,
    supervisor,
    task_force,
    transition,
    vote,
    watch,
)
from podium.patterns.building.inputs import plain
from podium.patterns.building.partial import is_partial
from podium.testing import DrivenClock, scripted
from tests.catalogue.entry import entries

Options = Mapping[str, Any]

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "patterns.md"
DOWN = ConnectionError("the line is down")
BOARD: Json = {"start": 1}


@dataclass(frozen=True)
class Unfinished:
    """A team that cannot finish, and what it has then."""

    build: Callable[[Options], Any]
    error: str
    has: object
    input: Json = "go"


def says(name: str, *replies: Any, **card: Any) -> Any:
    return scripted(name, list(replies), description=f"is {name}", **card)


def _ledger(worker: str, *, on: bool = True, over: bool = False) -> Json:
    return {"satisfied": over, "looping": False, "progressing": on, "next": worker, "instruction": "do"}


def _without(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda board: name not in board


def _large(answer: int) -> bool:
    return answer > 1


def _machine(o: Options) -> Any:
    return state_machine(
        transition("first", "second", on="ok"), transition("second", "end", on="ok"), start="first", ends=["end"],
        entry={"first": says("a", {"name": "ok", "data": 7}), "second": says("b", DOWN)}, **o,
    )  # fmt: skip


def _parallel(o: Options) -> Any:
    members: list[Any] = [says("a", 1), says("b", DOWN), says("c", 3)]
    return parallel(*members, quorum=None, partial=False, **o)


_PLAN = {"tasks": [{"id": "a", "worker": "good"}, {"id": "b", "worker": "bad"}]}
_FAILED = "b failed at 1: ConnectionError: the line is down"

UNFINISHED: Mapping[str, Unfinished] = {
    "sequence": Unfinished(
        lambda o: sequence(says("a", 1), says("b", 2), says("c", DOWN), **o), "call-failed", [1, 2]
    ),
    "parallel": Unfinished(
        _parallel,
        "call-failed", Joined(values={"a": 1, "c": 3}, missing={"b": _FAILED}),
    ),
    "race": Unfinished(
        lambda o: race(says("a", 1), says("b", DOWN), good=_large, **o), "no-decision", {"a": 1}
    ),
    "supervisor": Unfinished(
        lambda o: supervisor(says("m", {"assignments": [{"to": "w", "input": 1}]}, DOWN), [says("w", 2)], **o),
        "call-failed", [WorkReport(round=1, worker="w", input=1, output=2)],
    ),
    "handoff": Unfinished(
        lambda o: handoff(says("a", {"to": "b", "reason": "r"}), says("b", DOWN), **o), "call-failed",
        [Turn(agent="a", note=HandOff(to="b", reason="r"))],
    ),
    "group_chat": Unfinished(
        lambda o: group_chat(says("a", "x"), says("b", DOWN), **o), "call-failed", [Said(speaker="a", text="x")]
    ),
    "debate": Unfinished(
        lambda o: debate(says("a", 1, "no!", DOWN), says("b", 2, "no!", 3), rounds=1, **o),
        "call-failed", {"a": 1, "b": 3},
    ),
    "ensemble": Unfinished(
        lambda o: ensemble(says("a", 1), says("b", 2), judge=says("j", DOWN), **o), "call-failed", {"a": 1, "b": 2}
    ),
    "vote": Unfinished(
        lambda o: vote(says("a", 1), says("b", 2), says("c", DOWN), **o), "no-decision", {"a": 1, "b": 2, "c": None}
    ),
    "refine": Unfinished(
        lambda o: refine(
            says("w", "one", DOWN), says("c", 0.8), until=lambda verdict: verdict > 0.9, score=float, **o
        ),
        "call-failed", "one",
    ),
    "gate": Unfinished(lambda o: gate(lambda output: False, worker=says("w", 1), **o), "gate-closed", 1),
    "cascade": Unfinished(
        lambda o: cascade(says("a", 1), says("b", 2), says("c", DOWN), confident=lambda answer: False, **o),
        "call-failed", Tiered(value=2, tier="b", tried=["a"]),
    ),
    "plan_execute": Unfinished(
        lambda o: plan_execute(says("p", _PLAN), [says("good", 1), says("bad", DOWN)], replans=0, attempts=1, **o),
        "bound-reached", Executed(results={"a": 1}, replans=0),
    ),
    "magentic": Unfinished(
        lambda o: magentic(
            says("m", _ledger("w"), _ledger("w", on=False), _ledger("w")), [says("w", 1, 2)],
            ledger=says("l", *[{"facts": "f", "plan": "p"}] * 2), final=says("f", DOWN), rounds=3, max_stalls=1, **o,
        ),
        "call-failed",
        [
            HistoryEntry(round=1, worker="w", instruction="do", answer=1),
            HistoryEntry(round=3, worker="w", instruction="do", answer=2),
        ],
    ),
    "blackboard": Unfinished(
        lambda o: blackboard(
            watch(says("a", {"a": 1}), when=_without("a")), watch(says("b", DOWN), when=_without("b")),
            watch(says("c", {"c": 1}), when=_without("c")), **o,
        ),
        "call-failed", Board(entries={"start": 1, "a": 1, "c": 1}, ended="failure", acts=3), BOARD,
    ),
    "mesh": Unfinished(
        lambda o: mesh(says("a", {"messages": [{"to": "b", "payload": 1}]}), says("b", DOWN), **o), "call-failed",
        [("outside", "a", "go"), ("a", "b", 1)],
    ),
    "approve": Unfinished(lambda o: approve("ed", within=1, **o), "gate-closed", "go"),
    "state_machine": Unfinished(_machine, "call-failed", Journey(state="second", data=7, path=["first", "second"])),
    "task_force": Unfinished(
        lambda o: task_force(
            says("an", {"capabilities": ["x", "y"]}),
            candidates=[says("a", 1, capabilities={"x"}), says("b", DOWN, capabilities={"y"})], **o,
        ),
        "call-failed", ([1], ["a", "b"], "sequence"),
    ),
}  # fmt: skip

NOTHING: Mapping[str, Callable[[Options], Any]] = {
    "route": lambda o: route({"k": says("a", 1)}, says("by", "k"), **o),
    "saga": lambda o: saga(says("a", 1), **o),
    "adaptive": lambda o: adaptive(
        says("a", 1), analyst=says("an", {}), rule=Scaling(centralised="t", decentralised="u"), **o
    ),
}
"""Patterns that have nothing of their own to give before they are done, or undo it."""


def compared(pattern: str, value: Any) -> object:
    """Return what a team has in the form in which it is compared: ids and records are others each time."""
    if pattern == "mesh":
        messages: list[Message] = value
        return [(each.from_, each.to, each.payload) for each in messages]
    if pattern == "task_force":
        mission: Mission = value
        recruits: list[Recruit] = mission.recruited
        return mission.result, [each.agent for each in recruits], mission.work
    return value


async def ended(pattern: str, **options: Any) -> Any:
    made, clock = UNFINISHED[pattern], DrivenClock()
    team = made.build({**options, "name": "team"})
    async with App.open(":memory:", agents=[team], clock=clock) as app:
        handle = await app.start(team, made.input, id="r")
        await clock.advance(100)
        return await handle.result()


@pytest.mark.parametrize("pattern", UNFINISHED)
async def test_a_team_that_cannot_finish_gives_what_it_has(pattern: str) -> None:
    found = await ended(pattern, on_failure="partial")
    assert is_partial(found)
    wanted = UNFINISHED[pattern].has
    given = compared(pattern, found.value)
    assert plain(given) == plain(wanted)
    assert found.error == UNFINISHED[pattern].error
    assert type(given) is type(wanted)


@pytest.mark.parametrize("pattern", UNFINISHED)
async def test_unless_it_is_to_it_fails_with_the_same_error(pattern: str) -> None:
    with pytest.raises(RunFailed) as failed:
        await ended(pattern)
    partial = await ended(pattern, on_failure="partial")
    assert partial.why.splitlines()[0][:60] in str(failed.value)


@pytest.mark.parametrize("pattern", NOTHING)
def test_a_pattern_that_has_nothing_before_it_is_done_refuses_the_option(pattern: str) -> None:
    NOTHING[pattern]({})
    with pytest.raises(PatternError, match=rf"^{pattern} was given on_failure='partial', and has nothing to give"):
        NOTHING[pattern]({"on_failure": "partial"})


def test_the_reference_says_of_every_pattern_what_it_has() -> None:
    section = REFERENCE.read_text(encoding="utf-8").partition("## A team that cannot finish")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (`[^`]+`|none) \|", section, re.MULTILINE))
    assert rows.keys() == entries().keys()
    assert {name for name, kind in rows.items() if kind == "none"} == set(NOTHING)
    for name, made in UNFINISHED.items():
        given = made.build({"on_failure": "partial"})
        partial = given.output.type.__args__[0]
        has = partial.__args__[0]
        origin = getattr(has, "__origin__", has)
        kind = rows[name].strip("`")
        assert kind.partition("[")[0] in ("Any", "Out", getattr(origin, "__name__", "")), name


def _again(_given: Json) -> Json:
    return {"assignments": [{"to": "w", "input": 1}]}


BOUNDS: Mapping[tuple[str, str], Any] = {
    ("supervisor", "rounds"): lambda: supervisor(scripted("m", _again), [says("w", 1, 1)], rounds=2, name="team"),
    ("handoff", "hops"): lambda: handoff(
        says("a", {"to": "b", "reason": "r", "context": {"n": 1}}, {"to": "b", "reason": "r", "context": {"n": 3}}),
        says("b", {"to": "a", "reason": "r", "context": {"n": 2}}), hops=2, name="team",
    ),
    ("mesh", "hops"): lambda: mesh(
        says("a", {"messages": [{"to": "b"}]}), says("b", {"messages": [{"to": "a"}]}), hops=2, name="team"
    ),
    ("plan_execute", "replans"): lambda: plan_execute(
        says("p", *[_PLAN] * 3), [says("good", 1), says("bad", *[DOWN] * 6)], replans=2, attempts=1, name="team"
    ),
    ("state_machine", "steps"): lambda: state_machine(
        transition("x", "x", on="ok"), transition("x", "y", on="no"), start="x", ends=["y"],
        entry={"x": scripted("a", lambda _: "ok")}, steps=2, name="team",
    ),
}  # fmt: skip
"""Where a bound is reached, and the pattern has no value then: all are 2."""


@pytest.mark.parametrize(("pattern", "bound"), BOUNDS)
async def test_a_bound_is_told_in_one_way(pattern: str, bound: str) -> None:
    team, clock = BOUNDS[pattern, bound](), DrivenClock()
    async with App.open(":memory:", agents=[team], clock=clock) as app:
        handle = await app.start(team, "go", id="r")
        await clock.advance(100)
        told = rf"BoundReached: {pattern}: {bound}=2 is used up, and .*\. Raise `{bound}`, or .*\."
        with pytest.raises(RunFailed, match=told):
            await handle.result()


def test_the_reference_says_of_every_bound_what_comes_where_it_is_reached() -> None:
    section = REFERENCE.read_text(encoding="utf-8").partition("\n## Bounds")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
    assert {(pattern, bound) for pattern, bound, what in rows if what == "`BoundReached`"} == set(BOUNDS)
