"""`plan_execute`: a plan of tasks, each started once its inputs are there."""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import App, agent
from podium.errors import BadAnswer, PatternError, RunFailed
from podium.patterns import Executed, Plan, PlanTask, cel, plan_execute
from podium.testing import DrivenClock, failing, hanging, scripted, slow
from tests.examples import examples
from tests.unit.engine.bench import Bench

Heard = list[Any]


def task(id: str, *after: str, worker: str = "echo", **rest: Any) -> PlanTask:
    return PlanTask(id=id, worker=worker, input=id, after=after, **rest)


def planned(*plans: list[PlanTask], heard: Heard | None = None) -> Any:
    """Return a planner that gives one plan after the other, and notes what it is handed."""
    left = list(plans)

    @agent
    async def planner(task: Any, workers: Any, plan: Any = None, done: Any = None, failed: Any = None) -> Plan:
        if heard is not None:
            heard.append({"task": task, "workers": workers, "plan": plan, "done": done, "failed": failed})
        return Plan(tasks=left.pop(0))

    return planner


@agent
async def echo(task: str, inputs: dict[str, str] | None = None) -> str:
    """Say it again."""
    return f"{task}({','.join(inputs.values())})" if inputs else task


broken = failing("broken")


async def value(bench: Bench, made: Any, seconds: float = 0.0, input: Any = "job") -> Any:
    async with bench.app(made) as app:
        handle = await app.start(made, input)
        await bench.clock.advance(seconds)
        return await handle.result()


async def refusal(bench: Bench, made: Any) -> str:
    with pytest.raises(RunFailed) as failed:
        await value(bench, made)
    return str(failed.value)


# What everybody is handed


async def test_a_plan_is_carried_out_and_its_results_are_the_value(bench: Bench) -> None:
    made = plan_execute(planned([task("c", "a", "b"), task("a"), task("b", "a")]), [echo], name="p")
    assert await value(bench, made) == Executed(results={"a": "a", "b": "b(a)", "c": "c(a,b(a))"}, replans=0)


async def test_the_planner_is_told_who_is_there_and_gives_its_plan_also_as_plain_json(bench: Bench) -> None:
    heard: Heard = []

    def play(parts: Any) -> Any:
        heard.append(parts)
        return {"tasks": [{"id": "a", "worker": "echo", "input": "hello"}]}

    made = plan_execute(scripted("planner", play), [echo, "later"], name="p")
    async with bench.app(scripted("later", [])) as app:
        assert await app.run(made, "job") == Executed(results={"a": "hello"}, replans=0)
    assert heard == [{"task": "job", "workers": {"echo": "Say it again.", "later": ""}}]


async def test_a_worker_of_texts_gets_its_task_alone_and_later_both_parts_under_their_names(bench: Bench) -> None:
    heard: Heard = []

    @agent
    async def reader(prompt: str) -> str:
        heard.append(prompt)
        return prompt[:1]

    plan = [task("a", worker="reader"), task("b", "a", worker="reader")]
    await value(bench, plan_execute(planned(plan), [reader], name="p"))
    assert heard == ["a", 'task:\nb\n\ninputs:\n{\n  "a": "a"\n}']


async def test_a_worker_of_its_own_type_gets_the_input_as_it_is_planned(bench: Bench) -> None:
    @agent
    async def add(one: int, other: int) -> int:
        return one + other

    made = plan_execute(planned([PlanTask(id="a", worker="add", input={"one": 1, "other": 2})]), [add], name="p")
    assert (await value(bench, made)).results == {"a": 3}


async def test_a_typed_result_reaches_those_that_wait_for_it_and_the_value_as_json(bench: Bench) -> None:
    @dataclass
    class Page:
        title: str

    @agent
    async def read(task: str) -> Page:
        return Page(title=task)

    @agent
    async def title(task: str, inputs: dict[str, Page]) -> str:
        return inputs["a"].title.upper()

    made = plan_execute(planned([task("a", worker="read"), task("b", "a", worker="title")]), [read, title], name="p")
    assert (await value(bench, made)).results == {"a": {"title": "a"}, "b": "A"}


async def test_a_report_is_written_by_an_agent_by_a_function_or_by_a_rule(bench: Bench) -> None:
    @agent
    async def write(task: str, results: dict[str, str]) -> str:
        return f"{task}: {results['b']}"

    plan = [task("a"), task("b", "a")]
    made = [
        plan_execute(planned(plan), [echo], report=write, name="agent"),
        plan_execute(planned(plan), [echo], report=lambda results: results["b"], name="function"),
        plan_execute(planned(plan), [echo], report=cel("results.a"), name="rule"),
    ]
    assert [await value(bench, each) for each in made] == ["job: b(a)", "b(a)", "a"]
    assert made[0].output.type is str


# When tasks start


async def test_a_task_starts_once_its_own_inputs_are_there_and_does_not_wait_for_a_layer(bench: Bench) -> None:
    quick, long = (slow(name, seconds, clock=bench.clock) for name, seconds in [("quick", 1), ("long", 10)])
    plan = [task("a", worker="quick"), task("b", worker="long"), task("c", "a", worker="long")]
    made = plan_execute(planned(plan), [quick, long], name="p")
    assert await value(bench, made, seconds=11)


async def test_with_one_place_the_longest_remaining_path_is_first(bench: Bench) -> None:
    plan = [task("short", seconds=1), task("root", seconds=1), task("leaf", "root", seconds=5), task("long", seconds=3)]
    made = plan_execute(planned(plan), [echo], at_once=1, name="p")
    assert list((await value(bench, made)).results) == ["root", "leaf", "long", "short"]


# When tasks fail


async def test_a_failed_task_is_tried_again_by_the_next_one_who_could_do_it(bench: Bench) -> None:
    tried: Heard = []

    def noting(name: str, reply: str | Exception) -> Any:
        def play(given: Any) -> Any:
            tried.append(name)
            return reply

        return scripted(name, play)

    crew = [noting("a", ValueError("no")), noting("b", ValueError("no")), noting("c", "yes")]
    plan = [PlanTask(id="t", worker="a", alternatives=["b", "c"])]
    made = plan_execute(planned(plan), crew, attempts=3, name="p")
    assert (await value(bench, made)).results == {"t": "yes"}
    assert tried == ["a", "b", "c"]


async def test_alternatives_go_round_and_attempts_are_bounded(bench: Bench) -> None:
    calls: Heard = []

    async def fail(task: str) -> str:
        calls.append(task)
        raise ValueError("no")

    crew = [agent(name="a")(fail), agent(name="b")(fail)]
    made = plan_execute(planned([task("t", worker="a", alternatives=["b"])]), crew, attempts=5, replans=0, name="p")
    assert "'t': a failed at" in await refusal(bench, made)
    assert len(calls) == 5


async def test_an_input_that_does_not_fit_the_worker_is_a_failure_of_the_task(bench: Bench) -> None:
    @agent
    async def double(number: int) -> int:
        return 2 * number

    crew, heard = [double, echo], Heard()
    made = plan_execute(planned([task("t", worker="double")], [task("t")], heard=heard), crew, name="p")
    assert (await value(bench, made)).results == {"t": "t"}
    assert "expected" in heard[1]["failed"]["t"]


async def test_what_does_not_need_a_failed_task_runs_on_and_the_planner_plans_what_is_left(bench: Bench) -> None:
    heard: Heard = []
    first = [task("bad", worker="broken"), task("held", "bad"), task("a"), task("b", "a")]
    second = [task("a"), task("bad", "b"), task("held", "bad")]
    made = plan_execute(planned(first, second, heard=heard), [echo, broken], name="p")
    assert await value(bench, made) == Executed(
        results={"a": "a", "b": "b(a)", "bad": "bad(b(a))", "held": "held(bad(b(a)))"}, replans=1
    )
    assert heard[0]["done"] is None
    assert heard[0]["failed"] is None
    assert heard[1]["done"] == {"a": "a", "b": "b(a)"}
    assert [each["id"] for each in heard[1]["plan"]["tasks"]] == ["bad", "held", "a", "b"]
    assert list(heard[1]["failed"]) == ["bad"]
    assert "broken fails as told" in heard[1]["failed"]["bad"]


async def test_a_task_that_is_done_is_not_done_again(bench: Bench) -> None:
    calls: Heard = []

    @agent
    async def count(task: str) -> str:
        calls.append(task)
        return task

    first = [task("a", worker="count"), task("bad", worker="broken")]
    made = plan_execute(planned(first, [task("a", worker="count"), task("c", "a")]), [count, echo, broken], name="p")
    assert (await value(bench, made)).results == {"a": "a", "c": "c(a)"}
    assert calls == ["a"]


async def test_an_empty_second_plan_gives_up_what_failed(bench: Bench) -> None:
    made = plan_execute(planned([task("a"), task("bad", worker="broken")], []), [echo, broken], name="p")
    assert await value(bench, made) == Executed(results={"a": "a"}, replans=1)


async def test_without_a_replan_left_it_fails_and_says_why(bench: Bench) -> None:
    bad = [task("bad", worker="broken")]
    made = plan_execute(planned(bad, bad, bad), [broken], replans=2, name="p")
    message = await refusal(bench, made)
    assert "BoundReached: plan_execute: replans=2 is used up, and tasks failed: 'bad': broken failed at" in message
    assert "Raise `replans`, or raise `attempts`" in message


# Plans that are refused


async def test_a_plan_that_cannot_work_is_refused_before_anything_of_it_runs(bench: Bench) -> None:
    made = plan_execute(
        planned([task("a", seconds=9), task("b", "c"), task("c", "b")]),
        [hanging("echo")],
        replans=0,
        name="p",
        corrections=0,
    )
    message = await refusal(bench, made)
    assert "PlanRefused: tasks of the plan wait for each other: b → c → b" in message


async def test_a_second_plan_may_wait_for_what_is_done_but_for_nothing_else(bench: Bench) -> None:
    first = [task("a"), task("bad", worker="broken")]
    made = plan_execute(planned(first, [task("c", "a", "bad")]), [echo, broken], name="p", corrections=0)
    assert "task 'c' waits for 'bad', which no task of the plan makes" in await refusal(bench, made)


async def test_a_plan_without_tasks_is_refused(bench: Bench) -> None:
    made = plan_execute(planned([]), [echo], replans=0, name="p", corrections=0)
    assert "planner, its planner, gave a plan without tasks" in await refusal(bench, made)


async def test_a_plan_of_too_many_tasks_is_refused(bench: Bench) -> None:
    made = plan_execute(planned([task("a"), task("b")]), [echo], tasks=1, replans=0, name="p", corrections=0)
    assert "the plan has 2 tasks, and at most 1 are allowed" in await refusal(bench, made)


async def test_what_is_no_plan_is_refused(bench: Bench) -> None:
    made = plan_execute(scripted("planner", 3 * ["first this, then that"]), [echo], replans=0, name="p")
    message = await refusal(bench, made)
    assert BadAnswer.__name__ in message
    assert "planner, its planner, gave what cannot be read" in message


# When it is built


@pytest.mark.parametrize("option", ["at_once", "attempts", "tasks"])
def test_a_bound_below_one_is_refused(option: str) -> None:
    bounds: dict[str, Any] = {option: 0}
    with pytest.raises(PatternError, match=f"plan_execute was given {option}=0: expected at least 1"):
        plan_execute("planner", [echo], **bounds)


def test_a_negative_bound_of_replans_is_refused() -> None:
    with pytest.raises(PatternError, match="plan_execute was given replans=-1: expected at least 0"):
        plan_execute("planner", [echo], replans=-1)


def test_no_workers_and_workers_of_one_name_are_refused() -> None:
    with pytest.raises(PatternError, match="plan_execute needs at least 1 workers, got 0"):
        plan_execute("planner", [])
    with pytest.raises(PatternError, match="plan_execute has echo twice among its workers"):
        plan_execute("planner", [echo, echo])


def test_a_planner_that_gives_something_else_is_refused() -> None:
    with pytest.raises(PatternError, match="echo does not give what its planner has to give"):
        plan_execute(echo, [echo])


def test_it_is_drawn_and_written_down() -> None:
    made = plan_execute("planner", [echo, "second"], report=cel("results.a"), replans=2, name="p")
    assert made.spec() == {
        "plan_execute": {
            "planner": "planner",
            "workers": ["echo", "second"],
            "report": "results.a",
            "replans": 2,
            "name": "p",
        }
    }
    picture = made.graph()
    assert "worker 2: second" in picture
    assert "failed: planned again, at most 2 times" in picture


# Crashes, and any plan at all


async def test_after_a_crash_no_finished_task_runs_again_and_the_rest_is_done(bench: Bench) -> None:
    @agent
    async def work(task: float, inputs: dict[str, float] | None = None) -> float:
        await bench.clock.sleep_until(bench.clock.now() + task)
        bench.witness.saw(str(task))
        return task

    plan = [PlanTask(id=f"t{n}", worker="work", input=n + 1.5, after=[f"t{n - 2}"] if n > 1 else []) for n in range(5)]
    made = plan_execute(planned(plan), [work], at_once=2, name="p")
    async with bench.app(made) as app:
        handle = await app.start(made, "job")
        await bench.clock.advance(6)
    result = await bench.result(handle.id, made, seconds=20)
    assert result.results == {"t0": 1.5, "t1": 2.5, "t2": 3.5, "t3": 4.5, "t4": 5.5}
    assert [bench.witness.count(f"{n + 1.5}") for n in range(5)] == [1, 1, 1, 1, 1]


@dataclass
class Log:
    """What a run of a random plan was seen to do."""

    starts: Counter[str]
    finished: set[str]
    running: int = 0
    most: int = 0


@dataclass(frozen=True)
class Work:
    """What a worker is told: how long it takes, and how often it fails before it does."""

    id: str
    seconds: float
    failures: int
    after: tuple[str, ...]


def laborer(log: Log, clock: DrivenClock) -> Any:
    """Return a worker that notes what it does, and that what it needs is there."""

    @agent(name="work")
    async def work(task: Work, inputs: dict[str, str] | None = None) -> str:
        assert set(inputs or {}) == set(task.after) <= log.finished
        log.starts[task.id] += 1
        log.running += 1
        log.most = max(log.most, log.running)
        await clock.sleep_until(clock.now() + task.seconds)
        log.running -= 1
        if log.starts[task.id] <= task.failures:
            raise ValueError("as drawn")
        log.finished.add(task.id)
        return task.id

    return work


@st.composite
def works(draw: st.DrawFn, failures: int) -> list[Work]:
    made: list[Work] = []
    for number in range(draw(st.integers(1, 14))):
        before = [each.id for each in made]
        after = tuple(sorted(draw(st.sets(st.sampled_from(before), max_size=3)))) if before else ()
        made.append(Work(f"t{number}", draw(st.integers(0, 5)), draw(st.integers(0, failures)), after))
    return draw(st.permutations(made))


async def carry_out(works: list[Work], at_once: int, attempts: int, plans: int = 1) -> tuple[Log, Any]:
    log, clock = Log(Counter(), set()), DrivenClock(moment=0.0)
    plan = [
        PlanTask(id=each.id, worker="work", input=replace(each), after=each.after, seconds=each.seconds)
        for each in works
    ]
    made = plan_execute(
        planned(*[plan] * plans), [laborer(log, clock)], at_once=at_once, attempts=attempts, replans=plans - 1, name="p"
    )
    async with asyncio.timeout(120), App.open(":memory:", agents=[made], clock=clock) as app:
        handle = await app.start(made, "job")
        await clock.advance(attempts * plans * sum(each.seconds for each in works))
        try:
            return log, await handle.result()
        except RunFailed as error:
            return log, error


@settings(max_examples=examples(40))
@given(works(failures=0), st.integers(1, 4))
def test_whatever_the_plan_each_task_runs_once_after_its_inputs_and_never_more_than_there_are_places(
    works: list[Work], at_once: int
) -> None:
    log, value = asyncio.run(carry_out(works, at_once, attempts=1))
    assert value == Executed(results={each.id: each.id for each in works}, replans=0)
    assert log.starts == Counter(each.id for each in works)
    assert log.most <= at_once


@settings(max_examples=examples(40))
@given(works(failures=4), st.integers(1, 4))
def test_whatever_fails_tasks_run_after_their_inputs_and_are_done_if_their_attempts_suffice(
    works: list[Work], at_once: int
) -> None:
    log, value = asyncio.run(carry_out(works, at_once, attempts=2, plans=2))
    assert log.most <= at_once
    assert all(log.starts[each.id] <= 4 for each in works)
    if isinstance(value, Executed):
        assert log.starts == {each.id: each.failures + 1 for each in works}
        assert value.results == {each.id: each.id for each in works}
    else:
        assert "is used up" in str(value)
        assert any(each.failures > 1 for each in works)
