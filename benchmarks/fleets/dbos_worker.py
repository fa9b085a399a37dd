"""A process that drives workflows of a DBOS queue until its standard input ends: `… dbos_worker ADDRESS NAME`."""

from __future__ import annotations

import sys
import time

from dbos import DBOS

QUEUE = "bench"
POLL_SECONDS = 0.02
"""DBOS looks once a second unless told otherwise."""
THREADS = 8
"""4 and 16 at once do no better."""


@DBOS.step()
def add(step: int, total: int) -> int:
    return total + 1


@DBOS.workflow()
def chain(steps: int) -> int:
    total = 0
    for step in range(steps):
        total = add(step, total)
    return total


@DBOS.step()
def moment() -> float:
    return time.time()


@DBOS.workflow()
def first() -> float:
    return moment()


def main() -> None:
    address, name = sys.argv[1:]
    DBOS(
        config={
            "name": "bench",
            "system_database_url": address,
            "application_version": "bench",
            "executor_id": name,
            "log_level": "ERROR",
            "enable_otlp": False,
            "max_executor_threads": THREADS,
        }
    )
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=THREADS, polling_interval_sec=POLL_SECONDS)
    print("READY", flush=True)
    sys.stdin.read()
    DBOS.destroy()


if __name__ == "__main__":
    main()
