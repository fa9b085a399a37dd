"""Processes on one PostgreSQL store whose machines do not agree about the time."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.children import PROGRAMS
from tests.postgres import PostgresServer

PER, RATE = 1.0, 20


@pytest.mark.kill
@pytest.mark.parametrize("off", [(1.0, -1.0), (3600.0, 0.0)])
def test_no_window_has_more_than_the_limit(tmp_path: Path, postgres: PostgresServer, off: tuple[float, float]) -> None:
    address, told = postgres.address(), [tmp_path / "one", tmp_path / "other"]
    with ExitStack() as stack:
        processes: list[subprocess.Popen[str]] = []
        for seconds, file in zip(off, told, strict=True):
            command = [sys.executable, PROGRAMS / "apart.py", address, str(seconds), "60", file]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        assert [each.wait(timeout=120) for each in processes] == [0, 0]
    times = sorted(float(line) for file in told for line in file.read_text(encoding="utf-8").splitlines())
    assert len(times) == 120
    assert max(sum(first <= each < first + PER for each in times) for first in times) <= RATE
