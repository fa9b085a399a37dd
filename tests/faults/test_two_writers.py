"""Two processes that write to one store at the same time."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from podium.app import run_sync
from podium.model.run import RunState
from podium.reports.audit import audit
from podium.store.protocol import RunQuery
from podium.store.sqlite.store import SqliteStore
from tests.faults.children import PROGRAMS

RUNS = 400
LONGEST = 0.5
USUAL = 0.02


def test_both_finish_everything_and_neither_loop_is_held_up_for_long(disk_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROGRAMS / "busy.py"), str(disk_path), name, str(RUNS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    idle: list[float] = []
    while any(process.poll() is None for process in processes):
        began = time.perf_counter()
        time.sleep(0.002)
        idle.append(time.perf_counter() - began - 0.002)
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    holds = [json.loads(output) for output in outputs]
    busy = {"worst": max(idle), "median": median(idle)}  # what the machine adds, for who does nothing but wait
    assert max(each["worst"] for each in holds) < LONGEST + busy["worst"], (holds, busy)
    assert max(each["median"] for each in holds) < USUAL + 2 * busy["median"], (holds, busy)
    store = SqliteStore(str(disk_path / "podium.db"))
    runs = run_sync(store.runs(RunQuery(limit=10_000))).items
    assert [run.state for run in runs] == [RunState.DONE] * (2 * RUNS)
    assert run_sync(audit(store)).faults == []
    store.close()
