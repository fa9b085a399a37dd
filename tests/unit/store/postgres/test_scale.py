"""`python -m benchmarks.scale` simulates what it says, and measures the costs it is made of."""

import pytest

from benchmarks.fleets.server import Server
from benchmarks.scale import costs as measuring
from benchmarks.scale import tenants
from benchmarks.scale.costs import Cost, Costs
from benchmarks.scale.simulation import World, simulate, steadily
from tests.postgres import PostgresServer

FREE = Cost(0, 0, 0, 0)


def costs(*, step: Cost = FREE, drive_step: float = 0, sync: float = 0, trip: float = 0) -> Costs:
    return Costs(
        start=FREE, claim=FREE, look=FREE, step=step, park=FREE, wake=FREE, finish=step, drive_run=0,
        drive_step=drive_step, replay_step=0, start_run=0, trip=trip, sync=sync,
    )  # fmt: skip


def world(*, workers: int = 1, slots: int = 10, step_seconds: float = 0.05, server_cores: int = 1) -> World:
    return World(workers=workers, slots=slots, steps=5, step_seconds=step_seconds, server_cores=server_cores)


def test_where_nothing_costs_anything_slots_are_all_that_counts() -> None:
    for workers in (1, 3):
        found = simulate(world(workers=workers), costs(), 30 * workers)
        assert found.steps_per_second == pytest.approx(200 * workers)
        assert found.server_busy == 0


@pytest.mark.parametrize("cores", [1, 2])
def test_a_server_does_no_more_than_its_processors_can(cores: int) -> None:
    slow = costs(step=Cost(0, 0, 0, 0.001))
    found = steadily(world(workers=8, slots=50, step_seconds=0.01, server_cores=cores), slow)
    assert found.steps_per_second == pytest.approx(1_000 * cores, rel=0.05)
    assert found.server_busy == pytest.approx(1, rel=0.05)


def test_a_worker_does_no_more_than_one_processor_can() -> None:
    found = steadily(world(slots=50, step_seconds=0.01), costs(drive_step=0.001))
    assert 800 < found.steps_per_second < 1_001


def test_what_waits_for_the_disk_together_waits_once() -> None:
    alone, together = (
        simulate(world(slots=slots, step_seconds=0), costs(sync=0.01), slots).steps_per_second for slots in (1, 100)
    )
    assert alone == pytest.approx(100, rel=0.25)  # a commit for each step, one for the start
    assert 40 * alone < together < 101 * alone  # those that come while one is under way go with the next


def test_a_busy_machine_takes_longer_for_all_that_a_processor_does() -> None:
    found = costs(step=Cost(1, 2, 3, 4), drive_step=5, sync=6, trip=7).slower(2)
    assert (found.step, found.drive_step, found.sync, found.trip) == (Cost(2, 4, 6, 8), 10, 6, 7)


@pytest.mark.parametrize("databases", [1, 2, 4, 8])
def test_all_tenants_lie_somewhere_and_by_size_most_evenly(databases: int) -> None:
    loads = tenants.sizes(200)
    by_name, by_size = tenants.by_name(loads, databases), tenants.by_size(loads, databases)
    assert sum(by_name) == pytest.approx(sum(loads))
    assert sum(by_size) == pytest.approx(sum(loads))
    assert 1 <= tenants.fullest(by_size) <= tenants.fullest(by_name) + 1e-9


@pytest.mark.system
async def test_each_cost_is_measured(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in (("_ROUNDS", 3), ("_DRIVEN", 20), ("_DRIVES", 1)):
        monkeypatch.setattr(measuring, name, small)
    found = await measuring.measured(Server(postgres), 0.0)
    for name in ("start", "claim", "look", "step", "park", "wake", "finish"):
        cost: Cost = getattr(found, name)
        assert 0 < cost.of_worker(64) < 1, name
        assert 0 <= cost.of_server(64) < 1, name
    assert found.trip >= 0  # what is left of the time that passes: on a busy machine it may be nothing
