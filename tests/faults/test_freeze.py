"""A process that is frozen, loses its runs to another, and is thawed: it gets nothing in any more."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from podium.app import run_sync
from podium.model.fact import FactKind
from podium.reports.audit import audit
from podium.store.protocol import RunQuery
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.faults.stores import Shared, address_in, store_in
from tests.forking import commands
from tests.forking.process import Process

LEASE = 0.8
RUNS = 8


def start(folder: Path, name: str) -> Process:
    command = ["python", str(PROGRAMS / "pair.py"), str(folder), name, str(RUNS), str(LEASE), address_in(folder)]
    return commands.begin(command, cwd=folder, env=os.environ)


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


def ended(process: Process) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def freeze(process: Process, store: Path) -> None:
    """Stop a process, and where the store is a file, not in the midst of a commit: nobody gets past its lock."""
    while True:
        os.kill(process.pid, signal.SIGSTOP)
        if not store.exists() or not is_locked(store):
            return
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.01)


def is_locked(store: Path) -> bool:
    with closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return True
        connection.execute("ROLLBACK")
    return False


def test_the_late_appends_of_a_thawed_process_are_refused(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    witness = Witness(tmp_path / "witness")
    first = start(tmp_path, "first")
    wait_for(lambda: witness.count("begun", "first") >= RUNS)
    freeze(first, tmp_path / "podium.db")
    try:
        frozen_at = len(witness.lines())
        second = start(tmp_path, "second")
        results = json.loads(ended(second))
        assert results == {f"r{n}": [n, n + 1, "paid"] for n in range(RUNS)}
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert json.loads(ended(first)) == results
    after = witness.lines()[frozen_at:]
    assert {line.split(" ")[1] for line in after if line.startswith("begun")} <= {"second", "first"}
    store = store_in(tmp_path)
    assert run_sync(audit(store)).faults == []
    for run in run_sync(store.runs(RunQuery())).items:
        facts = run_sync(store.facts(run.id))
        assert [fact.epoch for fact in facts] == sorted(fact.epoch for fact in facts)
        assert facts[-1].epoch > facts[0].epoch, "it was not taken over"
        assert sum(fact.kind is FactKind.ENDED for fact in facts) == 1
        answered = [fact.key for fact in facts if fact.kind is FactKind.ANSWERED]
        assert len(answered) == len(set(answered))
    store.close()
    paid = {f"r{n}": witness.count("effect", f"r{n}") for n in range(RUNS)}
    assert paid == dict.fromkeys(paid, 1)


def test_two_processes_on_one_store_finish_everything_once(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    witness = Witness(tmp_path / "witness")
    both = [start(tmp_path, "first"), start(tmp_path, "second")]
    results = [json.loads(ended(process)) for process in both]
    assert results[0] == results[1] == {f"r{n}": [n, n + 1, "paid"] for n in range(RUNS)}
    assert {witness.count("effect", f"r{n}") for n in range(RUNS)} == {1}
    calls = [line.split(" ", 2)[2] for line in witness.lines() if line.startswith("begun")]
    assert len(calls) == len(set(calls))
