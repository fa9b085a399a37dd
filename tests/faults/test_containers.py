"""Two containers with one host name on one store: each has a process 1, and nobody is taken for somebody else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podium.testing import Witness
from tests.faults.children import PROGRAMS
from tests.faults.test_freeze import wait_for

LEASE = 0.8
CONTAINED = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]
ALLOWED = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


def begin(folder: Path, name: str) -> "subprocess.Popen[str]":
    command = [*CONTAINED, *ALLOWED, sys.executable, str(PROGRAMS / "container.py"), str(folder), name, str(LEASE)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE)


@pytest.mark.system
def test_a_container_does_not_take_the_run_of_one_that_lives(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")
    first = begin(tmp_path, "first")
    wait_for(lambda: witness.count("begun", "first"))
    second = begin(tmp_path, "second")
    wait_for(lambda: witness.count("here", "second"))
    time.sleep(3 * LEASE)
    (tmp_path / "go").touch()
    assert [each.communicate(timeout=120)[0] for each in (first, second)] == ["first\n"] * 2
    assert witness.count("begun") == 1


@pytest.mark.system
def test_a_container_takes_the_run_of_one_that_was_killed(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")
    first = begin(tmp_path, "first")
    wait_for(lambda: witness.count("begun", "first"))
    second = begin(tmp_path, "second")
    wait_for(lambda: witness.count("here", "second"))
    first.kill()
    first.communicate()
    (tmp_path / "go").touch()
    assert second.communicate(timeout=120)[0] == "second\n"
