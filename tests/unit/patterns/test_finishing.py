"""`plan_execute` with its default options comes to its end though many calls of its workers fail."""

from typing import Any

import pytest

from benchmarks import finishing
from podium import Context, agent, workflow
from podium.errors import GateClosed, NoDecision, Refusal, RunFailed
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
    with pytest.raises(RunFailed, match="replans=0 is used up, and tasks failed: 't': b failed"):
        await executed(bench, made)
    assert [len(calls) for _, calls in crew.values()] == [2, 2, 1, 1]


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
async def test_a_number_of_attempts_is_kept_to(bench: Bench, attempts: int) -> None:
    work, calls = failing_at_first("work", 9, ConnectionError("away"))
    with pytest.raises(RunFailed, match="replans=0 is used up"):
        await executed(bench, plan_execute(planning(), [work], attempts=attempts, replans=0, name="p"))
    assert len(calls) == attempts


@pytest.mark.parametrize(
    ("no", "called"),
    [
        (Refusal("never"), {"work": 1, "b": 2}),
        (NoDecision("a tie"), {"work": 1, "b": 2}),
        (GateClosed("Ann rejected it", by=("ann",)), {"work": 1, "b": 0}),
    ],
)
async def test_whoever_says_no_is_not_asked_again_and_nobody_is_where_it_is_forbidden(
    bench: Bench, no: Exception, called: dict[str, int]
) -> None:
    inner, calls = failing_at_first("inner", 9, no)

    @workflow(name="work")
    async def work(ctx: Context, task: str) -> str:
        return await ctx.call(inner, task)

    other, others = failing_at_first("b", 1, ConnectionError("away"))
    made = plan_execute(planning(alternatives=["b"]), [work, other], replans=0, name="p")
    if called["b"]:
        assert (await executed(bench, made)).results == {"t": "done"}
    else:
        with pytest.raises(RunFailed, match="Ann rejected it"):
            await executed(bench, made)
    assert {"work": len(calls), "b": len(others)} == called
