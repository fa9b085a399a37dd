"""Whom costs name: whoever spent it, also where that is not the agent that a workflow called."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from podium import App, Budget, Context, Steps, agent, workflow
from podium.errors import CallFailed, CallRefused, RunFailed, TransportFailed
from podium.guards import screen_by
from podium.model.agent import AnyAgent
from podium.model.budget import Bound
from podium.model.cost import Cost, Dimension
from podium.model.json import Json
from podium.model.outcome import Usage
from tests.unit.engine.bench import Bench

BOUND = Bound(usd=0.5, input_tokens=100, output_tokens=50)
OTHERS: tuple[Dimension, ...] = ("model", "workflow", "tenant", "day", "run", "conversation")


class Spent(NamedTuple):
    """What costs say of one part."""

    usd: float = 0.0
    in_doubt: float = 0.0
    requests: int = 0
    saved: float = 0.0


def asking(
    name: str,
    usd: float = 0.5,
    *,
    lost: bool = False,
    fails: bool = False,
    tool: AnyAgent | None = None,
    **options: Any,
) -> AnyAgent:
    """Return an agent that asks a model of its own: it is answered or not, and may fail, or use another agent, then."""

    async def request() -> Json:
        if lost:
            raise TransportFailed("it broke")
        return usd

    def usage(value: Json) -> Usage:
        return Usage(model=f"model of {name}", input_tokens=10, output_tokens=5, requests=1, usd=value)

    @agent(name=name, **options)
    async def asks(said: str, steps: Steps) -> bool:
        await steps.once("model", request, usage=usage, bound=BOUND)
        if fails:
            raise TransportFailed("away")
        if tool is not None:
            await steps.call(tool, said)
        return True

    return asks


def priced(name: str, usd: float, **options: Any) -> AnyAgent:
    """Return an agent with a price on its card, which asks no model."""

    @agent(name=name, usd=usd, **options)
    async def answers(_: str) -> bool:
        return True

    return answers


def judged(judge: AnyAgent, place: Any = "input", **options: Any) -> AnyAgent:
    return asking("work", guards=(screen_by(judge, on=[place]),), **options)


WORK = Spent(0.5, requests=1)
CASES: Mapping[str, tuple[Callable[[], AnyAgent | list[AnyAgent]], Mapping[str, Spent]]] = {
    "nobody else": (lambda: asking("work"), {"work": WORK}),
    "a judge of the input": (
        lambda: judged(asking("judge", 0.25)), {"work": WORK, "judge": Spent(0.25, requests=1)},
    ),
    "a judge of the answer": (
        lambda: judged(asking("judge", 0.25), "output"), {"work": WORK, "judge": Spent(0.25, requests=1)},
    ),
    "a judge of what a model is asked": (
        lambda: judged(asking("judge", 0.25), "model_input"), {"work": WORK, "judge": Spent(0.25, requests=1)},
    ),
    "a judge with a price": (lambda: judged(priced("judge", 0.25)), {"work": WORK, "judge": Spent(0.25)}),
    "a judge of an agent with a price": (
        lambda: priced("work", 1.0, guards=(screen_by(asking("judge", 0.25), on=["output"]),)),
        {"work": Spent(1.0), "judge": Spent(0.25, requests=1)},
    ),
    "a judge whose request is lost": (
        lambda: judged(asking("judge", lost=True)), {"judge": Spent(in_doubt=0.5), "work": Spent()},
    ),
    "a judge with a judge, who is not asked": (
        lambda: judged(asking("judge", 0.25, guards=(screen_by(asking("boss", 0.125)),))),
        {"work": WORK, "judge": Spent(0.25, requests=1)},
    ),
    "an agent as a tool": (
        lambda: asking("work", tool=asking("helper", 0.25)), {"work": WORK, "helper": Spent(0.25, requests=1)},
    ),
    "an agent as a tool with a price": (
        lambda: asking("work", tool=priced("helper", 0.25)), {"work": WORK, "helper": Spent(0.25)},
    ),
    "a kept answer": (lambda: asking("work", cache=60.0), {"work": Spent(0.5, requests=1, saved=0.5)}),
    "a fallback": (
        lambda: [asking("work", fails=True), asking("spare", 0.25)],
        {"work": WORK, "spare": Spent(0.25, requests=1)},
    ),
    "a fallback with a price": (
        lambda: [asking("work", fails=True), priced("spare", 0.25)], {"work": WORK, "spare": Spent(0.25)},
    ),
    "a fallback whose request is lost": (
        lambda: [asking("work", fails=True), asking("spare", lost=True)],
        {"work": WORK, "spare": Spent(in_doubt=0.5)},
    ),
    "a fallback of a fallback": (
        lambda: [asking("work", lost=True), asking("spare", 0.25, fails=True), asking("last", 0.125)],
        {"work": Spent(in_doubt=0.5), "spare": Spent(0.25, requests=1), "last": Spent(0.125, requests=1)},
    ),
    "a judge of a fallback": (
        lambda: [
            asking("work", fails=True),
            priced("spare", 0.25, guards=(screen_by(asking("judge", 0.125), on=["output"]),)),
        ],
        {"work": WORK, "spare": Spent(0.25), "judge": Spent(0.125, requests=1)},
    ),
    "a kept answer of a fallback": (
        lambda: [asking("work", lost=True), asking("spare", 0.25, cache=60.0)],
        {"work": Spent(in_doubt=1.0), "spare": Spent(0.25, requests=1, saved=0.25)},
    ),
}  # fmt: skip


def by_part(costs: Iterable[Cost]) -> dict[str, Spent]:
    return {each.part: Spent(each.usd, each.in_doubt, each.requests, each.saved) for each in costs}


async def require_equal_sums(app: App, expected: Mapping[str, Spent]) -> None:
    """Require that it comes to the same by whatever one asks for; of which model something was saved nobody knows."""
    spent, in_doubt, requests, saved = (sum(each) for each in zip(*expected.values(), strict=True))
    for by in OTHERS:
        found = by_part(await app.reports.costs(by=by)).values()
        sums = Spent(*(sum(each) for each in zip(*found, strict=True)))
        assert sums == Spent(spent, in_doubt, int(requests), 0.0 if by == "model" else saved), by


@pytest.mark.parametrize("case", CASES)
async def test_costs_name_whoever_spent_it(bench: Bench, case: str) -> None:
    make, expected = CASES[case]
    made = make()
    member, *fallbacks = made if isinstance(made, list) else [made]

    @workflow
    async def job(ctx: Context, times: int) -> None:
        for _ in range(times):
            try:
                await ctx.call(member, "text", fallback=fallbacks)
            except (CallFailed, CallRefused):
                continue

    async with bench.app(job) as app:
        await app.run(job, 2 if "kept" in case else 1, budget=Budget(usd=100.0))
        found = {part: said for part, said in by_part(await app.reports.costs(by="agent")).items() if part != "job"}
        assert {part: said for part, said in found.items() if said != Spent()} == {
            part: said for part, said in expected.items() if said != Spent()
        }
        await require_equal_sums(app, expected)
        [state] = await app.reports.budgets()
        assert sum(each.usd + each.in_doubt for each in expected.values()) == state.spent.usd / 1e9


async def test_a_compensation_stands_under_its_own_name(bench: Bench) -> None:
    undo = asking("undo", 0.25)

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(undo, "text")
        raise ValueError("no more")

    async with bench.app(trip, undo) as app:
        with pytest.raises(RunFailed):
            await app.run(trip)
        assert by_part(await app.reports.costs(by="agent")) == {"undo": Spent(0.25, requests=1)}
        await require_equal_sums(app, {"undo": Spent(0.25, requests=1)})


async def test_what_a_judge_costs_is_of_the_time_of_the_call_whatever_one_asks_for(bench: Bench) -> None:
    async def request() -> Json:
        return None

    @agent
    async def judge(_: Json, steps: Steps) -> bool:
        bench.jump(60.0)
        await steps.once("model", request, usage=lambda _: Usage(usd=0.25))
        return True

    @workflow
    async def job(ctx: Context) -> None:
        await ctx.call(judged(judge), "text")

    async with bench.app(job) as app:
        handle = await app.start(job)
        await handle.result()
        since = bench.clock.now() - 30.0
        for by in ("agent", "tenant", "run"):
            assert list(await app.reports.costs(by=by, since=since)) == [], by


async def test_what_is_given_back_is_taken_from_whom_it_stood_under(bench: Bench) -> None:
    judge = asking("judge", lost=True)

    @workflow
    async def job(ctx: Context) -> None:
        try:
            await ctx.call(judged(judge), "text")
        except CallFailed:
            return

    async with bench.app(job) as app:
        handle = await app.start(job, budget=Budget(usd=100.0))
        await handle.result()
        assert by_part(await app.reports.costs(by="agent"))["judge"] == Spent(in_doubt=0.5)
        await app.operations.correct_budgets(handle.id, usd=0.125, why="the invoice says so")
        assert by_part(await app.reports.costs(by="agent"))["judge"] == Spent(in_doubt=0.375)


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("a judge") and "fallback" not in case])
async def test_what_a_judge_costs_is_not_what_whom_it_screens_comes_to(bench: Bench, case: str) -> None:
    make, expected = CASES[case]
    member = make()
    assert not isinstance(member, list)

    @workflow
    async def job(ctx: Context) -> float | None:
        with suppress(CallFailed):
            await ctx.call(member, "text")
        [record] = await ctx.records("work")
        return record.usd

    usd = expected["work"].usd or None
    async with bench.app(job) as app:
        assert await app.run(job) == usd
        [report] = [each for each in await app.reports.agents() if each.agent == "work"]
        assert report.usd == usd
