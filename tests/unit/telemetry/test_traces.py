"""One trace for a run with all that belongs to it, and no span twice, whoever goes on with it."""

from contextlib import closing, suppress
from sqlite3 import connect
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from podium import App, CallError, Context, Retry, RunState, Steps, agent, workflow
from podium.errors import RunFailed
from podium.model.json import Json
from podium.secrets import Secret
from podium.testing import failing
from tests.unit.engine.bench import Bench
from tests.unit.telemetry.tracing import Tracing, id_of, parent_of, trace_of, whole_trace


@agent
async def double(n: int) -> int:
    return 2 * n


@workflow
async def inner(ctx: Context, n: int) -> int:
    return await ctx.call(double, n)


async def test_a_run_is_one_trace_with_calls_attempts_and_inline_workflows(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def flow(ctx: Context) -> int:
        await ctx.call(double, 1)
        return await ctx.call(inner, 2)

    async with bench.app(flow, observer=tracing.observer) as app:
        assert await app.run(flow) == 4
    assert tracing.tree() == [
        "invoke_workflow flow done",
        "  call double done",
        "    invoke_agent double done",
        "  call inner done",
        "    invoke_workflow inner done",
        "      call double done",
        "        invoke_agent double done",
    ]


async def test_each_run_has_a_trace_of_its_own(bench: Bench, tracing: Tracing) -> None:
    async with bench.app(inner, observer=tracing.observer) as app:
        await app.run(inner, 1)
        await app.run(inner, 2)
    assert len({trace_of(span) for span in tracing.spans}) == 2


async def test_runs_of_one_id_in_two_stores_have_two_traces(tracing: Tracing) -> None:
    for _ in range(2):
        async with App.open(":memory:", agents=[inner], observer=tracing.observer) as app:
            await app.run(inner, 1, id="order_7")
    assert len({trace_of(span) for span in tracing.spans}) == 2


async def test_a_run_that_is_started_within_a_span_is_part_of_it(bench: Bench, tracing: Tracing) -> None:
    async with bench.app(inner, observer=tracing.observer) as app:
        with tracing.mine.start_as_current_span("request", start_time=0) as request:
            handle = await app.start(inner, 1)
        await handle.result()
    run = tracing.named("invoke_workflow inner")
    assert parent_of(run) == request.get_span_context().span_id
    whole_trace(tracing.spans)


async def test_what_an_agent_does_is_below_its_attempt_and_below_its_step(bench: Bench, tracing: Tracing) -> None:
    @agent
    async def fetches(n: int, steps: Steps) -> int:
        async def fetch() -> Json:
            with tracing.mine.start_as_current_span("GET /inside"):
                return n

        with tracing.mine.start_as_current_span("GET /outside"):
            pass
        return await steps.once("tool/fetch", fetch, key="call_7")

    @agent
    def plain(n: int) -> int:
        with tracing.mine.start_as_current_span("in a thread"):
            return n

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.call(fetches, 1)
        await ctx.call(plain, 1)

    async with bench.app(flow, observer=tracing.observer) as app:
        await app.run(flow)
    whole_trace(tracing.spans)
    attempt, step = tracing.named("invoke_agent fetches"), tracing.named("execute_tool fetch")
    assert parent_of(tracing.named("GET /outside")) == id_of(attempt)
    assert parent_of(step) == id_of(attempt)
    assert (step.attributes or {})["gen_ai.tool.call.id"] == "call_7"
    assert parent_of(tracing.named("GET /inside")) == id_of(step)
    assert parent_of(tracing.named("in a thread")) == id_of(tracing.named("invoke_agent plain"))
    assert not trace.get_current_span().get_span_context().is_valid


async def test_a_run_does_not_take_the_place_of_whoever_made_its_task(bench: Bench, tracing: Tracing) -> None:
    places: list[int] = []

    @workflow
    async def looks(ctx: Context) -> None:
        places.append(trace.get_current_span().get_span_context().span_id)

    async with bench.app(looks, observer=tracing.observer) as app:
        with tracing.mine.start_as_current_span("request", start_time=0):
            await app.run(looks)
    assert places == [id_of(tracing.named("invoke_workflow looks"))]


async def test_each_attempt_is_a_span_and_a_failed_one_says_so(bench: Bench, tracing: Tracing) -> None:
    flow = _calling(
        failing("flaky", times=1, then=7, witness=bench.witness, retry=Retry(attempts=2, delay=10.0, jitter=0.0))
    )
    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        await handle.result()
    assert tracing.tree() == [
        "invoke_workflow calls done",
        "  call flaky done",
        "    invoke_agent flaky failed",
        "    invoke_agent flaky done",
    ]
    first, second = (span for span in tracing.spans if span.name == "invoke_agent flaky")
    assert first.status.status_code is StatusCode.ERROR
    assert (first.attributes or {})["error.type"] == "podium.errors.TransportFailed"
    assert second.start_time == (first.end_time or 0) + 10 * 10**9
    assert (tracing.named("call flaky").attributes or {})["podium.attempts"] == 2


async def test_attempts_go_on_in_another_process_as_one_trace(bench: Bench, tracing: Tracing) -> None:
    flow = _calling(failing("flaky", witness=bench.witness, retry=Retry(attempts=3, delay=10.0, jitter=0.0)))
    async with bench.app(flow, observer=tracing.observer) as app:
        run = (await app.start(flow)).id
        await bench.clock.settle()
    for seconds in (10, 20):
        async with bench.app(flow, observer=tracing.observer):
            await bench.clock.advance(seconds)
            await bench.clock.settle()
    assert run
    assert tracing.tree() == [
        "invoke_workflow calls failed", "  call flaky failed",
        *["    invoke_agent flaky failed"] * 3,
    ]  # fmt: skip


async def test_a_wait_is_a_span_from_its_beginning_to_what_ended_it(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.sleep(100)
        await ctx.signal("go")
        await ctx.ask("Good?", to="ann", answer=bool)
        await ctx.signal("never", within=5, default=None)

    async with bench.app(waits, observer=tracing.observer) as app:
        run = (await app.start(waits)).id
        await bench.clock.settle()
    async with bench.app(waits, observer=tracing.observer) as app:
        await bench.clock.advance(130)
        await (await app.handle(run)).signal("go")
        await bench.clock.settle()
    async with bench.app(waits, observer=tracing.observer) as app:
        await bench.clock.advance(40)
        [question] = (await app.inbox.list()).items
        await app.inbox.answer(question.id, value=True, by="ann")
        await bench.clock.settle()
        await bench.clock.advance(5)
        await (await app.handle(run)).result()
    assert tracing.tree() == [
        "invoke_workflow waits done", "  wait sleep done", "  wait signal done", "  wait question done",
        "  wait signal expired",
    ]  # fmt: skip
    seconds = {span.name: ((span.end_time or 0) - (span.start_time or 0)) // 10**9 for span in tracing.spans}
    assert (seconds["wait sleep"], seconds["wait question"]) == (100, 40)


async def test_a_child_run_is_part_of_its_parents_trace(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def child(ctx: Context, n: int) -> int:
        await ctx.sleep(10)
        return await ctx.call(double, n)

    @workflow
    async def spawns(ctx: Context) -> int:
        return await (await ctx.spawn(child, 3)).result()

    @workflow
    async def parent(ctx: Context) -> int:
        return await ctx.call(spawns)

    async with bench.app(parent, child, observer=tracing.observer) as app:
        run = (await app.start(parent)).id
        await bench.clock.settle()
    async with bench.app(parent, child, observer=tracing.observer) as app:
        await bench.clock.advance(10)
        assert await (await app.handle(run)).result() == 6
    assert tracing.tree() == [
        "invoke_workflow parent done",
        "  call spawns done",
        "    invoke_workflow spawns done",
        "      invoke_workflow child done",
        "        wait sleep done",
        "        call double done",
        "          invoke_agent double done",
        "      wait child done",
    ]


async def test_branches_and_a_lost_race_are_in_the_trace(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def slow(ctx: Context) -> int:
        await ctx.sleep(1_000)
        return 1

    @workflow
    async def races(ctx: Context) -> int:
        return await ctx.race(ctx.call(slow), ctx.call(double, 1))

    async with bench.app(races, observer=tracing.observer) as app:
        assert await app.run(races) == 2
    assert sorted(tracing.tree()[1:]) == sorted([
        "  call slow cancelled", "    invoke_workflow slow cancelled", "      wait sleep cancelled",
        "  call double done", "    invoke_agent double done",
    ])  # fmt: skip


async def test_what_is_cut_ends_with_what_is_around_it(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def naps(ctx: Context) -> None:
        await ctx.sleep(1_000)

    @workflow
    async def middle(ctx: Context) -> None:
        await ctx.call(naps)

    @workflow
    async def flow(ctx: Context) -> None:
        with suppress(CallError):
            await ctx.call(middle, timeout=5)
        await ctx.sleep(50)

    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.advance(5)
        await bench.clock.advance(50)
        await handle.result()
    assert tracing.tree() == [
        "invoke_workflow flow done", "  call middle failed", "    invoke_workflow middle failed",
        "      call naps cancelled", "        invoke_workflow naps cancelled", "          wait sleep cancelled",
        "  wait sleep done",
    ]  # fmt: skip
    assert tracing.named("call naps").end_time == tracing.named("call middle").end_time


async def test_compensations_are_below_what_undoes(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def books(ctx: Context) -> None:
        await ctx.on_undo(double, 1)
        raise ValueError("full")

    @workflow
    async def trip(ctx: Context) -> str:
        try:
            await ctx.call(books)
        except CallError:
            return "stayed"
        return "went"

    async with bench.app(trip, double, observer=tracing.observer) as app:
        assert await app.run(trip) == "stayed"
    assert tracing.tree() == [
        "invoke_workflow trip done", "  call books failed", "    invoke_workflow books failed",
        "      call double done", "        invoke_agent double done",
    ]  # fmt: skip


async def test_a_run_that_is_tried_again_has_a_second_span_in_the_same_trace(bench: Bench, tracing: Tracing) -> None:
    flow = _calling(_failing_once())
    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        with pytest.raises(RunFailed):
            await handle.result()
        await bench.clock.advance(50)
        await app.operations.retry(handle.id)
        assert await handle.result() == 7
    assert tracing.tree() == [
        "invoke_workflow calls failed", "  call flaky failed", "    invoke_agent flaky failed",
        "invoke_workflow calls done", "  call flaky done", "    invoke_agent flaky done",
    ]  # fmt: skip
    first, second = (span for span in tracing.spans if span.name == "invoke_workflow calls")
    assert (second.start_time or 0) - (first.end_time or 0) == 50 * 10**9


async def test_a_workflow_that_is_opened_again_has_a_second_span(bench: Bench, tracing: Tracing) -> None:
    flaky = _failing_once()

    @workflow
    async def middle(ctx: Context) -> int:
        await ctx.call(double, 1)
        return await ctx.call(flaky, None)

    @workflow
    async def outer(ctx: Context) -> int:
        return await ctx.call(middle)

    async with bench.app(outer, observer=tracing.observer) as app:
        handle = await app.start(outer)
        with pytest.raises(RunFailed):
            await handle.result()
        await app.operations.retry(handle.id)
        assert await handle.result() == 7
    whole_trace(tracing.spans)
    outcomes = [(span.attributes or {})["podium.outcome"] for span in tracing.spans if span.name == "call middle"]
    assert outcomes == ["failed", "done"]
    assert len([span for span in tracing.spans if span.name == "call double"]) == 1


async def test_what_stays_open_over_a_repin_is_one_span(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def naps(ctx: Context) -> int:
        await ctx.call(double, 1)
        await ctx.sleep(100)
        return 1

    async def listens(ctx: Context) -> None:
        await ctx.sleep(1)
        await ctx.signal("go")

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.gather(ctx.call(naps), ctx.branch(listens))

    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.advance(1)
        await bench.clock.settle()
        await app.operations.repin(handle.id, "1", from_key="1.1")
        await handle.signal("go")
        await bench.clock.advance(100)
        await handle.result()
    assert sorted(tracing.tree()) == sorted([
        "invoke_workflow flow done", "  call naps done", "    invoke_workflow naps done", "      call double done",
        "        invoke_agent double done", "      wait sleep done", "  wait sleep done", "  wait signal done",
    ])  # fmt: skip


async def test_what_another_process_has_taken_is_told_by_that_one(bench: Bench, tracing: Tracing) -> None:
    @agent
    async def loses(_: Json) -> int:
        with closing(connect(bench.path)) as store, store:
            store.execute("UPDATE runs SET epoch = epoch + 1")
        return 1

    flow = _calling(loses)
    async with bench.app(flow, observer=tracing.observer) as app:
        await app.start(flow)
        await bench.clock.settle()
    assert tracing.spans == ()


async def test_a_fork_is_a_trace_of_its_own_that_is_linked_to_the_old_one(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(double, await ctx.call(double, 1))

    async with bench.app(flow, observer=tracing.observer) as app:
        with tracing.mine.start_as_current_span("request", start_time=0):
            old = await app.start(flow)
            await old.result()
            before = len(tracing.spans)
            new = await app.operations.fork(old.id, "1")
        await new.result()
        facts = await new.facts()
    forked = [span for span in tracing.spans[before:] if span.name not in ("request", "queue default")]
    whole_trace(forked)
    assert [span.name for span in forked] == ["invoke_agent double", "call double", "invoke_workflow flow"]
    run, [was] = forked[-1], [span for span in tracing.spans[:before] if span.name == "invoke_workflow flow"]
    assert parent_of(run) is None
    assert trace_of(run) != trace_of(was)
    assert [(link.context.trace_id, link.context.span_id) for link in run.links] == [(trace_of(was), id_of(was))]
    assert facts[0].body["forked_from"] == old.id


async def test_a_sampler_decides_about_whole_traces(bench: Bench) -> None:
    tracing = Tracing(ParentBased(TraceIdRatioBased(0.5)))
    async with bench.app(inner, observer=tracing.observer) as app:
        for n in range(40):
            await app.run(inner, n)
    traces = {trace_of(span) for span in tracing.spans}
    assert 5 < len(traces) < 35
    assert len(tracing.spans) == 3 * len(traces)


async def test_a_run_of_an_old_journal_begins_a_trace(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def naps(ctx: Context) -> int:
        await ctx.sleep(10)
        return await ctx.call(double, 1)

    run = await bench.parked(naps)
    async with bench.app(naps, observer=tracing.observer) as app:
        await bench.clock.advance(10)
        assert "trace" not in (await app.runs.facts(run))[0].body
        await (await app.handle(run)).result()
    assert tracing.tree() == [
        "invoke_workflow naps done", "  wait sleep done", "  call double done", "    invoke_agent double done",
    ]  # fmt: skip


async def test_a_failed_step_is_told_once_its_attempt_has_failed(bench: Bench, tracing: Tracing) -> None:
    tries: list[int] = []

    @agent(retry=Retry(attempts=2, delay=1.0, jitter=0.0))
    async def asks(n: int, steps: Steps) -> Json:
        async def ask() -> Json:
            tries.append(n)
            if len(tries) == 1:
                raise ConnectionError("away")
            return n

        return await steps.once("model", ask, input={"model": "openai:gpt-5"}, key="1")

    flow = _calling(asks, 1)
    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.advance(1)
        await handle.result()
    assert tracing.tree() == [
        "invoke_workflow calls done",
        "  call asks done",
        "    invoke_agent asks failed",
        "      chat gpt-5 failed",
        "    invoke_agent asks done",
        "      chat gpt-5 done",
    ]
    attributes = dict(tracing.spans[0].attributes or {})
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["error.type"] == "ConnectionError"


async def test_an_attempt_that_never_began_is_no_span(bench: Bench, tracing: Tracing) -> None:
    flow = _calling(failing("flaky", retry=Retry(attempts=2, delay=1_000.0, jitter=0.0)))
    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.advance(1)
        await handle.cancel("enough")
        await bench.clock.settle()
    assert tracing.tree() == [
        "invoke_workflow calls cancelled", "  call flaky cancelled", "    invoke_agent flaky failed",
    ]  # fmt: skip


async def test_a_secret_in_a_name_is_masked(bench: Bench, tracing: Tracing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-t0ken")

    @agent
    async def tells(n: int, steps: Steps) -> Json:
        async def fetch() -> Json:
            return n

        return await steps.once(f"fetch {Secret('env:TOKEN').reveal()}", fetch)

    flow = _calling(tells, 1)
    async with bench.app(flow, observer=tracing.observer) as app:
        await app.run(flow)
    assert [span.name for span in tracing.spans if span.name.startswith("step ")] == ["step fetch ***"]
    assert "s3cr3t" not in "".join(span.to_json() for span in tracing.spans)


async def test_a_run_that_is_stopped_ends_all_its_spans(bench: Bench, tracing: Tracing) -> None:
    @workflow
    async def naps(ctx: Context) -> None:
        await ctx.sleep(1_000)

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.gather(ctx.call(naps), ctx.signal("go"))

    async with bench.app(flow, observer=tracing.observer) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        await handle.cancel("enough")
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.CANCELLED
    assert sorted(tracing.tree()) == sorted([
        "invoke_workflow flow cancelled", "  call naps cancelled", "    invoke_workflow naps cancelled",
        "      wait sleep cancelled", "  wait signal cancelled",
    ])  # fmt: skip


def _calling(target: Any, input: Json = None) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Any:
        return await ctx.call(target, input)

    return calls


def _failing_once() -> Any:
    calls: list[Json] = []

    @agent
    async def flaky(_: Json) -> int:
        calls.append(_)
        if len(calls) == 1:
            raise ValueError("not yet")
        return 7

    return flaky


async def test_a_run_that_restarts_is_one_trace_also_when_it_is_retried(bench: Bench, tracing: Tracing) -> None:
    tries = [ValueError("second"), ValueError("first")]

    @agent
    async def shaky(n: int) -> int:
        if tries:
            raise tries.pop()
        return n

    @workflow
    async def again(ctx: Context, n: int) -> int:
        await ctx.sleep(1)
        await ctx.call(shaky, n)
        if n < 3:
            await ctx.restart(n + 1)
        return n

    async with bench.app(again, observer=tracing.observer) as app:
        handle = await app.start(again, 1)
        for _ in range(2):
            await bench.clock.advance(2)
            with pytest.raises(RunFailed):
                await handle.result()
            await app.operations.retry(handle.id)
        await bench.clock.advance(1)
    async with bench.app(again, observer=tracing.observer) as app:
        await bench.clock.advance(10)
        assert await (await app.handle(handle.id)).result() == 3
    whole_trace(tracing.spans)
    assert sum(span.name == "invoke_workflow again" for span in tracing.spans) == 3
    assert sum(span.name == "call shaky" for span in tracing.spans) == 5


async def test_a_run_that_failed_before_and_after_a_restart_has_no_span_twice(bench: Bench, tracing: Tracing) -> None:
    tries = {1: [ValueError("first")], 2: [ValueError("second")]}

    @agent
    async def shaky(n: int) -> int:
        if tries[n]:
            raise tries[n].pop()
        return n

    @workflow
    async def again(ctx: Context, n: int) -> int:
        await ctx.call(shaky, n)
        if n < 2:
            await ctx.restart(n + 1)
        return n

    async with bench.app(again, observer=tracing.observer) as app:
        handle = await app.start(again, 1)
        for _ in range(2):
            with pytest.raises(RunFailed):
                await handle.result()
            await app.operations.retry(handle.id)
        assert await handle.result() == 2
    whole_trace(tracing.spans)
    assert [span.name for span in tracing.spans].count("invoke_workflow again") == 3
