"""A worker that is stopped in an orderly way: a deploy puts nothing in doubt that ends within its time of grace."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from podium.testing import Witness
from tests.examples import some
from tests.faults.children import PROGRAMS
from tests.faults.test_freeze import wait_for
from tests.forking import commands
from tests.forking.process import Process

DAY = str(PROGRAMS / "deploys.py")
LONG = 60.0
"""Seconds that work takes which nobody lets end."""
STOPS = some(range(4), one_in=2)
ROUNDS = 4 * len(STOPS)
FINISHED = 3 * ROUNDS


class Fleet:
    """Workers that come one after the other, on one store."""

    def __init__(self, folder: Path, *, seconds: float = 0.15, grace: float = 8.0) -> None:
        self.witness = Witness(folder / "witness")
        self._store = str(folder / "podium.db")
        self._environment = {
            **os.environ, "WITNESS": str(self.witness.path), "SECONDS": str(seconds), "PODIUM_GRACE": str(grace),
        }  # fmt: skip

    def begin(self, *arguments: str) -> Process:
        command = ["podium", *arguments, "--store", self._store]
        return commands.begin(command, cwd=PROGRAMS, env=self._environment, merged=True)

    def run(self, *arguments: str) -> str:
        return self.begin(*arguments).communicate(timeout=120)[0]

    def begun(self) -> int:
        return self.witness.count("began")


def stopped(process: Process, *signals: int) -> tuple[float, str]:
    """Send signals, one after the other has been heard; returns how long the process took to end, and what it said."""
    began = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 130, told
    return time.monotonic() - began, told


@pytest.mark.more
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.kill)])
def test_workers_that_are_stopped_at_any_moment_leave_nothing_in_doubt(tmp_path: Path, number: int) -> None:
    seed = random.randrange(2**32)
    chance, fleet = random.Random(seed), Fleet(tmp_path)
    running = fleet.begin("run", DAY, "--input", str(ROUNDS))
    for _ in STOPS:
        before = fleet.begun()
        wait_for(lambda before=before: fleet.begun() > before)
        time.sleep(chance.random() * 0.3)
        _, told = stopped(running, number)
        assert "had not ended" not in told, f"seed {seed}"
        running = fleet.begin("work", DAY, "--forever")
    wait_for(lambda: fleet.witness.count("ended") == FINISHED)
    stopped(running, number)
    assert fleet.run("inbox", "list").strip() == "nothing waits", f"seed {seed}"
    assert set(fleet.witness.counts().values()) == {1}, f"seed {seed}"
    assert fleet.begun() == FINISHED


def test_what_outlasts_the_grace_time_is_cut_and_named(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, seconds=LONG, grace=0.5)
    running = fleet.begin("run", DAY, "--input", "1")
    wait_for(lambda: fleet.begun() == 3)
    took, told = stopped(running, signal.SIGTERM)
    assert took < LONG / 2
    for who in ("pay", "mail", "book of desk"):
        assert told.count(f"{who} (run run_") == 1
    fleet.run("work", DAY)
    assert fleet.run("inbox", "list").count(" happen ") == 3
    assert fleet.begun() == 3


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(tmp_path: Path, first: int, second: int) -> None:
    fleet = Fleet(tmp_path, seconds=LONG, grace=LONG)
    running = fleet.begin("run", DAY, "--input", "1")
    wait_for(lambda: fleet.begun() == 3)
    took, told = stopped(running, first, second)
    assert took < LONG / 2
    assert told.count("had not ended") == 3
