"""What an observer is told, and in which order; and that it can do no harm."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import AbstractContextManager, closing
from sqlite3 import connect
from typing import Any, NoReturn, cast

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from podium import App, Budget, Context, Steps, agent, workflow
from podium.agents.human import human
from podium.config import load_config
from podium.errors import CallRefused, ConfigError, StoreUnavailable
from podium.model.breaker import Breaker
from podium.model.fact import FactKind
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.store.operations import Committed, Operation, Start
from podium.store.protocol import Claimed
from podium.store.sqlite.store import SqliteStore
from podium.telemetry.context import TraceContext
from podium.telemetry.observer import Observer
from podium.telemetry.spans import CallSpan
from podium.testing import DrivenClock, failing
from tests.replay.journals import facts_of, new_run, run_of
from tests.replay.test_histories import HISTORIES, agents_of, read
from tests.unit.engine.bench import Bench
from tests.unit.telemetry.tracing import Tracing
from tests.unit.telemetry.watching import Watching


@agent
async def works(n: int, steps: Steps) -> int:
    async def half() -> Json:
        return n

    async def whole() -> Json:
        return await steps.once("half", half)

    await steps.once("whole", whole)
    return n


@workflow
async def inner(ctx: Context, n: int) -> int:
    return await ctx.call(works, n)


async def test_what_is_inside_something_is_told_before_it(bench: Bench) -> None:
    @workflow
    async def outer(ctx: Context) -> int:
        await ctx.sleep(1)
        return await ctx.call(inner, 1)

    told = Watching()
    async with bench.app(outer, observer=told) as app:
        handle = await app.start(outer)
        await bench.clock.advance(1)
        await handle.result()
    assert told.told == [
        "wait sleep done", "step half done", "step whole done", "attempt 1 works done", "call works done",
        "attempt 1 inner done", "call inner done", "run outer done",
    ]  # fmt: skip
    whole = {span.context: span for span in told.spans}
    half = told.spans[1]
    ways = [half.key]
    while half.parent is not None:
        half = whole[half.parent]
        ways.append(half.key)
    assert ways == ["1.0/1/whole#0/half#0", "1.0/1/whole#0", "1.0", "1.0", "1", "1", ""]


async def test_nothing_is_told_before_it_is_in_the_store(bench: Bench) -> None:
    class Looking(Watching):
        def call(self, span: CallSpan) -> None:
            super().call(span)
            with closing(connect(bench.path)) as store:
                [recorded] = store.execute("SELECT count(*) FROM facts WHERE kind = ?", (FactKind.ANSWERED,)).fetchone()
            seen.append((recorded, sum(each.startswith("call ") for each in self.told)))

    seen: list[tuple[int, int]] = []

    @workflow
    async def flow(ctx: Context) -> None:
        for n in range(3):
            await ctx.call(inner, n)

    async with bench.app(flow, observer=Looking()) as app:
        await app.run(flow)
    assert len(seen) == 6
    assert [recorded >= told for recorded, told in seen] == [True] * 6


async def test_two_fallbacks_are_attempts_of_who_was_asked_and_a_value_is_none(bench: Bench) -> None:
    first, second = failing("first"), failing("second")

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.call(first, None, fallback=[second, FallbackValue(7)])

    told = Watching()
    async with bench.app(flow, observer=told) as app:
        assert await app.run(flow) == 7
    assert told.told == [
        "attempt 1 first failed", "attempt 2 second failed", "call first done", "run flow done",
    ]  # fmt: skip


async def test_a_refused_call_says_which_rule_and_its_budget_says_so_too(bench: Bench) -> None:
    @agent(usd=0.02)
    async def buys(_: Json) -> str:
        return "bought"

    @workflow
    async def flow(ctx: Context) -> str:
        await ctx.call(buys)
        try:
            return await ctx.call(buys)
        except CallRefused as refused:
            return refused.rule

    told = Watching()
    async with bench.app(flow, observer=told) as app:
        rule = await app.run(flow, budget=Budget(usd=0.03))
    assert told.told == [
        "budget reserved", "budget settled", "attempt 1 buys done", "call buys done",
        "budget refused", "attempt 1 buys refused", "call buys refused", "run flow done",
    ]  # fmt: skip
    assert [event.amount.usd for event in told.budgets] == [20_000_000] * 3
    assert told.spans[3].error == "CallRefused"
    assert getattr(told.spans[3], "rule") == rule  # noqa: B009 - only calls have it
    assert [event.name for event in told.spans[2].events] == ["podium.budget.refused"]


async def test_what_a_rule_did_is_an_event_of_the_attempt(bench: Bench) -> None:
    card = Breaker(min_calls=1, failures=1.0, open_for=30.0)
    told = Watching()
    flaky = failing("flaky", breaker=card)

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(flaky, None, fallback=[FallbackValue("none")])

    async with bench.app(flow, observer=told) as app:
        await app.run(flow)
    [event] = told.spans[0].events
    said = {"guard": "breaker", "agent": "flaky", "version": "1", "from": "closed", "to": "open"}
    assert (event.name, event.attributes) == ("podium.breaker", said)


async def test_a_question_within_a_call_is_a_wait_of_its_attempt(bench: Bench) -> None:
    told = Watching()
    asked = human("ann", text="Good?", answer=bool)

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.call(asked, None)

    async with bench.app(flow, observer=told) as app:
        run = (await app.start(flow)).id
        await bench.clock.settle()
    async with bench.app(flow, observer=told) as app:
        [question] = (await app.inbox.list()).items
        await app.inbox.answer(question.id, value=True, by="ann")
        await (await app.handle(run)).result()
    assert told.told == ["wait question done", "attempt 1 human-ann done", "call human-ann done", "run flow done"]
    assert told.spans[0].parent == told.spans[1].context


async def test_the_time_in_the_queue_is_told_when_a_worker_takes_the_run(bench: Bench) -> None:
    free = asyncio.Event()

    @agent
    async def holds(n: int) -> int:
        if n:
            await free.wait()
        return n

    @workflow
    async def flow(ctx: Context, n: int) -> None:
        await ctx.call(holds, n)
        await ctx.sleep(10)

    told = Watching()
    async with bench.app(flow, observer=told, slots=1) as app:
        first = await app.start(flow, 1)
        await bench.clock.settle()
        second = await app.start(flow, 0, priority=7)
        await bench.clock.advance(30)
        free.set()
        await bench.clock.settle()
        await bench.clock.advance(10)
        await first.result()
        await second.result()
    waited = [(each.run, each.ended - each.began, each.priority) for each in told.queued]
    assert waited == [(second.id, 30.0, 7), (second.id, 0.0, 7), (first.id, 0.0, 0)]
    places = [each.context for each in told.queued]
    assert len(set(places)) == 3
    [run] = [span for span in told.spans if span.run == second.id and not span.key]
    assert {each.parent for each in told.queued if each.run == second.id} == {run.context}


class Brittle(SqliteStore):
    """Cannot be written while it is told so."""

    broken = False

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        if self.broken:
            raise StoreUnavailable("disk I/O error")
        return super().commit(worker, operations, alone=alone)


async def test_each_commit_is_told_with_its_size_also_one_that_fails(bench: Bench) -> None:
    told, store = Watching(), Brittle(str(bench.path))
    async with bench.app(inner, observer=told, store=store) as app:
        await app.run(inner, 1)
        assert told.commits
        assert all(commit.operations and not commit.failed and commit.seconds >= 0 for commit in told.commits)
        store.broken = True
        with pytest.raises(StoreUnavailable):
            await app.start(inner, 1)
        assert told.commits[-1].failed
        store.broken = False


class Failing:
    """Fails in all that it is told and asked."""

    def _fail(self, *_: object) -> NoReturn:
        raise ValueError("the observer is broken")

    def __getattr__(self, name: str) -> Any:
        return self._fail


class Leaving(Observer):
    """Fails when a place is left."""

    def inside(self, context: TraceContext) -> AbstractContextManager[None]:
        class Place(AbstractContextManager[None]):
            def __exit__(self, *_: object) -> None:
                raise ValueError("the observer is broken")

        return Place()


@pytest.mark.parametrize("observer", [cast("Observer", Failing()), Leaving()])
async def test_an_observer_that_fails_harms_no_run_and_is_logged_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, observer: Observer
) -> None:
    async with bench.app(inner, observer=observer) as app:
        with caplog.at_level(logging.ERROR, logger="podium"):
            assert [await app.run(inner, n) for n in range(3)] == [0, 1, 2]
    told = [record.message for record in caplog.records]
    assert told
    assert len(told) == len(set(told))
    assert all(message.startswith("the observer failed in ") for message in told)


@pytest.mark.parametrize("path", [path for path in HISTORIES if path.stem != "redacted"], ids=lambda path: path.stem)
async def test_the_replay_of_a_recorded_history_tells_nothing_but_its_end(path: Any) -> None:
    history = read(path)
    *facts, end = facts_of(history)
    clock, told = DrivenClock(end.at), Watching()
    agents = agents_of(history)
    async with App.open(":memory:", agents=agents, clock=clock, observer=told) as app:
        for cut in range(1, len(facts) + 2):
            known = [*facts, end][:cut]
            await app.worker.replays(Claimed(1, run_of(history, known), 0, known, []))
        assert told.told == []
        await app.worker.commits.submit(Start(new_run(history, facts), drive=False))
        await clock.settle()
    *cut, run = told.told
    assert run.startswith("run ")
    assert all(each.endswith(" cancelled") for each in cut)  # what the end found open


async def test_without_opentelemetry_nobody_is_told(bench: Bench) -> None:
    async with bench.app(inner) as app:
        assert app.worker.runtime.observer is None
        assert await app.run(inner, 1) == 1


async def test_what_the_program_has_set_up_is_used_unless_it_is_switched_off(
    bench: Bench, tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracing.provider)
    async with bench.app(inner, telemetry=False) as app:
        await app.run(inner, 1)
    assert tracing.spans == ()
    async with bench.app(inner) as app:
        await app.run(inner, 1)
    assert len(tracing.spans) == 5


async def test_what_is_set_up_and_switched_off_in_the_environment_is_not_used(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider())
    async with bench.app(inner) as app:
        assert app.worker.runtime.observer is None
    assert caplog.text == ""


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("False", False)])
def test_the_environment_switches_telemetry(text: str, expected: bool) -> None:  # noqa: FBT001
    assert load_config(environment={"PODIUM_TELEMETRY": text}).telemetry is expected


def test_what_is_no_switch_is_refused_with_what_is_expected() -> None:
    with pytest.raises(ConfigError, match="sets telemetry to 'maybe'; expected true or false"):
        load_config(environment={"PODIUM_TELEMETRY": "maybe"})


async def test_another_tracer_than_that_of_the_sdk_is_told_in_a_warning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Other(trace.TracerProvider):
        def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
            return OtherTracer()

    class OtherTracer(trace.ProxyTracer):
        def __init__(self) -> None:
            super().__init__("mine")

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", Other())
    async with bench.app(inner) as app:
        assert await app.run(inner, 1) == 1
    assert "runs are not traced: a tracer of" in caplog.text
