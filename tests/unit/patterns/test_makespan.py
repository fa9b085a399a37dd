"""The makespan of `plan_execute` stays near its lower bound: the small part of `python -m benchmarks.makespan`."""

import statistics
from collections.abc import Sequence

import pytest

from benchmarks import makespan
from podium.patterns import PlanTask
from tests.unit.patterns.test_scheduling import simulate


@pytest.mark.parametrize("kind", makespan.KINDS)
async def test_the_mean_makespan_is_at_most_a_tenth_above_its_lower_bound(kind: str) -> None:
    figures = await makespan.measure([kind], sizes=[10, 40, 60], seeds=range(2))
    assert len(figures) == 3
    assert all(ratio > 1 - 1e-9 for figure in figures for ratio in figure.ratios)
    assert all(figure.mean <= makespan.TARGET for figure in figures)


def scheduled(plan: Sequence[PlanTask]) -> float:
    """Return the seconds that a plan takes, by the schedule alone; the input of a task says how long it takes."""
    return simulate(plan, makespan.WORKERS, took={each.id: each.input for each in plan})[1]


def test_estimates_that_are_off_by_half_cost_at_most_a_fiftieth_on_average() -> None:
    costs = [
        scheduled(makespan.generate(kind, size, seed, off=makespan.OFF))
        / scheduled(makespan.generate(kind, size, seed))
        for kind in makespan.KINDS
        for size in (20, 50, 100, 200)
        for seed in range(10)
    ]
    assert 1 < statistics.fmean(costs) <= 1.02


def test_the_plans_are_the_same_every_time_and_estimates_alone_are_off() -> None:
    plan, wrong = makespan.generate("mixed", 30, 0), makespan.generate("mixed", 30, 0, off=makespan.OFF)
    assert plan == makespan.generate("mixed", 30, 0)
    assert [(each.id, each.input, each.after) for each in plan] == [(each.id, each.input, each.after) for each in wrong]
    for one, other in zip(plan, wrong, strict=True):
        assert one.seconds is not None
        assert other.seconds is not None
        assert 0.5 <= other.seconds / one.seconds <= 1.5
    assert plan != wrong


def test_the_lower_bound_is_the_longer_of_path_and_work() -> None:
    plan = makespan.generate("mixed", 100, 0)
    work = sum(each.input for each in plan) / makespan.WORKERS
    assert makespan.lower_bound(plan) >= work
    assert makespan.lower_bound(plan[:1]) == plan[0].input
