"""A policy does not let a member do its work: nobody else does it instead, unless the team is told so.

Where several are asked for the same, the one that may not is absent, and the others count.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium import Config, Retry, agent
from podium.dispatch.failure import kind_of
from podium.errors import BoundReached, NoDecision, Refusal, RunFailed
from podium.model.facts.calls import Asked
from podium.model.policy import PolicySettings
from podium.patterns import (
    cascade,
    ensemble,
    handoff,
    magentic,
    parallel,
    plan_execute,
    race,
    route,
    sequence,
    state_machine,
    supervisor,
    transition,
    vote,
)
from podium.patterns.building.pattern import Pattern
from podium.testing import scripted
from tests.unit.engine.bench import Bench

ASKED: list[str] = []


@pytest.fixture(autouse=True)
def nobody_asked() -> None:
    ASKED.clear()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    rules = tmp_path / "rules.cedar"
    rules.write_text("""
permit(principal, action, resource);
forbid(principal, action == Action::"call", resource) when { resource.name like "forbidden*" };
""")
    return Config(policy=PolicySettings(file=str(rules)))


def member(name: str, value: object = "done", **card: Any) -> Any:
    @agent(name=name, description="works", **card)
    async def answers(it: Any = None) -> Any:
        ASKED.append(name)
        return value

    return answers


def inside(one: Any) -> Pattern:
    return sequence(one)


def _next(worker: str, *, over: bool = False) -> dict[str, Any]:
    return {"satisfied": over, "looping": False, "progressing": True, "next": worker, "instruction": "do"}


FORBIDDEN, OTHER = member("forbidden"), member("other")
TEAM = inside(FORBIDDEN)

Build = Callable[[dict[str, Any]], Pattern[Any, Any]]


def supervised(worker: Any, name: str) -> Build:
    def assign(to: str) -> dict[str, Any]:
        return {"assignments": [{"to": to, "input": "do"}]}

    said = [assign(name), assign("other"), {"answer": "finished"}]
    return lambda options: supervisor(scripted("boss", said), [worker, OTHER], **options)


def orchestrated(worker: Any, name: str) -> Build:
    return lambda options: magentic(
        scripted("lead", [_next(name), _next("other"), _next("other", over=True)]), [worker, OTHER],
        ledger=member("ledger", {"facts": "f", "plan": "p"}), final=member("final"), **options,
    )  # fmt: skip


TOLD: dict[str, Build] = {
    "supervisor": supervised(FORBIDDEN, "forbidden"),
    "supervisor of a team": supervised(TEAM, TEAM.card.name),
    "magentic": orchestrated(FORBIDDEN, "forbidden"),
    "magentic with a team": orchestrated(TEAM, TEAM.card.name),
    "plan_execute, alternatives": lambda options: plan_execute(
        member("plan", {"tasks": [{"id": "a", "worker": "forbidden", "alternatives": ["other"]}]}),
        [FORBIDDEN, OTHER],
        **options,
    ),
    "plan_execute, planned again": lambda options: plan_execute(
        scripted(
            "plan", [{"tasks": [{"id": "a", "worker": TEAM.card.name}]}, {"tasks": [{"id": "a", "worker": "other"}]}]
        ),
        [TEAM, OTHER],
        **options,
    ),
    "cascade": lambda options: cascade(FORBIDDEN, OTHER, confident=lambda answer: True, **options),
    "cascade of samples": lambda options: cascade(TEAM, OTHER, samples=3, **options),
}
"""Patterns that assign work to one of several, and have `on_refused`."""

NEVER: dict[str, Build] = {
    "route": lambda _: route({"it": FORBIDDEN}, by=lambda task: "it", otherwise=OTHER),
    "route by conditions": lambda _: route(
        {"it": TEAM, "that": OTHER}, by={"it": lambda task: True, "that": lambda task: True}
    ),
    "handoff": lambda _: handoff(
        member("first", {"to": "forbidden", "reason": "r"}), member("forbidden", {"answer": 1}),
        member("other", {"answer": 1}),
    ),
    "state_machine": lambda _: state_machine(
        transition("s", "t", on="ok"), transition("t", "e", on="ok"), start="s", ends=["e"],
        entry={"s": member("forbidden", "ok"), "t": member("other", "ok")},
    ),
    "sequence": lambda _: sequence(TEAM, OTHER),
}  # fmt: skip


async def failed(bench: Bench, config: Config, team: Pattern[Any, Any]) -> str:
    """Return the kind of failure that a team ends with."""
    whole = sequence(team, name="whole")
    async with bench.app(whole, config=config) as app:
        handle = await app.start(whole, "task")
        await bench.clock.settle()
        with pytest.raises(RunFailed) as caught:
            await handle.result()
    return caught.value.kind


@pytest.mark.parametrize("name", [*TOLD, *NEVER])
async def test_nobody_else_does_what_a_member_may_not(bench: Bench, config: Config, name: str) -> None:
    assert await failed(bench, config, (TOLD | NEVER)[name]({})) == "refused"
    assert "other" not in ASKED
    assert "forbidden" not in ASKED


@pytest.mark.parametrize("name", TOLD)
async def test_others_go_on_where_the_team_is_told_so(bench: Bench, config: Config, name: str) -> None:
    whole = sequence(TOLD[name]({"on_refused": "go_on"}), name="whole")
    async with bench.app(whole, config=config) as app:
        await app.run(whole, "task")
    assert "other" in ASKED
    assert "forbidden" not in ASKED


ONE, TWO = member("one", "yes"), member("two", "yes")

ABSENT: dict[str, tuple[Callable[..., Pattern[Any, Any]], Callable[[Any], Any]]] = {
    "race": (race, lambda value: {}),
    "vote": (vote, lambda ballot: ballot.abstained),
    "ensemble": (lambda *those: ensemble(*those, judge=lambda answer: 1), lambda chosen: chosen.missing),
    "parallel, partial": (lambda *those: parallel(*those, partial=True), lambda joined: joined.missing),
    "parallel, quorum": (lambda *those: parallel(*those, quorum=2, at_once=1), lambda joined: joined.missing),
    "parallel, at once": (lambda *those: parallel(*those, partial=True, at_once=2), lambda joined: joined.missing),
}
"""Patterns that ask several for the same, and how their result says who is absent."""


@pytest.mark.parametrize("among", [FORBIDDEN, TEAM], ids=["an agent", "a team"])
@pytest.mark.parametrize("name", ABSENT)
async def test_one_that_may_not_is_absent_with_the_reason(bench: Bench, config: Config, name: str, among: Any) -> None:
    make, missing = ABSENT[name]
    seen: list[Any] = []

    def see(value: Any) -> str:
        seen.append(value)
        return "seen"

    whole = sequence(make(among, ONE, TWO), see, name="whole")
    async with bench.app(whole, config=config) as app:
        assert await app.run(whole, "task") == "seen"
    absent = missing(seen[-1])
    assert name == "race" or 'may not call Agent::"forbidden"' in absent[among.card.name]
    assert set(absent) <= {among.card.name}


@pytest.mark.parametrize("name", ABSENT)
async def test_where_all_are_absent_the_error_says_why_each_is(bench: Bench, config: Config, name: str) -> None:
    several = [member(f"forbidden {n}") for n in range(3)]
    whole = ABSENT[name][0](*several)
    whole = sequence(whole, name="whole")
    async with bench.app(whole, config=config) as app:
        handle = await app.start(whole, "task")
        with pytest.raises(RunFailed, match="NoDecision") as caught:
            await handle.result()
    asked = several[: 2 if "quorum" in name or name == "vote" else 3]
    assert all(f'may not call Agent::"{each.card.name}"' in str(caught.value) for each in asked)
    assert caught.value.kind == "refused"
    assert ASKED == []


@pytest.mark.parametrize("name", ABSENT)
async def test_one_that_failed_is_asked_again_and_one_that_may_not_is_not(
    bench: Bench, config: Config, name: str
) -> None:
    tried: list[int] = []

    @agent
    async def away(it: Any = None) -> str:
        tried.append(1)
        if len(tried) == 1:
            raise ConnectionError("away")
        return "back"

    again = Retry(attempts=3, delay=1.0, jitter=0.0)
    inner = ABSENT[name][0](FORBIDDEN, away, *([ONE] if "quorum" in name else []))
    calls = sequence(inner, retry=again)
    whole = sequence(calls, lambda it: "over", name="whole")
    async with bench.app(whole, config=config) as app:
        handle = await app.start(whole, "task")
        await bench.clock.advance(10)
        assert await handle.result() == "over"
        asked = [fact.content.agent for fact in await handle.facts() if isinstance(fact.content, Asked)]
    assert (len(tried), asked.count("forbidden")) == (2, 1)


@pytest.mark.parametrize("others", [[], ["other"]], ids=["alone", "with an alternative"])
@pytest.mark.parametrize("no", [Refusal("never"), BoundReached("used up"), NoDecision("a tie")])
@pytest.mark.parametrize("attempts", [None, 4])
async def test_a_worker_that_says_no_is_not_asked_again(
    bench: Bench, no: Exception, others: list[str], attempts: int | None
) -> None:
    asked: list[str] = []

    @agent(name="w")
    async def refuses(it: Any = None) -> str:
        asked.append("w")
        raise no

    plan = {"tasks": [{"id": "a", "worker": "w", "alternatives": [*others, "w"]}]}
    team = plan_execute(member("plan", plan), [refuses, OTHER], attempts=attempts, replans=0, name="team")
    async with bench.app(team) as app:
        handle = await app.start(team, "task")
        if others:
            assert (await handle.result()).results == {"a": "done"}
        else:
            with pytest.raises(RunFailed, match="replans=0 is used up") as caught:
                await handle.result()
            assert caught.value.kind == kind_of(no)
    assert asked == ["w"]


async def test_people_who_said_no_are_asked_again_only_where_the_run_is_retried(
    bench: Bench, config: Config, tmp_path: Path
) -> None:
    @agent
    async def away(it: Any = None) -> str:
        raise ConnectionError("away")

    (tmp_path / "rules.cedar").write_text("""
permit(principal, action, resource);
@id("boss") @ask("boss") forbid(principal, action == Action::"call", resource == Agent::"forbidden");
""")
    inner = sequence(race(FORBIDDEN, away), retry=Retry(attempts=3, delay=1.0, jitter=0.0))
    whole = sequence(inner, name="whole")
    async with bench.app(whole, config=config) as app:
        handle = await app.start(whole, "task")
        await bench.clock.settle()
        [question] = await app.inbox.list(to="boss")
        await app.inbox.answer(question.id, {"approved": False}, by="ann")
        await bench.clock.advance(100)
        assert not list(await app.inbox.list())
        with pytest.raises(RunFailed):
            await handle.result()
        await app.operations.retry(handle.id)
        await bench.clock.settle()
        assert len(list(await app.inbox.list(to="boss"))) == 1
