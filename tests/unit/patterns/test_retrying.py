"""A team failed, for members that were away, or for one answer that could not be used; the run is retried.

Whoever caught the failure, and whatever the pattern made of it: what failed is asked again, and nothing that gave a
usable value is.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from podium import App, agent
from podium.errors import RunFailed
from podium.model.json import Json, encode
from podium.patterns import (
    Scaling,
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
    sequence,
    state_machine,
    supervisor,
    task_force,
    transition,
    vote,
    watch,
)
from podium.patterns.building.pattern import Pattern
from podium.testing import DrivenClock

Build = Callable[["Members"], Pattern[Any, Any]]


@dataclass
class Members:
    """Makes members, and counts what they did: outside of the store."""

    away: bool = True
    bad_answers: int = 1
    gave: Counter[tuple[str, bytes]] = field(default_factory=Counter[tuple[str, bytes]])
    """How often each gave a value that can be used, by name and input."""
    substitutes: list[Any] = field(default_factory=list[Any])
    stands_in: bool = False
    """Whether somebody stands in for a member whose answers cannot be used."""

    def giving(self, name: str, value: Json = "fine", **card: Any) -> Any:
        """Return a member that gives a value."""
        return self._member(name, lambda: value, card)

    def away_at_first(self, name: str, value: Json = "fine", **card: Any) -> Any:
        """Return a member that cannot be reached at first."""

        def reached() -> Json:
            if self.away:
                raise ConnectionError("the line is down")
            return value

        return self._member(name, reached, card)

    def wrong_at_first(self, bad: Json, good: Json) -> Any:
        """Return a member whose first answer cannot be used."""

        if self.stands_in:
            self.substitutes.append(self._member("substitute", lambda: good, {}))

        @agent(name="wrong", fallback=tuple(each.card.name for each in self.substitutes))
        async def says(it: Json = None) -> Json:
            self.bad_answers -= 1
            return good if self.bad_answers < 0 else bad

        return says

    def _member(self, name: str, value: Callable[[], Json], card: Mapping[str, Any]) -> Any:
        @agent(name=name, description="works", **card)
        async def says(it: Json = None) -> Json:
            found = value()
            self.gave[name, encode(it)] += 1
            return found

        return says


def _turn(worker: str, *, over: bool = False) -> Json:
    return {"satisfied": over, "looping": False, "progressing": True, "next": worker, "instruction": "do"}


_PLAN = {
    "tasks": [{"id": "a", "worker": "good"}, {"id": "b", "worker": "f"}, {"id": "c", "worker": "good", "after": ["b"]}]
}
_TEAMS = {"centralised": "t1", "decentralised": "t2"}

OUTAGES: dict[str, Build] = {
    "sequence": lambda of: sequence(of.giving("good"), of.away_at_first("f")),
    "parallel": lambda of: parallel(of.giving("good"), of.away_at_first("f")),
    "parallel, partial": lambda of: parallel(of.away_at_first("f"), of.away_at_first("g"), partial=True),
    "parallel, quorum": lambda of: parallel(of.giving("good"), *map(of.away_at_first, "fg"), quorum=2),
    "race": lambda of: race(*map(of.away_at_first, "fg")),
    "route": lambda of: route({"x": of.away_at_first("f")}, by=of.giving("good", "x")),
    "vote": lambda of: vote(*map(of.away_at_first, "fg")),
    "vote, quorum": lambda of: vote(of.giving("good"), of.away_at_first("f"), quorum=2),
    "ensemble": lambda of: ensemble(*map(of.away_at_first, "fg"), judge=lambda answer: 1.0),
    "cascade": lambda of: cascade(*map(of.away_at_first, "fg"), confident=lambda answer: True),
    "debate": lambda of: debate(of.giving("good"), of.away_at_first("f")),
    "refine": lambda of: refine(of.away_at_first("f"), of.giving("good", 1), until=lambda verdict: True),
    "gate": lambda of: gate(of.giving("good", {"passed": True}), worker=of.away_at_first("f")),
    "group_chat": lambda of: group_chat(of.giving("good"), of.away_at_first("f"), turns=2),
    "handoff": lambda of: handoff(
        of.giving("good", {"to": "f", "reason": "r"}), of.away_at_first("f", {"answer": "x"})
    ),
    "supervisor": lambda of: supervisor(of.away_at_first("f", {"answer": 1}), [of.giving("good")]),
    "plan_execute": lambda of: plan_execute(of.giving("plan", _PLAN), [of.giving("good"), of.away_at_first("f")]),
    "magentic": lambda of: magentic(
        of.away_at_first("f", _turn("good", over=True)), [of.giving("good")],
        ledger=of.giving("ledger", {"facts": "f", "plan": "p"}), final=of.giving("final"),
    ),
    "blackboard": lambda of: blackboard(
        watch(of.giving("good", {"y": 1}), when=lambda board: "y" not in board),
        watch(of.away_at_first("f", {"z": 1}), when=lambda board: "y" in board and "z" not in board),
    ),
    "mesh": lambda of: mesh(of.giving("good", {"messages": [{"to": "f"}]}), of.away_at_first("f", {"answer": 1})),
    "approve": lambda of: approve("editor", within=1, default="reject", otherwise=of.away_at_first("f")),
    "state_machine": lambda of: state_machine(
        transition("first", "second", on="ok"), transition("second", "end", on="ok"), start="first", ends=["end"],
        entry={"first": of.giving("good", "ok"), "second": of.away_at_first("f", "ok")},
    ),
    "task_force": lambda of: task_force(
        of.giving("good", {"capabilities": ["c"]}), candidates=[of.away_at_first("f", capabilities={"c"})]
    ),
    "adaptive": lambda of: adaptive(
        of.away_at_first("f"), analyst=of.giving("good", {"tasks": []}),
        rule=Scaling(**{title: of.giving(name) for title, name in _TEAMS.items()}),
    ),
}  # fmt: skip

UNUSABLE: dict[str, Build] = {
    "plan_execute": lambda of: plan_execute(
        of.wrong_at_first({"tasks": [{"id": "a", "worker": "x"}]}, {"tasks": [{"id": "a", "worker": "good"}]}),
        [of.giving("good")], replans=0,
    ),
    "group_chat": lambda of: group_chat(
        of.giving("x"), of.giving("y"), next_speaker=of.wrong_at_first("z", "x"), turns=2
    ),
    "ensemble": lambda of: ensemble(
        of.giving("x", 1), of.giving("y", 2), judge=of.wrong_at_first({"winner": "Q"}, {"winner": "A"})
    ),
    "debate, judge": lambda of: debate(
        of.giving("x", 1), of.giving("y", 2), judge=of.wrong_at_first("A!", {"winner": "A"}), rounds=1
    ),
    "magentic": lambda of: magentic(
        of.wrong_at_first("hm", _turn("good", over=True)), [of.giving("good")],
        ledger=of.giving("ledger", {"facts": "f", "plan": "p"}), final=of.giving("final"),
    ),
    "route": lambda of: route({"k": of.giving("good")}, by=of.wrong_at_first("q", "k")),
    "task_force": lambda of: task_force(
        of.wrong_at_first({"capabilities": ["zz"]}, {"capabilities": ["c"]}),
        candidates=[of.giving("good", capabilities={"c"})],
    ),
    "adaptive": lambda of: adaptive(
        of.giving("good"), analyst=of.wrong_at_first({"tasks": [{"id": "a", "after": ["a"]}]}, {"tasks": []}),
        rule=Scaling(**{title: of.giving(name) for title, name in _TEAMS.items()}),
    ),
    "mesh": lambda of: mesh(of.wrong_at_first({"messages": [{"to": "q"}]}, {"answer": 1}), of.giving("y", None)),
    "state_machine": lambda of: state_machine(
        transition("s", "e", on="ok"), start="s", ends=["e"], entry={"s": of.wrong_at_first("no", " OK.")}
    ),
    "vote, tie": lambda of: vote(of.giving("x", 1), of.giving("y", 2), tie=of.wrong_at_first(3, 1)),
    "gate": lambda of: gate(of.wrong_at_first({"ok": 1}, {"passed": True}), worker=of.giving("good")),
    "handoff": lambda of: handoff(of.wrong_at_first("hm", {"answer": 1}), of.giving("good"), hops=1),
    "blackboard": lambda of: blackboard(
        watch(of.giving("good", {"y": 1}), when=lambda board: "y" not in board),
        watch(of.wrong_at_first("z", {"z": 1}), when=lambda board: "y" in board and "z" not in board),
    ),
    "supervisor": lambda of: supervisor(of.wrong_at_first("hm", {"answer": 1}), [of.giving("good")], rounds=1),
}  # fmt: skip


async def retried(team: Pattern[Any, Any], of: Members, *, on_a_board: bool) -> Counter[tuple[str, bytes]]:
    """Have a team fail, and retry its run; returns what gave a value again that it had given before."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=[team], clock=clock) as app:
        handle = await app.start(team, {"start": 1} if on_a_board else "go", id="r")
        await clock.advance(100)
        with pytest.raises(RunFailed):
            await handle.result()
        before, of.away = Counter(of.gave), False
        await app.operations.retry("r")
        await clock.advance(100)
        await (await app.handle("r")).result()
    return Counter({done: of.gave[done] - times for done, times in before.items() if of.gave[done] > times})


def nested_in(team: Pattern[Any, Any], levels: int) -> Pattern[Any, Any]:
    for level in range(levels):
        team = sequence(team, name=f"level {level}")
    return team


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("name", OUTAGES)
async def test_a_retry_asks_again_who_was_away_and_nobody_else(name: str, levels: int) -> None:
    of = Members(bad_answers=0)
    assert await retried(nested_in(OUTAGES[name](of), levels), of, on_a_board=name == "blackboard") == {}


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_retry_asks_again_for_an_answer_that_could_not_be_used(name: str, levels: int) -> None:
    of = Members(away=False)
    team = UNUSABLE[name](of)
    team.corrections = 0
    assert await retried(nested_in(team, levels), of, on_a_board=name == "blackboard") == {}


async def ended(team: Pattern[Any, Any], *others: Any, on_a_board: bool) -> Any:
    """Run a team to its end; returns its value."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=[team, *others], clock=clock) as app:
        handle = await app.start(team, {"start": 1} if on_a_board else "go", id="r")
        await clock.advance(100)
        return await handle.result()


@pytest.mark.parametrize("bad_answers", [1, 2])
@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_member_whose_answer_cannot_be_used_is_asked_again(name: str, bad_answers: int) -> None:
    of = Members(away=False, bad_answers=bad_answers)
    assert await ended(nested_in(UNUSABLE[name](of), 1), on_a_board=name == "blackboard") is not None
    assert of.bad_answers == -1 - (name == "group_chat")  # whose manager is asked for each of two turns


@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_member_that_never_gives_a_usable_answer_is_asked_three_times(name: str) -> None:
    of = Members(away=False, bad_answers=100)
    with pytest.raises(RunFailed):
        await ended(nested_in(UNUSABLE[name](of), 1), on_a_board=name == "blackboard")
    assert of.bad_answers == 97


@pytest.mark.parametrize("name", UNUSABLE)
async def test_whoever_stands_in_is_asked_once_the_corrections_are_used_up(name: str) -> None:
    of = Members(away=False, bad_answers=3, stands_in=True)
    team = nested_in(UNUSABLE[name](of), 1)
    assert await ended(team, *of.substitutes, on_a_board=name == "blackboard") is not None
    assert of.bad_answers == -(name == "group_chat")
