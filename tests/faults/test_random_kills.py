"""Many runs at once, killed and stopped at random moments, several times in a row, while people retry and fork them."""

import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event

import pytest

from podium.app import run_sync
from podium.model.run import RunState
from podium.store.protocol import RunQuery
from tests.faults.children import program
from tests.faults.lives import Lives
from tests.faults.stores import Shared, in_files, share, store_in
from tests.postgres import PostgresServer

RUNS = 2
"""Of each of the three kinds."""
LIVES_IN_A_ROW = 10
ENDS = ("kill", "kill", "kill", "kill", "stop", "cut")
"""How a life may end: killed, stopped with time for what is under way, or with next to none."""
LATEST = 0.16
"""Seconds after which a life ends at the latest."""
AUDITED = 0.25
"""The share of lives after which all journals are checked; they are at the end of each row."""
AT_ONCE = 2


def kill_often(folder: Path, shared: Shared, kills: int, part: int = 0) -> None:
    """Kill at least so many processes, in rows that each have a store of their own; two rows go on side by side."""
    seed = int(os.environ.get("PODIUM_KILL_SEED") or secrets.randbits(32))
    print(f"PODIUM_KILL_SEED={seed}")
    failed = Event()

    def killed(thread: int) -> int:
        chance, done, row = Random(f"{seed} {part} {thread}"), 0, 0
        while done < kills / AT_ONCE and not failed.is_set():
            row += 1
            try:
                done += killed_in_a_row(folder / f"{thread}-{row}", shared, chance)
            except AssertionError as error:
                failed.set()
                raise AssertionError(f"seed {seed}, row {row} of {thread}, after {done} kills: {error}") from error
        return done

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert sum(threads.map(killed, range(AT_ONCE))) >= kills


def killed_in_a_row(place: Path, shared: Shared, chance: Random) -> int:
    """End one process after the other that drives the same runs, and let the last come to its own end.

    There the program checks every result. Returns how many were killed.
    """
    place.mkdir()
    shared(place)
    many, lives, kills = program("many.py"), Lives(place), 0
    while not (place / "done").exists():
        how = chance.choice(ENDS) if lives.number < LIVES_IN_A_ROW else "end"
        survived = many.run(str(place), RUNS, how, chance.uniform(0.005, LATEST), chance.getrandbits(32))
        lives.ended(audited=chance.random() < AUDITED or (place / "done").exists())
        assert survived or how == "kill"
        assert not survived or nobody_drives(place), "a process that was stopped has kept runs"
        kills += not survived
    shutil.rmtree(place)
    return kills


def nobody_drives(folder: Path) -> bool:
    """Whether all runs were handed back."""
    store = store_in(folder)
    try:
        return not run_sync(store.runs(RunQuery(state=RunState.RUNNING))).items
    finally:
        store.close()


def test_ten_random_kills_repeat_nothing_and_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, in_files, 10)


@pytest.mark.kill
@pytest.mark.parametrize("part", range(2))
def test_a_hundred_random_kills_repeat_nothing_and_lose_nothing_on_postgresql(
    tmp_path: Path, postgres: PostgresServer, part: int
) -> None:
    kill_often(tmp_path, lambda folder: share(folder, postgres.address()), 50, part)


@pytest.mark.kill
@pytest.mark.parametrize("part", range(10))
def test_five_thousand_random_kills_repeat_nothing_and_lose_nothing(tmp_path: Path, part: int) -> None:
    kill_often(tmp_path, in_files, 500, part)
