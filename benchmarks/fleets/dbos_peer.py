"""DBOS: workers that take workflows from one queue on PostgreSQL, as Podium's take runs."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOSClient

from benchmarks.fleets.dbos_worker import QUEUE
from benchmarks.fleets.processes import Process, several
from benchmarks.fleets.server import Server
from benchmarks.job import CHAIN_STEPS, Figures
from benchmarks.measuring import expect, wait_until

_DONE = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
_ENQUEUERS = 4


def measured(server: Server, runs: int, workers: int, looks: int) -> Figures:
    """Enqueue all workflows from another process; then some one after the other."""
    address = server.database()

    def worker(place: int) -> Process:
        return Process("benchmarks.fleets.dbos_worker", [address, f"worker-{place}"])

    with several([worker(0)]), several([worker(n) for n in range(1, workers)]):  # the first one makes the tables
        client = DBOSClient(system_database_url=address)
        try:
            for _ in range(workers):
                _enqueue(client, "chain", CHAIN_STEPS)
            wait_until("warm-up", lambda: server.number(address, _DONE) == workers)
            begin = time.perf_counter()
            with ThreadPoolExecutor(_ENQUEUERS) as threads:
                list(threads.map(lambda _: _enqueue(client, "chain", CHAIN_STEPS), range(runs)))
            wait_until("runs ended", lambda: server.number(address, _DONE) == runs + workers)
            seconds = time.perf_counter() - begin
            steps = server.number(address, "SELECT count(*) FROM dbos.operation_outputs")
            expect("steps journalled", steps, (runs + workers) * CHAIN_STEPS)
            waited = sorted(_look(client) for _ in range(looks))
        finally:
            client.destroy()
    return {
        "steps_per_s": runs * CHAIN_STEPS / seconds,
        "first_step_p50_ms": statistics.median(waited) * 1e3,
        "first_step_p95_ms": waited[int(len(waited) * 0.95)] * 1e3,
    }


def _look(client: DBOSClient) -> float:
    begin = time.time()
    found = float(_enqueue(client, "first").get_result(polling_interval_sec=0.01))
    time.sleep(0.03)
    return found - begin


def _enqueue(client: DBOSClient, workflow: str, *arguments: int):  # noqa: ANN202 - a handle, which dbos does not export
    return client.enqueue({"queue_name": QUEUE, "workflow_name": workflow}, *arguments)
