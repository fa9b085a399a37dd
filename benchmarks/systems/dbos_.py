"""DBOS with its system database in SQLite.

Synchronous workflows and steps are measured where one thread a run will do, since they are
faster than coroutines there (890 µs a step beside 1,580 µs). Steps in parallel within one run
are coroutines, as DBOS has it; so are runs that wait, which take 27 kB each beside a thread's 67.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, SetWorkflowID
from sqlalchemy import Engine, event

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
    wait_until,
)

# DBOS takes one thread a run unless told otherwise: 200 at once are a third slower than these.
THREADS = 4
WAIT_SECONDS = 100_000.0
STEP_ROWS = "SELECT count(*) FROM operation_outputs WHERE workflow_uuid LIKE 'run-%'"
ENDED_RUNS = "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE 'run-%' AND status = 'SUCCESS'"

held = Held()


@DBOS.step()
def add(step: int, total: int) -> int:
    """One trivial step."""
    if held.stop_here(step):
        held.hang()
    held.note()
    return total + 1


@DBOS.step()
async def one() -> int:
    """One trivial parallel step."""
    return 1


@DBOS.workflow()
def chain(steps: int) -> int:
    """Steps one after another."""
    total = 0
    for step in range(steps):
        total = add(step, total)
    return total


@DBOS.workflow()
async def fan(width: int) -> int:
    """Steps all at once."""
    return sum(await asyncio.gather(*[one() for _ in range(width)]))


@DBOS.workflow()
async def park() -> int:
    """Wait for a value from outside."""
    return int(await DBOS.recv_async("go", timeout_seconds=WAIT_SECONDS))


@contextmanager
def opened(job: Job, threads: int | None = None) -> Generator[None]:
    """DBOS launched on the job's database, with the pragmas the job asks for."""
    found: list[int] = []

    # DBOS offers no setting for SQLite's pragmas and sets neither of these: without this its
    # database keeps SQLite's own rollback journal, which is slower.
    @event.listens_for(Engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={job.synchronous}")
        found.append(connection.execute("PRAGMA synchronous").fetchone()[0])

    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{job.database}",
            "application_version": "bench",
            "log_level": "ERROR",
            "enable_otlp": False,
            "max_executor_threads": threads,
        }
    )
    DBOS.launch()
    try:
        expect("journal mode", journal_mode(job.database), "wal")
        yield
        expect("synchronous", set(found), {{"NORMAL": 1, "FULL": 2}[job.synchronous]})
    finally:
        DBOS.destroy()


def start_chains(job: Job) -> list[Any]:
    """Start the job's runs, each under an identifier of its own."""
    handles: list[Any] = []
    for run in range(job.runs):
        with SetWorkflowID(f"run-{run}"):
            handles.append(DBOS.start_workflow(chain, job.steps))
    return handles


def import_time(job: Job) -> Figures:
    """The time to import what an application of this kind needs."""
    return clean_import("from dbos import DBOS, SetWorkflowID")


def sequential(job: Job) -> Figures:
    """One run of many steps one after another."""
    with opened(job):
        chain(CHAIN_STEPS)
        with SetWorkflowID("run-0"), timed() as watch:
            total = chain(job.steps)
        expect("sum", total, job.steps)
    expect("steps journalled", count(job.database, STEP_ROWS), job.steps)
    return per_step(watch, job.steps)


def throughput(job: Job) -> Figures:
    """Many runs at once."""
    with opened(job, THREADS):
        chain(CHAIN_STEPS)
        with timed() as watch:
            total = sum(handle.get_result() for handle in start_chains(job))
        expect("sum", total, job.runs * job.steps)
    expect("steps journalled", count(job.database, STEP_ROWS), job.runs * job.steps)
    return per_second(watch, job.runs * job.steps)


async def fanout_run(job: Job) -> float:
    """The seconds of one run of parallel steps."""
    with opened(job):
        await fan(CHAIN_STEPS)
        with SetWorkflowID("run-0"), timed() as watch:
            total = await fan(job.steps)
        expect("sum", total, job.steps)
    return watch.seconds


def fanout(job: Job) -> Figures:
    """One run of many parallel steps."""
    seconds = asyncio.run(fanout_run(job))
    expect("steps journalled", count(job.database, STEP_ROWS), job.steps)
    return {"fanout_ms": seconds * 1e3}


async def parked_runs(job: Job) -> Figures:
    """Start runs that wait, measure them, then wake them all."""
    with opened(job):
        warm = await DBOS.start_workflow_async(park)
        await DBOS.send_async(warm.workflow_id, 7, "go")
        expect("warm-up", await warm.get_result(), 7)
        disk, memory = disk_bytes(job), resident_bytes()
        handles: list[Any] = []
        with timed() as watch:
            for run in range(job.runs):
                with SetWorkflowID(f"run-{run}"):
                    handles.append(await DBOS.start_workflow_async(park))
            # A run that waits has journalled the deadline of its wait.
            while count(job.database, STEP_ROWS) < job.runs:
                await asyncio.sleep(0.01)
        memory, disk = resident_bytes() - memory, disk_bytes(job) - disk
        expect("waits journalled", count(job.database, STEP_ROWS), job.runs)
        for run in range(job.runs):
            await DBOS.send_async(f"run-{run}", run, "go")
        woken = sum(await asyncio.gather(*[handle.get_result() for handle in handles]))
        expect("sum after waking", woken, sum(range(job.runs)))
    return per_parked_run(watch, job.runs, memory, disk)


def parked(job: Job) -> Figures:
    """Many runs that wait for a message."""
    return asyncio.run(parked_runs(job))


def victim(job: Job) -> Figures:
    """Start runs that all hang in their third step, to be killed there."""
    held.closed = True
    with opened(job):
        start_chains(job)
        held.announce(job.runs)


def recovery(job: Job) -> Figures:
    """Runs killed mid-way, which DBOS puts back into its queue when it is launched again."""
    kill_midway(job)
    done = job.runs * STEPS_BEFORE_HOLD
    expect("steps before recovery", count(job.database, STEP_ROWS), done)
    start = time.perf_counter()
    with opened(job):
        # One count of all statuses costs DBOS less than its handles, each of which polls.
        wait_until("all runs ended", lambda: count(job.database, ENDED_RUNS) == job.runs, 300.0)
        seconds = time.perf_counter() - start
        handles: list[Any] = [DBOS.retrieve_workflow(f"run-{run}") for run in range(job.runs)]
        total = sum(handle.get_result() for handle in handles)
        expect("sum", total, job.runs * job.steps)
    expect("steps repeated", held.passed, job.runs * (job.steps - STEPS_BEFORE_HOLD))
    expect("steps journalled", count(job.database, STEP_ROWS), job.runs * job.steps)
    return {"recovery_s": seconds, "recovery_run_ms": seconds / job.runs * 1e3}
