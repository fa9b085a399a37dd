"""LangGraph: processes that invoke their shares of the runs, with its saver for PostgreSQL."""

from __future__ import annotations

import time

from benchmarks.fleets.processes import Process, several
from benchmarks.fleets.server import Server
from benchmarks.job import CHAIN_STEPS, Figures
from benchmarks.measuring import expect


def measured(server: Server, runs: int, workers: int) -> Figures:
    """Have each process invoke its share at once."""
    address, share = server.database(), runs // workers

    def worker(place: int) -> Process:
        arguments = [address, str(place * share), str(share), str(CHAIN_STEPS)]
        return Process("benchmarks.fleets.langgraph_worker", arguments)

    with several([worker(0)]) as (first,), several([worker(n) for n in range(1, workers)]) as others:
        begin = time.perf_counter()
        for each in (first, *others):
            each.tell("GO")
        done = sum(int(each.line()) for each in (first, *others))
        seconds = time.perf_counter() - begin
    expect("steps", done, share * workers * CHAIN_STEPS)
    return {"steps_per_s": done / seconds}
