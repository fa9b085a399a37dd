"""`plan_execute` asks its planner again: it says why, and what is done stays done."""

from collections import Counter
from typing import Any

import pytest

from podium import agent
from podium.errors import RunFailed
from podium.patterns import Executed, Plan, PlanTask, plan_execute
from podium.testing import failing
from tests.unit.engine.bench import Bench

Heard = list[dict[str, Any]]

A = {"id": "a", "worker": "echo", "input": "a"}
BAD = {"id": "bad", "worker": "broken"}


@agent
async def echo(task: str, inputs: dict[str, str] | None = None) -> str:
    return f"{task}({','.join(inputs.values())})" if inputs else task


broken = failing("broken")

UNSOUND: dict[str, tuple[Any, str]] = {
    "an unknown worker": ({"tasks": [A | {"worker": "ecco"}]}, "task 'a' is for 'ecco'; the workers are echo, broken"),
    "a circle": ({"tasks": [A | {"after": ["a"]}]}, "tasks of the plan wait for each other: a → a"),
    "one id twice": ({"tasks": [A, A]}, "the plan has 'a' twice"),
    "an unknown task": ({"tasks": [A | {"after": ["z"]}]}, "task 'a' waits for 'z', which no task of the plan makes"),
    "too many tasks": ({"tasks": [A | {"id": str(n)} for n in range(9)]}, "the plan has 9 tasks, and at most 8 are"),
    "no tasks": ({"tasks": []}, "planner, its planner, gave a plan without tasks"),
    "no plan": ("first this, then that", "planner, its planner, gave what cannot be read"),
}


def planner(heard: Heard, first: Any, *, unsound: Any = None, mended: Any) -> Any:
    """Return a planner that gives a plan first, an unsound one when told of a failure, a mended one when told why."""

    @agent(name="planner")
    async def plans(
        task: Any, workers: Any, plan: Any = None, done: Any = None, failed: Any = None, refused: str | None = None
    ) -> Any:
        heard.append({"plan": plan, "done": done, "failed": failed, "refused": refused})
        if refused is not None:
            return mended
        return first if failed is None else unsound

    return plans


async def value(bench: Bench, made: Any) -> Any:
    async with bench.app() as app:
        return await app.run(made, "job")


@pytest.mark.parametrize("kind", UNSOUND)
async def test_a_planner_is_told_why_its_plan_cannot_be_carried_out_and_mends_it(bench: Bench, kind: str) -> None:
    (unsound, why), heard = UNSOUND[kind], Heard()
    made = plan_execute(planner(heard, unsound, mended={"tasks": [A]}), [echo, broken], tasks=8, name="p")
    assert await value(bench, made) == Executed(results={"a": "a"}, replans=1)
    assert heard[0] == {"plan": None, "done": None, "failed": None, "refused": None}
    assert why in heard[-1]["refused"]
    assert (heard[-1]["plan"] is None) == (kind == "no plan")


@pytest.mark.parametrize("kind", [each for each in UNSOUND if each != "no tasks"])
async def test_an_unsound_second_plan_loses_nothing_of_what_is_done(bench: Bench, kind: str) -> None:
    calls = Counter[str]()

    @agent
    async def count(task: str) -> str:
        calls[task] += 1
        return task

    (unsound, _), heard = UNSOUND[kind], Heard()
    first = {"tasks": [{"id": "kept", "worker": "count", "input": "kept"}, BAD]}
    mended = {"tasks": [A | {"id": "bad", "after": ["kept"]}]}
    plans = planner(heard, first, unsound=unsound, mended=mended)
    made = plan_execute(plans, [echo, broken, count], tasks=8, replans=2, name="p")
    assert await value(bench, made) == Executed(results={"kept": "kept", "bad": "a(kept)"}, replans=2)
    assert calls == {"kept": 1}
    assert heard[-1]["done"] == {"kept": "kept"}
    assert "broken fails as told" in heard[-1]["failed"]["bad"]
    assert heard[-1]["refused"]


async def test_what_was_refused_before_a_plan_was_carried_out_is_not_told_again(bench: Bench) -> None:
    heard: Heard = []

    @agent
    async def plans(task: Any, failed: Any = None, refused: str | None = None) -> Plan:
        heard.append({"failed": failed, "refused": refused})
        if refused is None and failed is None:
            return Plan(tasks=[])
        return Plan(tasks=[PlanTask(id="t", worker="echo" if failed else "broken", input="t")])

    made = plan_execute(plans, [echo, broken], replans=2, name="p")
    assert await value(bench, made) == Executed(results={"t": "t"}, replans=2)
    assert [sorted(name for name, told in each.items() if told) for each in heard if any(each.values())] == [
        ["refused"], ["failed"],
    ]  # fmt: skip


async def test_without_a_replan_left_the_refusal_of_the_plan_is_raised(bench: Bench) -> None:
    heard: Heard = []
    made = plan_execute(planner(heard, {"tasks": [BAD | {"worker": "x"}]}, mended={"tasks": [A, A]}), [echo], name="p")
    with pytest.raises(RunFailed, match="PlanRefused: the plan has 'a' twice"):
        await value(bench, made)
    assert "is for 'x'" in heard[-1]["refused"]
