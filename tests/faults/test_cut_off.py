"""A worker whose line to PostgreSQL is cut: nothing comes through, others take its runs, and it gets nothing in."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from podium.app import run_sync
from podium.model.fact import FactKind
from podium.reports.audit import audit
from podium.store.opening import open_store
from podium.store.protocol import RunQuery
from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.faults.lines import has_networks, line_through_network, line_through_proxy
from tests.faults.test_freeze import wait_for

pytestmark = pytest.mark.kill

RUNS = 8
LEASE = 1.0


def begun(folder: Path, name: str, address: str, before: Sequence[str] = ()) -> "subprocess.Popen[str]":
    command = [*before, sys.executable, str(PROGRAMS / "pair.py"), str(folder), name, str(RUNS), str(LEASE), address]
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def results_of(process: "subprocess.Popen[str]") -> dict[str, list[object]]:
    output, errors = process.communicate(timeout=170)
    assert process.returncode == 0, errors
    return json.loads(output)


@pytest.mark.parametrize("way", ["network", "proxy"])
def test_a_worker_that_is_cut_off_loses_its_runs_and_gets_nothing_in(tmp_path: Path, way: str) -> None:
    witness = Witness(tmp_path / "witness")
    network = way == "network" and has_networks()  # else the proxy stands for it: it loses all without a word, too
    with line_through_network() if network else line_through_proxy() as line:
        first = begun(tmp_path, "first", line.there, line.before)
        try:
            wait_for(lambda: witness.count("begun", "first") >= RUNS)
            line.cut()
            results = results_of(begun(tmp_path, "second", line.here))
            assert results == {f"r{n}": [n, n + 1, "paid"] for n in range(RUNS)}
            with closing(open_store(line.here)) as store:
                assert first.pid in {each.pid for each in store.workers.lost(0.0)}
            line.mend()
            assert results_of(first) == results
        finally:
            first.kill()
        with closing(open_store(line.here)) as store:
            assert run_sync(audit(store)).faults == []
            for run in run_sync(store.runs(RunQuery())).items:
                facts = run_sync(store.facts(run.id))
                assert [fact.epoch for fact in facts] == sorted(fact.epoch for fact in facts)
                assert sum(fact.kind is FactKind.ENDED for fact in facts) == 1
    paid = {f"r{n}": witness.count("effect", f"r{n}") for n in range(RUNS)}
    assert paid == dict.fromkeys(paid, 1)
