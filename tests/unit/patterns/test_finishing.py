"""`plan_execute` with its default options comes to its end though many calls of its workers fail."""

from typing import Any

import pytest

from benchmarks import finishing
from podium import Budget, agent
from podium.errors import NotDone, Refusal, RunFailed
from podium.patterns import Executed, Plan, PlanTask, plan_execute
from tests.unit.engine.bench import Bench


@pytest.mark.parametrize("kind", finishing.KINDS)
async def test_nine_of_ten_workflows_are_finished_where_three_of_ten_calls_fail(kind: str) -> None:
    found = await finishing.measure([kind], sizes=[10, 100], seeds=range(4))
    assert [each.size for each in found if each.share < finishing.TARGET] == []
    assert all(1.2 < each.calls < 1.7 for each in found)


def failing_at_first(name: str, times: int, error: Exception) -> tuple[Any, list[str]]:
    """Return a worker whose first calls fail, and the list of its calls."""
    calls: list[str] = []

    @agent(name=name)
    async def work(task: str) -> str:
        calls.append(task)
        if len(calls) <= times:
            raise error
        return "done"

    return work, calls


def planning(**task: Any) -> Any:
    @agent(name="planner")
    async def plan(text: str) -> Plan:
        return Plan(tasks=[PlanTask(id="t", worker="work", input="t", **task)])

    return plan


async def executed(bench: Bench, made: Any, **options: Any) -> Any:
    async with bench.app() as app:
        return await app.run(made, "job", **options)


async def test_without_a_number_a_task_is_tried_six_times_before_the_planner_is_asked_again(bench: Bench) -> None:
    work, calls = failing_at_first("work", 5, ConnectionError("away"))
    assert await executed(bench, plan_execute(planning(), [work], replans=0, name="p")) == Executed(
        results={"t": "done"}, replans=0
    )
    assert len(calls) == 6


async def test_the_six_attempts_go_round_all_who_could_do_it(bench: Bench) -> None:
    crew = {name: failing_at_first(name, 9, ConnectionError("away")) for name in ("work", "b", "c", "d")}
    made = plan_execute(
        planning(alternatives=["b", "c", "d"]), [each for each, _ in crew.values()], replans=0, name="p"
    )
    with pytest.raises(RunFailed, match="no replan is left of 0: 't': b failed"):
        await executed(bench, made)
    assert [len(calls) for _, calls in crew.values()] == [2, 2, 1, 1]


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
async def test_a_number_of_attempts_is_kept_to(bench: Bench, attempts: int) -> None:
    work, calls = failing_at_first("work", 9, ConnectionError("away"))
    with pytest.raises(RunFailed, match="no replan is left"):
        await executed(bench, plan_execute(planning(), [work], attempts=attempts, replans=0, name="p"))
    assert len(calls) == attempts


async def test_what_is_refused_is_not_tried_six_times(bench: Bench) -> None:
    work, calls = failing_at_first("work", 9, Refusal("never"))
    with pytest.raises(RunFailed, match="no replan is left"):
        await executed(bench, plan_execute(planning(), [work], replans=0, name="p"))
    assert len(calls) <= 2


async def test_where_the_budget_allows_no_further_branch_a_task_has_failed_and_the_rest_goes_on(bench: Bench) -> None:
    work, calls = failing_at_first("work", 2, NotDone("away"))
    made = plan_execute(planning(), [work], name="p")
    assert await executed(bench, made, budget=Budget(fan_out=1)) == Executed(results={"t": "done"}, replans=1)
    assert len(calls) == 3
