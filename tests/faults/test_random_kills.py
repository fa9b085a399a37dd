"""Many runs at once, killed at random moments, several times in a row."""

import os
import random
import secrets
from pathlib import Path

import pytest

from tests.faults.children import program
from tests.faults.lives import Lives

RUNS = 12
KILLS_IN_A_ROW = 5


def kill_often(folder: Path, kills: int) -> None:
    """Kill so many processes; let the last of each row come to its end, where the program checks every result."""
    seed = int(os.environ.get("PODIUM_KILL_SEED") or secrets.randbits(32))
    print(f"PODIUM_KILL_SEED={seed}")
    chance, done, row = random.Random(seed), 0, 0
    many = program("many.py")
    while done < kills:
        row += 1
        place = folder / str(row)
        place.mkdir()
        lives = Lives(place)
        try:
            for _ in range(KILLS_IN_A_ROW):
                if many.run(str(place), RUNS, chance.uniform(0.01, 0.25)):
                    break
                lives.ended()
                done += 1
            assert many.run(str(place), RUNS, None)
            lives.ended()
            assert (place / "done").exists()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, row {row}, {done} kills: {error}") from error


def test_fifty_random_kills_repeat_nothing_and_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, 50)


@pytest.mark.kill
def test_a_thousand_random_kills_repeat_nothing_and_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, 1_000)
