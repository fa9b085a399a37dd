"""`python -m benchmarks.fleets` measures what it says: the small part of it."""

import signal
from collections.abc import Mapping

import pytest

from benchmarks.fleets import figures
from benchmarks.fleets.podium_fleet import FLEETS, Fleet
from benchmarks.fleets.server import Server
from tests.postgres import PostgresServer

EVEN: Mapping[str, float] = {f"scaled_{count}": 200.0 * count for count in figures.SCALED}


def test_each_figure_of_a_round_has_a_line_with_median_and_range() -> None:
    found = {
        **EVEN, "alone": 10, "steps_per_s": 20, "to_process": 0.5, "to_power": 0.7, "worker_us": 90, "server_us": 30,
        "evenness": 1, "first_step_p50_ms": 4, "first_step_p95_ms": 9, "killed_s": 1, "frozen_s": 2,
        "backlog_bytes": 1, "parked_disk": 900, "parked_memory": 3,
    }  # fmt: skip
    rounds = [{"store": {**found, "alone": alone}} for alone in (30.0, 10.0, 20.0)]
    lines = figures.table(figures.Results(rounds=rounds), ["store"])
    assert len(lines) == 2 + len(figures.fleet_rows("store", ""))
    assert any("1 worker | steps/s | 20.0 | 10.0 to 30.0 |" in line for line in lines)


def test_two_workers_that_do_what_one_does_are_half_of_what_is_hoped_for() -> None:
    assert figures.scaled(2)(EVEN) == 1
    assert figures.scaled(2)({**EVEN, "scaled_2": EVEN["scaled_1"]}) == 0.5


@pytest.mark.system
@pytest.mark.parametrize("name", FLEETS)
async def test_a_fleet_does_what_is_measured(postgres: PostgresServer, name: str) -> None:
    fleet = Fleet(Server(postgres), FLEETS[name])
    found = await fleet.throughput(10, 2) | await fleet.latency(4) | await fleet.take_over(5, 0.8, signal.SIGKILL)
    assert found["steps_per_s"] > 0
    assert 0 <= found["evenness"] <= 1  # of so few runs one may take all
    assert 0 < found["first_step_p50_ms"] <= found["first_step_p95_ms"]
    assert 0 < found["take_over_s"] < 60
