"""Two processes that write to one store at the same time."""

import subprocess
import sys
from pathlib import Path

from podium.app import run_sync
from podium.model.run import RunState
from podium.reports.audit import audit
from podium.store.protocol import RunQuery
from podium.store.sqlite.store import SqliteStore
from tests.faults.children import PROGRAMS

RUNS = 400


def test_both_finish_everything(disk_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, str(PROGRAMS / "busy.py"), str(disk_path), name, str(RUNS)]) for name in "ab"
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    store = SqliteStore(str(disk_path / "podium.db"))
    runs = run_sync(store.runs(RunQuery(limit=10_000))).items
    assert [run.state for run in runs] == [RunState.DONE] * (2 * RUNS)
    assert run_sync(audit(store)).faults == []
    store.close()
