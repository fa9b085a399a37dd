"""Processes on one store that share a limit, and one of them that dies."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.children import PROGRAMS
from tests.faults.stores import Shared, address_in

PER, RATE, PLACES = 1.0, 20, 2


class Crew:
    """Processes that are told to begin together, and what they wrote."""

    def __init__(self, folder: Path, kind: str, processes: int, *, calls: int, takes: float) -> None:
        self.told = [folder / f"told {n}" for n in range(processes)]
        self.processes = [
            subprocess.Popen(
                [sys.executable, PROGRAMS / "limited.py", address_in(folder), kind, str(calls), str(takes), each],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for each in self.told
        ]  # fmt: skip
        for each in self.processes:
            assert each.stdout is not None
            assert each.stdout.readline() == "open\n"
        for each in self.processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()

    def wait(self) -> None:
        for each in self.processes:
            each.communicate(timeout=120)

    def times(self, what: str) -> list[float]:
        lines = [line.split() for each in self.told for line in each.read_text(encoding="utf-8").splitlines()]
        return sorted(float(time) for said, time in lines if said == what)


def worst_window(times: list[float]) -> int:
    """Return the most that began within any `PER` seconds."""
    return max(sum(first <= each < first + PER for each in times) for first in times)


def most_at_once(begun: list[float], ended: list[float]) -> int:
    most = now = 0
    for _, step in sorted([(at, 1) for at in begun] + [(at, -1) for at in ended]):
        now += step
        most = max(most, now)
    return most


@pytest.mark.kill
@pytest.mark.parametrize("processes", [2, 3])
def test_no_window_has_more_than_the_limit_and_little_is_left_unused(
    tmp_path: Path, shared: Shared, processes: int
) -> None:
    shared(tmp_path)
    crew = Crew(tmp_path, "rate", processes, calls=120 // processes, takes=0.0)
    crew.wait()
    begun = crew.times("begins")
    assert len(begun) == 120
    assert worst_window(begun) <= RATE
    assert begun[-1] - begun[0] < 1.2 * (120 / RATE - 1) * PER  # on a machine that does other things too


@pytest.mark.kill
def test_what_a_killed_process_used_counts_and_the_other_goes_on(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    crew = Crew(tmp_path, "rate", 2, calls=60, takes=0.0)
    time.sleep(1.5 * PER)
    crew.processes[0].kill()
    crew.wait()
    begun = crew.times("begins")
    assert worst_window(begun) <= RATE
    assert len(crew.told[1].read_text(encoding="utf-8").splitlines()) == 120
    assert crew.processes[1].returncode == 0


@pytest.mark.kill
def test_places_that_a_killed_process_held_come_back(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    crew = Crew(tmp_path, "places", 3, calls=20, takes=0.05)
    time.sleep(0.5)
    crew.processes[0].kill()
    killed = time.time()
    crew.wait()
    assert [each.returncode for each in crew.processes[1:]] == [0, 0]
    ended, begun = crew.times("ends"), crew.times("begins")
    cut = [killed] * (len(begun) - len(ended))
    assert most_at_once(begun, ended + cut) <= PLACES
    assert len(begun) - len(cut) >= 40
