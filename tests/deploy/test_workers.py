"""The command, the probes and the queries of deploy/ do their work, on a real PostgreSQL server."""

import os
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from podium.model.run import RunState
from tests.deploy import manifests
from tests.deploy.checks_of_tools import DEPLOY
from tests.deploy.pods import Pods, passes
from tests.deploy.programs.desk import PAYMENTS
from tests.e2e.cli import until
from tests.postgres import PostgresServer

pytestmark = pytest.mark.system

RUNS = 60
KEDA = "podium_keda"


@pytest.fixture
def pods(tmp_path: Path, postgres: PostgresServer) -> Generator[Pods]:
    found = Pods(tmp_path, postgres)
    yield found
    found.kill_all()


@pytest.fixture
def keda(pods: Pods) -> Generator[None]:
    """Let KEDA look, as the page has it."""
    pods.begin("night", 0)
    path = os.pathsep.join([os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    command = [
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        "password=it's",
        "-f",
        DEPLOY / "kubernetes/keda/user.sql",
    ]
    address = f"host={pods.host} dbname={pods.database} user=postgres"
    subprocess.run([*command, address], env={**os.environ, "PATH": path}, check=True)
    yield
    pods.ask(f"DROP OWNED BY {KEDA}; DROP ROLE {KEDA}")


def asked(pods: Pods, trigger: str) -> float:
    """Return what a trigger of KEDA is told."""
    (found,) = (each for each in manifests.the("ScaledObject")["spec"]["triggers"] if each["name"] == trigger)
    return float(pods.ask(found["metadata"]["query"], user=found["metadata"]["userName"]))


def is_frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def hours_ago(file: Path) -> None:
    before = time.time() - 3_600
    os.utime(file, (before, before))


def test_the_probes_pass_while_a_worker_beats_and_fail_while_it_does_not(pods: Pods) -> None:
    worker, alive = pods.start()
    assert not passes("startup", alive)
    until(lambda: passes("startup", alive))
    assert passes("readiness", alive)
    assert passes("liveness", alive)
    worker.send_signal(signal.SIGSTOP)
    until(lambda: is_frozen(worker.pid))
    hours_ago(alive)  # as old as it gets by itself, where it stays frozen
    assert [passes(each, alive) for each in ("readiness", "liveness")] == [False, False]
    worker.send_signal(signal.SIGCONT)
    until(lambda: passes("readiness", alive))


def test_a_worker_that_was_told_to_stop_is_not_taken_for_one_that_lives(pods: Pods) -> None:
    worker, alive = pods.start()
    until(lambda: passes("startup", alive))
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=120)
    assert worker.returncode == 130
    assert [passes(each, alive) for each in ("startup", "readiness", "liveness")] == [False] * 3


def test_a_rollout_under_load_loses_nothing_and_pays_nothing_twice(pods: Pods) -> None:
    pods.begin("desk", RUNS)
    old = [pods.start() for _ in range(manifests.the("Deployment")["spec"]["replicas"])]
    until(lambda: pods.witness.count("paid") > RUNS)
    for worker, _ in old:  # maxSurge 1, maxUnavailable 0
        _, alive = pods.start()
        until(lambda alive=alive: passes("readiness", alive))
        worker.send_signal(signal.SIGTERM)
        assert "had not ended" not in worker.communicate(timeout=120)[0]
    until(lambda: set(pods.states()) == {RunState.DONE})
    assert set(pods.witness.counts().values()) == {1}
    assert pods.witness.count("paid") == RUNS * PAYMENTS


def test_a_worker_that_is_killed_is_replaced(pods: Pods) -> None:
    pods.begin("night", 3)
    first, _ = pods.start()
    until(lambda: pods.witness.count("watches") == 3)
    first.kill()
    first.communicate()
    pods.start()
    until(lambda: pods.witness.count("watches") == 6)
    (pods.folder / "gate").touch()
    until(lambda: set(pods.states()) == {RunState.DONE})


@pytest.mark.usefixtures("keda")
def test_keda_is_told_how_long_runs_have_waited_and_how_many_there_are(pods: Pods) -> None:
    assert (asked(pods, "oldest"), asked(pods, "load")) == (0, 0)
    pods.begin("night", 3)
    pods.begin("night", 2, queue="gpu")
    assert asked(pods, "load") == 5
    pods.ask("UPDATE podium.runs SET ready_at = ready_at - 100 WHERE queue = 'gpu'")
    assert 100 <= asked(pods, "oldest") < 100 + 600
    pods.start()
    until(lambda: pods.witness.count("watches") == 5)
    assert (asked(pods, "oldest"), asked(pods, "load")) == (0, 5)
    (pods.folder / "gate").touch()
    until(lambda: set(pods.states()) == {RunState.DONE})
    assert asked(pods, "load") == 0


@pytest.mark.usefixtures("keda")
def test_keda_may_read_nothing_else(pods: Pods) -> None:
    for table in ("runs", "facts", "workers"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pods.ask(f"SELECT * FROM podium.{table}", user=KEDA)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        pods.ask("CREATE TABLE podium.mine (n bigint)", user=KEDA)
