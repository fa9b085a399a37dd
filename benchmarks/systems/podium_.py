"""Podium as its users have it: nothing is set but the durability that is asked for.

Every step is committed before the next one of its run begins; what runs side by side record
within one turn of the event loop shares a commit. Podium folds its write-ahead log into the
database every 2,000 commits and may do so after a measurement has ended; the peers leave that
to SQLite, which does it every 1,000 pages and within the measurement.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.job import CHAIN_STEPS, Figures, Job
from benchmarks.killing import STEPS_BEFORE_HOLD, Held, kill_midway
from benchmarks.measuring import (
    clean_import,
    count,
    disk_bytes,
    expect,
    journal_mode,
    per_parked_run,
    per_second,
    per_step,
    resident_bytes,
    timed,
)
from podium import App, Context, RunHandle, agent, workflow
from podium.model.fact import FactKind

RUNS = "SELECT count(*) FROM runs WHERE id LIKE 'run-%' AND state ="
PARKED_RUNS = f"{RUNS} 'parked'"
ENDED_RUNS = f"{RUNS} 'done'"
STEP_FACTS = (
    "SELECT count(*) FROM facts JOIN runs ON runs.n = (facts.place >> 24) "
    f"WHERE runs.id LIKE 'run-%' AND facts.kind = {FactKind.ANSWERED:d}"
)

held = Held()


@agent
async def add(step: int) -> int:
    """One trivial step."""
    if held.stop_here(step):
        await asyncio.Event().wait()
    held.note()
    return 1


@workflow(version="1")
async def chain(ctx: Context, steps: int) -> int:
    """Steps one after another."""
    total = 0
    for step in range(steps):
        total += await ctx.call(add, step)
    return total


@workflow(version="1")
async def fan(ctx: Context, width: int) -> int:
    """Steps all at once."""
    return sum(await ctx.map(add, range(width)))


@workflow(version="1")
async def park(ctx: Context, start: int) -> int:
    """Wait for a value from outside."""
    return start + await ctx.signal("go", int)


@asynccontextmanager
async def opened(job: Job) -> AsyncGenerator[App]:
    """An app on the job's database, with the durability the job asks for."""
    agents = [add, chain, fan, park]
    async with App.open(job.database, agents=agents, durability=job.durability) as app:
        expect("journal mode", journal_mode(job.database), "wal")
        yield app


async def start_chains(app: App, job: Job) -> list[RunHandle[int]]:
    """Start the job's runs at once, each under an identifier of its own."""
    starts = [app.start(chain, job.steps, id=f"run-{run}") for run in range(job.runs)]
    return list(await asyncio.gather(*starts))


async def until(job: Job, query: str, wanted: int) -> None:
    """Wait until a count of the job's database is as wanted."""
    while count(job.database, query) < wanted:
        await asyncio.sleep(0.01)


def import_time(job: Job) -> Figures:
    """The time to import what an application of this kind needs."""
    return clean_import("from podium import App, Context, agent, workflow")


async def sequential_run(job: Job) -> Figures:
    """Measure one run of many steps one after another."""
    async with opened(job) as app:
        await app.run(chain, CHAIN_STEPS)
        with timed() as watch:
            total = await app.run(chain, job.steps, id="run-0")
        expect("sum", total, job.steps)
    expect("steps journalled", count(job.database, STEP_FACTS), job.steps)
    return per_step(watch, job.steps)


def sequential(job: Job) -> Figures:
    """One run of many steps one after another."""
    return asyncio.run(sequential_run(job))


async def throughput_runs(job: Job) -> Figures:
    """Measure many runs at once."""
    async with opened(job) as app:
        await app.run(chain, CHAIN_STEPS)
        with timed() as watch:
            handles = await start_chains(app, job)
            total = sum(await asyncio.gather(*[handle.result() for handle in handles]))
        expect("sum", total, job.runs * job.steps)
    expect("steps journalled", count(job.database, STEP_FACTS), job.runs * job.steps)
    return per_second(watch, job.runs * job.steps)


def throughput(job: Job) -> Figures:
    """Many runs at once."""
    return asyncio.run(throughput_runs(job))


async def fanout_run(job: Job) -> Figures:
    """Measure one run of many parallel steps."""
    async with opened(job) as app:
        await app.run(fan, CHAIN_STEPS)
        with timed() as watch:
            total = await app.run(fan, job.steps, id="run-0")
        expect("sum", total, job.steps)
    expect("steps journalled", count(job.database, STEP_FACTS), job.steps)
    return {"fanout_ms": watch.seconds * 1e3}


def fanout(job: Job) -> Figures:
    """One run of many parallel steps."""
    return asyncio.run(fanout_run(job))


async def parked_runs(job: Job) -> Figures:
    """Start runs that wait, measure them, then wake them all."""
    async with opened(job) as app:
        warm = await app.start(park, 0)
        await warm.signal("go", 7)
        expect("warm-up", await warm.result(), 7)
        disk, memory = disk_bytes(job), resident_bytes()
        with timed() as watch:
            for run in range(job.runs):
                await app.start(park, 0, id=f"run-{run}")
            await until(job, PARKED_RUNS, job.runs)
        memory, disk = resident_bytes() - memory, disk_bytes(job) - disk
        expect("runs parked", count(job.database, PARKED_RUNS), job.runs)
        handles = [await app.handle(f"run-{run}") for run in range(job.runs)]
        await asyncio.gather(*[handle.signal("go", run) for run, handle in enumerate(handles)])
        await until(job, ENDED_RUNS, job.runs)
        woken = sum([await handle.result() for handle in handles])
        expect("sum after waking", woken, sum(range(job.runs)))
    return per_parked_run(watch, job.runs, memory, disk)


def parked(job: Job) -> Figures:
    """Many runs that wait for a signal: they leave memory and live in the journal only."""
    return asyncio.run(parked_runs(job))


async def hang(job: Job) -> None:
    """Start runs that all hang in their third step."""
    async with opened(job) as app:
        await start_chains(app, job)
        await asyncio.to_thread(held.announce, job.runs)


def victim(job: Job) -> Figures:
    """Start runs that all hang in their third step, to be killed there."""
    held.closed = True
    asyncio.run(hang(job))
    return {}


async def recover(job: Job) -> Figures:
    """Measure the recovery of runs that were killed."""
    start = time.perf_counter()
    async with opened(job) as app:
        await until(job, ENDED_RUNS, job.runs)
        seconds = time.perf_counter() - start
        total = sum([await (await app.handle(f"run-{run}")).result() for run in range(job.runs)])
        expect("sum", total, job.runs * job.steps)
    return {"recovery_s": seconds, "recovery_run_ms": seconds / job.runs * 1e3}


def recovery(job: Job) -> Figures:
    """Runs killed mid-way, which Podium takes up by itself when a store is opened again."""
    kill_midway(job)
    done = job.runs * STEPS_BEFORE_HOLD
    expect("steps before recovery", count(job.database, STEP_FACTS), done)
    figures = asyncio.run(recover(job))
    expect("steps repeated", held.passed, job.runs * (job.steps - STEPS_BEFORE_HOLD))
    expect("steps journalled", count(job.database, STEP_FACTS), job.runs * job.steps)
    return figures
