"""LangGraph with its SQLite checkpointer, every step durable before the next one begins.

The graph API is measured, a node that loops on itself: under durability="sync" each pass waits
for its checkpoint. The functional API (@task) journals a task's result in the background: of 200
steps, 16 began before their predecessor was committed with synchronous=NORMAL, 173 with FULL. So
it is not durable per step, and with NORMAL no faster either (695 µs a step beside 611 µs).

SqliteSaver is measured, since AsyncSqliteSaver takes 1.5 to 2.3 times as long (sequential 930 µs,
fan-out 745 ms beside 340 ms, throughput 520 steps/s beside 800).
"""

from __future__ import annotations

import operator
import sqlite3
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from langgraph.types import Command, Send, interrupt

from benchmarks.job import CHAIN_STEPS, Figures, Job
from benchmarks.killing import STEPS_BEFORE_HOLD, Held, kill_midway
from benchmarks.measuring import (
    clean_import,
    count,
    disk_bytes,
    expect,
    expect_at_least,
    journal_mode,
    per_parked_run,
    per_second,
    per_step,
    resident_bytes,
    timed,
)

# The saver has one connection and one lock: 2, 4 and 8 threads do equally well, and one for each
# of 200 runs is 15 % slower. (One thread alone is 15 % faster, but then nothing is concurrent.)
THREADS = 4
CHECKPOINTS = "SELECT count(*) FROM checkpoints WHERE thread_id LIKE 'run-%'"
STEP_WRITES = "SELECT count(*) FROM writes WHERE thread_id LIKE 'run-%' AND channel = 'total'"

held = Held()


class ChainState(TypedDict):
    """The state of a chain of steps: how many were done, and their sum."""

    done: int
    steps: int
    total: int


class FanState(TypedDict):
    """The state of a fan-out: how many parallel steps, and their sum."""

    width: int
    total: Annotated[int, operator.add]


class WorkState(TypedDict):
    """What one parallel step is sent."""

    value: int


class ParkState(TypedDict):
    """The state of a run that waits for a value."""

    total: int


def chain_step(state: ChainState) -> dict[str, int]:
    """One trivial step."""
    if held.stop_here(state["done"]):
        held.hang()
    held.note()
    return {"done": state["done"] + 1, "total": state["total"] + 1}


def chain_next(state: ChainState) -> str:
    """Where a chain goes after a step: back to it until all are done."""
    return "step" if state["done"] < state["steps"] else END


def fan_work(state: WorkState) -> dict[str, int]:
    """One trivial parallel step."""
    return {"total": state["value"]}


def fan_sends(state: FanState) -> list[Send]:
    """All parallel steps at once."""
    return [Send("work", {"value": 1}) for _ in range(state["width"])]


def park_wait(state: ParkState) -> dict[str, int]:
    """Wait for a value from outside."""
    return {"total": state["total"] + int(interrupt("go"))}


def chain_graph(saver: SqliteSaver) -> Any:
    """The graph that repeats one node."""
    builder: Any = StateGraph(ChainState)
    builder.add_node("step", chain_step)
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", chain_next, ["step", END])
    return builder.compile(checkpointer=saver)


def fan_graph(saver: SqliteSaver) -> Any:
    """The graph that runs one node many times at once."""
    builder: Any = StateGraph(FanState)
    builder.add_node("work", fan_work)
    builder.add_conditional_edges(START, fan_sends, ["work"])
    builder.add_edge("work", END)
    return builder.compile(checkpointer=saver)


def park_graph(saver: SqliteSaver) -> Any:
    """The graph that waits for a value."""
    builder: Any = StateGraph(ParkState)
    builder.add_node("wait", park_wait)
    builder.add_edge(START, "wait")
    builder.add_edge("wait", END)
    return builder.compile(checkpointer=saver)


@contextmanager
def opened(job: Job) -> Generator[SqliteSaver]:
    """A saver on the job's database, with the pragmas the job asks for."""
    with closing(sqlite3.connect(job.database, check_same_thread=False, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={job.synchronous}")
        saver = SqliteSaver(connection)
        saver.setup()
        wanted = {"NORMAL": 1, "FULL": 2}[job.synchronous]
        expect("synchronous", connection.execute("PRAGMA synchronous").fetchone()[0], wanted)
        expect("journal mode", journal_mode(job.database), "wal")
        yield saver


def invoke(graph: Any, thread: str, value: Any, steps: int = CHAIN_STEPS) -> dict[str, Any]:
    """Run a graph to its end or its interrupt, each step durable before the next."""
    config = {"configurable": {"thread_id": thread}, "recursion_limit": steps + 10}
    result: dict[str, Any] = graph.invoke(value, config, durability="sync")
    return result


def chain_of(steps: int) -> ChainState:
    """The input of a chain."""
    return {"done": 0, "steps": steps, "total": 0}


def expect_chains(job: Job, runs: int, steps: int) -> None:
    """Fail unless the journal holds a checkpoint of every step of these chains."""
    # A run has a checkpoint of its input and one of its start besides those of its steps.
    expect("checkpoints", count(job.database, CHECKPOINTS), runs * (steps + 2))
    # ... and the input itself is a write to "total".
    expect("step writes", count(job.database, STEP_WRITES), runs * (steps + 1))


def import_time(job: Job) -> Figures:
    """The time to import what an application of this kind needs."""
    return clean_import(
        "from langgraph.graph import StateGraph, START, END\n"
        "from langgraph.types import interrupt, Send, Command\n"
        "from langgraph.checkpoint.sqlite import SqliteSaver"
    )


def sequential(job: Job) -> Figures:
    """One run of many steps one after another."""
    with opened(job) as saver:
        graph = chain_graph(saver)
        invoke(graph, "warm-up", chain_of(CHAIN_STEPS))
        with timed() as watch:
            result = invoke(graph, "run-0", chain_of(job.steps), job.steps)
        expect("sum", result["total"], job.steps)
    expect_chains(job, 1, job.steps)
    return per_step(watch, job.steps)


def throughput(job: Job) -> Figures:
    """Many runs at once."""
    with opened(job) as saver, ThreadPoolExecutor(THREADS) as threads:
        graph = chain_graph(saver)
        invoke(graph, "warm-up", chain_of(CHAIN_STEPS))

        def start(run: int) -> int:
            return int(invoke(graph, f"run-{run}", chain_of(job.steps))["total"])

        with timed() as watch:
            total = sum(threads.map(start, range(job.runs)))
        expect("sum", total, job.runs * job.steps)
    expect_chains(job, job.runs, job.steps)
    return per_second(watch, job.runs * job.steps)


def fanout(job: Job) -> Figures:
    """One run of many parallel steps."""
    with opened(job) as saver:
        graph = fan_graph(saver)
        invoke(graph, "warm-up", {"width": CHAIN_STEPS, "total": 0})
        with timed() as watch:
            result = invoke(graph, "run-0", {"width": job.steps, "total": 0})
        expect("sum", result["total"], job.steps)
    expect("step writes", count(job.database, STEP_WRITES), job.steps + 1)
    return {"fanout_ms": watch.seconds * 1e3}


def parked(job: Job) -> Figures:
    """Many runs that wait for a value: they leave memory and live in the journal only."""
    with opened(job) as saver:  # in one thread, which is the fastest and takes the least memory
        graph = park_graph(saver)
        invoke(graph, "warm-up", {"total": 0})
        disk, memory = disk_bytes(job), resident_bytes()

        def advance(run: int, value: Any) -> int:
            return int(invoke(graph, f"run-{run}", value).get("total", 0))

        with timed() as watch:
            waiting = sum(advance(run, {"total": 0}) for run in range(job.runs))
        memory, disk = resident_bytes() - memory, disk_bytes(job) - disk
        expect("sum before waking", waiting, 0)
        rows = "SELECT count(DISTINCT thread_id) FROM writes WHERE channel = '__interrupt__'"
        expect("interrupts journalled", count(job.database, rows), job.runs + 1)
        woken = sum(advance(run, Command(resume=run)) for run in range(job.runs))
        expect("sum after waking", woken, sum(range(job.runs)))
    return per_parked_run(watch, job.runs, memory, disk)


def victim(job: Job) -> Figures:
    """Start runs that all hang in their third step, to be killed there."""
    held.closed = True
    with opened(job) as saver, ThreadPoolExecutor(job.runs) as threads:
        graph = chain_graph(saver)
        for run in range(job.runs):
            threads.submit(invoke, graph, f"run-{run}", chain_of(job.steps))
        held.announce(job.runs)


def recovery(job: Job) -> Figures:
    """Runs killed mid-way and continued by this process.

    LangGraph continues no run by itself: the application has to know which threads had not
    ended and invoke each one again. Finding them costs nothing here, since we know them all.
    """
    kill_midway(job)
    done = job.runs * (STEPS_BEFORE_HOLD + 2)
    expect("checkpoints before recovery", count(job.database, CHECKPOINTS), done)
    begin = time.perf_counter()
    with opened(job) as saver, ThreadPoolExecutor(THREADS) as threads:
        graph = chain_graph(saver)

        def resume(run: int) -> int:
            return int(invoke(graph, f"run-{run}", None)["total"])

        total = sum(threads.map(resume, range(job.runs)))
        seconds = time.perf_counter() - begin
        expect("sum", total, job.runs * job.steps)
    expect("steps repeated", held.passed, job.runs * (job.steps - STEPS_BEFORE_HOLD))
    checkpoints = count(job.database, CHECKPOINTS)
    expect_at_least("checkpoints", checkpoints, job.runs * (job.steps + 2))
    return {"recovery_s": seconds, "recovery_run_ms": seconds / job.runs * 1e3}
