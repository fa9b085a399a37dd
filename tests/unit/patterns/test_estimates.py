"""How long a task of `plan_execute` takes is learned where its plan does not say it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podium import Context, agent, workflow
from podium.model.fact import FactKind
from podium.patterns import Executed, Plan, PlanTask, plan_execute
from podium.patterns.parts.scheduling import TaskSchedule, estimated, remaining
from podium.testing import slow
from tests.unit.engine.bench import Bench


def task(id: str, worker: str, *after: str, seconds: float | None = None) -> PlanTask:
    return PlanTask(id=id, worker=worker, after=after, seconds=seconds)


def test_what_is_not_given_is_what_the_worker_took_or_else_as_long_as_the_others() -> None:
    tasks = [task("a", "x"), task("b", "y"), task("c", "x", seconds=4)]
    assert [each.seconds for each in estimated(tasks, {"x": 10.0})] == [10, 7, 4]
    assert [each.seconds for each in estimated(tasks[:2], {})] == [1, 1]
    assert remaining(tasks) == {"a": 1, "b": 1, "c": 4}


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1, max_size=9), st.floats(0, 100))
def test_an_estimate_that_is_given_is_kept_and_every_task_has_one(given: list[float | None], took: float) -> None:
    tasks = [task(str(n), "x" if n % 2 else "y", seconds=each) for n, each in enumerate(given)]
    for before, after in zip(tasks, estimated(tasks, {"x": took}), strict=True):
        assert after.seconds is not None
        assert before.seconds is None or after.seconds == before.seconds
    assert {each.id for each in TaskSchedule(tasks, at_once=99).start()} == {each.id for each in tasks}


def planned(*tasks: PlanTask) -> Any:
    @agent(name="planner")
    async def plan(text: str) -> Plan:
        return Plan(tasks=list(tasks))

    return plan


async def carried_out(bench: Bench, made: Any, crew: list[Any]) -> tuple[list[str], list[FactKind]]:
    """Have each of the crew called once, then the plan carried out; returns the order of its tasks, and its facts."""

    @workflow(name="before")
    async def before(ctx: Context) -> None:
        for each in crew:
            await ctx.call(each, None)

    async with bench.app(before, made) as app:
        await app.start(before)
        await bench.clock.advance(100)
        handle = await app.start(made, "go")
        await bench.clock.advance(100)
        done: Executed = await handle.result()
        return list(done.results), [fact.kind for fact in await app.runs.facts(handle.id)]


async def test_the_task_of_the_worker_that_took_long_is_first(bench: Bench) -> None:
    crew = [slow("quick", 1, clock=bench.clock), slow("long", 9, clock=bench.clock)]
    made = plan_execute(planned(task("a", "quick"), task("b", "long")), crew, at_once=1, name="p")
    order, facts = await carried_out(bench, made, crew)
    assert order == ["b", "a"]
    assert facts.count(FactKind.LOOKED_UP) == 1


async def test_nothing_is_looked_up_where_all_tasks_run_at_once_or_have_an_estimate(bench: Bench) -> None:
    crew = [slow("quick", 1, clock=bench.clock), slow("long", 9, clock=bench.clock)]
    at_once = plan_execute(planned(task("a", "quick"), task("b", "long")), crew, name="all")
    plan = planned(task("a", "quick", seconds=2), task("b", "long", seconds=1))
    told = plan_execute(plan, crew, at_once=1, name="told")
    for made in (at_once, told):
        done, facts = await carried_out(bench, made, crew)
        assert done == ["a", "b"]
        assert FactKind.LOOKED_UP not in facts
