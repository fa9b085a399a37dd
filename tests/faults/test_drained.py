"""A worker that is drained from another process ends by itself, and leaves nothing in doubt and nothing undone."""

import json
import signal
from pathlib import Path

import pytest

from tests.faults.test_freeze import wait_for
from tests.faults.test_stopping import DAY, LONG, Fleet, stopped

ROUNDS = 24


def workers(fleet: Fleet) -> list[str]:
    return [each["id"] for each in json.loads(fleet.run("workers", "list", "--json"))]


@pytest.mark.kill
def test_workers_that_are_drained_one_after_the_other_leave_nothing_in_doubt(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, seconds=0.5)
    running = fleet.begin("run", DAY, "--input", str(ROUNDS))
    wait_for(lambda: fleet.begun() > 1)
    stopped(running, signal.SIGTERM)
    running = fleet.begin("work", DAY, "--forever")
    for _ in range(3):
        before = fleet.begun()
        wait_for(lambda before=before: fleet.begun() > before or before == 3 * ROUNDS)
        [worker] = workers(fleet)
        assert "has drained" in fleet.run("workers", "drain", worker, "--wait", "--by", "ann", "--why", "deploy")
        told, _ = running.communicate(timeout=120)
        assert running.returncode == 0, told
        assert "ann has this worker drained: deploy" in told
        assert "had not ended" not in told
        assert workers(fleet) == []
        running = fleet.begin("work", DAY, "--forever")
    wait_for(lambda: fleet.witness.count("ended") == 3 * ROUNDS)
    stopped(running, signal.SIGTERM)
    assert fleet.run("inbox", "list").strip() == "nothing waits"
    assert set(fleet.witness.counts().values()) == {1}
    assert "ok " in fleet.run("audit", "verify")


@pytest.mark.kill
def test_who_waits_for_a_worker_that_dies_instead_is_told(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, seconds=LONG, grace=LONG)
    running = fleet.begin("run", DAY, "--input", "1")
    wait_for(lambda: fleet.begun() == 3)
    [worker] = workers(fleet)
    draining = fleet.begin("workers", "drain", worker, "--wait")
    wait_for(lambda: "draining" in fleet.run("workers", "list"))
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=120)
    told, _ = draining.communicate(timeout=120)
    assert draining.returncode == 1, told
    assert "is gone before it had drained" in told
