"""Two and three processes drive the same runs on PostgreSQL, and whatever dies, nothing is lost or repeated."""

import time
from pathlib import Path

import pytest

from tests.faults.crews import Crew, chance_of, disturbed
from tests.faults.stores import share
from tests.postgres import PostgresServer

RUNS = 2
"""Of each of the three kinds."""


@pytest.mark.kill
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("row", range(2))
def test_whoever_is_killed_nothing_is_lost_or_repeated(
    postgres: PostgresServer, tmp_path: Path, workers: int, row: int
) -> None:
    chance = chance_of()
    share(tmp_path, postgres.address())
    crew, kills = Crew(tmp_path, workers), 0

    def kill() -> None:
        nonlocal kills
        time.sleep(chance.uniform(0.05, 0.5))
        if kills < 40:
            crew.kill(chance)
            kills += 1

    assert disturbed(crew, RUNS, chance, kill) == []
    assert kills > 3


@pytest.mark.kill
@pytest.mark.parametrize("workers", [2, 3])
def test_whoever_stands_still_for_longer_than_a_lease_gets_nothing_in_any_more(
    postgres: PostgresServer, tmp_path: Path, workers: int
) -> None:
    chance = chance_of()
    share(tmp_path, postgres.address())
    crew, times = Crew(tmp_path, workers, lease=1.0), 0

    def freeze() -> None:
        nonlocal times
        time.sleep(chance.uniform(0.05, 0.3))
        if times < 6:
            crew.freeze(chance, 2.5)
            times += 1

    again = disturbed(crew, RUNS, chance, freeze)
    assert len(again) <= times, again  # a call that was about to be made by whoever stood still
    assert times > 1
