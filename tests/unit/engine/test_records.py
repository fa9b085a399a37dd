"""`ctx.records`: how agents did so far, the same on every replay."""

import asyncio
from collections.abc import Sequence
from threading import Event
from typing import Any, cast

import pytest

from podium import Context, Retry, workflow
from podium.errors import CallError, RunFailed
from podium.model.fact import FactKind
from podium.model.track_record import TrackRecord
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import failing, scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)
broken = failing("broken")
flaky = failing("flaky", times=1, then="ok", retry=Retry(attempts=2, delay=5.0, jitter=0.0))


@workflow
async def works(ctx: Context, times: int) -> None:
    for n in range(times):
        await ctx.call(echo, n)
    try:
        await ctx.call(broken)
    except CallError:
        await ctx.call(flaky)


@workflow
async def reads(ctx: Context, names: list[str]) -> list[list[Any]]:
    return [[each.agent, each.calls, each.done, each.failed] for each in await ctx.records(*names)]


async def worked(bench: Bench, times: int) -> None:
    async with bench.app(works) as app:
        handle = await app.start(works, times)
        await bench.clock.advance(5)
        await handle.result()


async def test_calls_of_earlier_runs_are_told_by_agent(bench: Bench) -> None:
    await worked(bench, 2)
    async with bench.app(reads) as app:
        assert await app.run(reads, ["flaky", "echo", "nobody"]) == [["echo", 2, 2, 0], ["flaky", 1, 1, 0]]


async def test_without_names_all_who_were_asked_are_told_of(bench: Bench) -> None:
    everybody: list[str] = []
    await worked(bench, 1)
    async with bench.app(reads) as app:
        assert await app.run(reads, everybody) == [["broken", 1, 0, 1], ["echo", 1, 1, 0], ["flaky", 1, 1, 0]]


async def test_with_a_label_the_calls_that_have_it_are_told_of_and_a_replay_learns_the_same(bench: Bench) -> None:
    found: list[list[tuple[str, int, int]]] = []

    @workflow
    async def labels(ctx: Context) -> None:
        for label in ("report", "report", "errand", None):
            await ctx.call(echo, label, label=label)
        with pytest.raises(CallError):
            await ctx.call(broken, label="errand")
        told = [await ctx.records(label=label) for label in ("report", "errand", "other")]
        told.append(await ctx.records("echo", label="errand"))
        found.append([(each.agent, each.done, each.failed) for some in told for each in some])
        await ctx.sleep(60)

    run = await bench.parked(labels)
    await bench.result(run, labels, seconds=60)
    assert found == [[("echo", 2, 0), ("broken", 0, 1), ("echo", 1, 0), ("echo", 1, 0)]] * 2


@pytest.mark.parametrize("label", ["", "two\nlines", 5])
async def test_a_label_is_a_name(bench: Bench, label: Any) -> None:
    @workflow
    async def labels(ctx: Context) -> None:
        await ctx.call(echo, 1, label=label)

    async with bench.app() as app:
        with pytest.raises(RunFailed, match="expected a name"):
            await app.run(labels)


async def test_a_record_has_the_time_that_a_call_took_with_its_retries(bench: Bench) -> None:
    found: list[TrackRecord] = []

    @workflow
    async def looks(ctx: Context) -> None:
        found.extend(await ctx.records("flaky"))

    await worked(bench, 0)
    async with bench.app(looks) as app:
        await app.run(looks)
    assert found == [TrackRecord(agent="flaky", version="1", calls=1, done=1, failed=0, seconds=5.0)]


async def test_the_runs_own_calls_count(bench: Bench) -> None:
    @workflow
    async def itself(ctx: Context) -> list[int]:
        await ctx.call(echo, 1)
        return [record.done for record in await ctx.records("echo")]

    async with bench.app() as app:
        assert await app.run(itself) == [1]


async def test_what_was_learnt_is_recorded_although_more_happened_meanwhile(bench: Bench) -> None:
    seen: list[list[TrackRecord]] = []

    @workflow
    async def learns(ctx: Context) -> None:
        seen.append(await ctx.records("echo"))
        await ctx.sleep(60)

    await worked(bench, 2)
    async with bench.app(learns) as app:
        run = (await app.start(learns)).id
        await bench.clock.until(lambda: seen)
        await bench.clock.settle()
    await worked(bench, 3)
    await bench.result(run, learns, seconds=60)
    assert [[record.calls for record in records] for records in seen] == [[2], [2]]
    assert seen[0] == seen[1]


async def test_a_run_that_now_asks_of_others_is_blocked(bench: Bench) -> None:
    def looking(name: str) -> Any:
        @workflow(name="looks")
        async def looks(ctx: Context) -> None:
            await ctx.records(name)
            await ctx.sleep(60)

        return looks

    async with bench.app(looking("echo")) as app:
        run = (await app.start("looks")).id

        async def there() -> bool:
            return len(await app.runs.facts(run)) == 3

        await bench.clock.until(there)
    ended = await bench.ended(run, looking("flaky"), seconds=60)
    assert ended.reason.startswith("call 0: the journal has a look-up of how agents did")


class Slow:
    """A store that folds nothing until it is let."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.let = Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def records(self, agents: Sequence[str] = (), *, label: str | None = None) -> list[TrackRecord]:
        await asyncio.to_thread(self.let.wait, 10)
        return await self._store.records(agents)


async def test_a_look_up_that_lost_a_race_is_cut_and_stays_cut_on_replay(bench: Bench) -> None:
    won: list[object] = []

    @workflow
    async def races(ctx: Context) -> None:
        won.append(await ctx.race(ctx.call(echo, "quick"), ctx.records("echo")))
        await ctx.sleep(60)

    store = Slow(SqliteStore(str(bench.path)))
    async with bench.app(races, store=cast("Store", store)) as app:
        run = (await app.start(races)).id
        await bench.clock.settle()
        cut = [fact.body["keys"] for fact in await app.runs.facts(run) if fact.kind is FactKind.CANCELLED]
        store.let.set()
    await bench.result(run, races, seconds=60)
    assert (cut, won) == ([["1"]], ["quick", "quick"])
