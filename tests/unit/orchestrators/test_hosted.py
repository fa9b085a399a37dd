"""Whichever try of another system's task asks for a run comes to the same one."""

import asyncio
from pathlib import Path

import pytest

from podium import App, Context, agent, workflow
from podium.errors import NotPossible, RunCancelled, RunFailed
from podium.orchestrators.hosted import Host, cancel_all, cancel_run, run_hosted

HOST = Host(system="cron", task=("nightly", "2026-12-01T00:00:00+00:00", "load data"))


def test_ids_tell_tasks_workflows_and_inputs_apart_and_hold_no_blanks() -> None:
    @workflow
    async def load(ctx: Context, day: str) -> None: ...

    ids = [HOST.run_id(load, "monday", None), HOST.run_id(load, "tuesday", None), HOST.run_id(load, "monday", "k")]
    assert len({*ids}) == 3
    assert ids[0] == HOST.run_id(load, "monday", None)
    assert ids[2] == "cron:nightly:2026-12-01T00:00:00+00:00:load_data:load:k"
    assert all(each.startswith(HOST.prefix) for each in ids)


async def test_a_task_that_is_tried_again_is_given_the_value_that_there_is(tmp_path: Path) -> None:
    done: list[str] = []

    @agent
    async def step(day: str) -> str:
        done.append(day)
        return f"{day} is loaded"

    @workflow
    async def load(ctx: Context, day: str) -> str:
        return await ctx.call(step, day)

    for _ in range(2):
        async with App.open(tmp_path / "podium.db", agents=[load]) as app:
            assert await run_hosted(app, HOST, load, "monday") == "monday is loaded"
            assert await run_hosted(app, HOST, "load", "tuesday", key="k") == "tuesday is loaded"
            assert await run_hosted(app, HOST, "load", "wednesday", key="k") == "tuesday is loaded"
    assert done == ["monday", "tuesday"]


async def test_a_run_that_failed_goes_on_from_what_failed(tmp_path: Path) -> None:
    done: list[str] = []

    @agent
    async def paid(day: str) -> str:
        done.append("paid")
        return day

    @agent
    async def shaky(day: str) -> str:
        done.append("shaky")
        if done.count("shaky") == 1:
            raise ValueError("the table is locked")
        return day

    @workflow
    async def load(ctx: Context, day: str) -> str:
        return await ctx.call(shaky, await ctx.call(paid, day))

    async with App.open(tmp_path / "podium.db", agents=[load]) as app:
        with pytest.raises(RunFailed, match="the table is locked"):
            await run_hosted(app, HOST, load, "monday")
        assert await run_hosted(app, HOST, load, "monday") == "monday"
    assert done == ["paid", "shaky", "shaky"]


async def test_a_run_that_failed_and_was_undone_says_that_it_cannot_go_on(tmp_path: Path) -> None:
    @agent
    async def undo(day: str) -> None: ...

    @workflow
    async def load(ctx: Context, day: str) -> str:
        await ctx.on_undo(undo, day)
        raise ValueError("no")

    async with App.open(tmp_path / "podium.db", agents=[load]) as app:
        with pytest.raises(RunFailed):
            await run_hosted(app, HOST, load, "monday")
        with pytest.raises(NotPossible, match="fork"):
            await run_hosted(app, HOST, load, "monday")


async def test_a_cancel_of_the_task_cancels_the_run_and_waits_until_it_is_undone(tmp_path: Path) -> None:
    undone: list[str] = []

    @agent
    async def undo(day: str) -> None:
        undone.append(day)

    @workflow
    async def load(ctx: Context, day: str) -> str:
        await ctx.on_undo(undo, day)
        return await ctx.signal("never", str)

    async with App.open(tmp_path / "podium.db", agents=[load]) as app:
        task = asyncio.create_task(run_hosted(app, HOST, load, "monday"))
        handle_id = HOST.run_id(load, "monday", None)
        while not [run for run in await app.runs.list(prefix=HOST.prefix) if run.state == "parked"]:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await (await app.handle(handle_id)).status()).state == "cancelled"
    assert undone == ["monday"]


async def test_a_cancel_of_the_task_cancels_the_run_also_while_it_is_being_started(tmp_path: Path) -> None:
    @workflow
    async def load(ctx: Context, day: str) -> str:
        return await ctx.signal("never", str)

    async with App.open(tmp_path / "podium.db", agents=[load]) as app:
        for steps in range(40):
            task = asyncio.create_task(run_hosted(app, HOST, load, f"day {steps}"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        runs = await app.runs.list(prefix=HOST.prefix)
        assert {str(run.state) for run in runs} == {"cancelled"}


async def test_all_runs_of_a_task_can_be_cancelled_from_another_process(tmp_path: Path) -> None:
    @workflow
    async def waits(ctx: Context, day: str) -> str:
        return await ctx.signal("never", str)

    store = tmp_path / "podium.db"
    async with App.open(store, agents=[waits], poll=0.01) as app:
        own = [await app.start(waits, str(n), id=HOST.run_id(waits, str(n), None)) for n in range(3)]
        foreign = await app.start(waits, "other", id="other")
        await cancel_all(store, HOST)
        await cancel_all(store, HOST)  # those that have ended stay as they are
        for handle in own:
            async for _ in handle.stream():
                pass
            assert (await handle.status()).state == "cancelled"
        assert not (await foreign.status()).state.ended


@workflow
async def waits(ctx: Context, day: str) -> str:
    return await ctx.signal("go", str)


async def parked(app: App, run_id: str) -> None:
    while [run.state for run in await app.runs.list(prefix=run_id) if run.id == run_id] != ["parked"]:
        await asyncio.sleep(0.001)


async def test_a_task_that_was_stopped_and_is_tried_again_begins_another_run_and_comes_to_that(tmp_path: Path) -> None:
    first = HOST.run_id(waits, "monday", None)
    async with App.open(tmp_path / "podium.db", agents=[waits]) as app:
        for stopped in (first, f"{first}~2"):
            task = asyncio.create_task(run_hosted(app, HOST, waits, "monday"))
            await parked(app, stopped)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        tries = [asyncio.create_task(run_hosted(app, HOST, waits, "monday")) for _ in range(3)]
        await parked(app, f"{first}~3")
        await (await app.handle(f"{first}~3")).signal("go", "done")
        assert await asyncio.gather(*tries) == ["done"] * 3
        assert await run_hosted(app, HOST, waits, "monday") == "done"
        states = {run.id: str(run.state) for run in await app.runs.list(prefix=first)}
        assert states == {first: "cancelled", f"{first}~2": "cancelled", f"{first}~3": "done"}


async def test_a_try_that_comes_while_the_run_before_is_being_stopped_begins_another_run(tmp_path: Path) -> None:
    first = HOST.run_id(waits, "monday", None)
    async with App.open(tmp_path / "podium.db", agents=[waits], poll=0.01) as app:
        await app.start(waits, "monday", id=first)
        await parked(app, first)
        second = asyncio.create_task(run_hosted(app, HOST, waits, "monday"))  # waits for the run that it finds
        await asyncio.sleep(0)
        await cancel_run(tmp_path / "podium.db", first, HOST.stop)
        await parked(app, f"{first}~2")
        await (await app.handle(f"{first}~2")).signal("go", "done")
        assert await second == "done"


async def test_a_run_that_somebody_cancelled_stays_so(tmp_path: Path) -> None:
    first = HOST.run_id(waits, "monday", None)
    async with App.open(tmp_path / "podium.db", agents=[waits]) as app:
        handle = await app.start(waits, "monday", id=first)
        await handle.cancel("not today")
        for _ in range(2):
            with pytest.raises(RunCancelled, match="not today"):
                await run_hosted(app, HOST, waits, "monday")


async def test_a_try_whose_own_run_is_cancelled_by_the_system_from_elsewhere_begins_no_other(tmp_path: Path) -> None:
    first = HOST.run_id(waits, "monday", None)
    async with App.open(tmp_path / "podium.db", agents=[waits], poll=0.01) as app:
        task = asyncio.create_task(run_hosted(app, HOST, waits, "monday"))
        await parked(app, first)
        await cancel_all(tmp_path / "podium.db", HOST)
        with pytest.raises(RunCancelled, match="was stopped"):
            await task
        assert [run.id for run in await app.runs.list(prefix=first)] == [first]
