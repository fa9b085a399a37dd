"""`adaptive`: looks at the task and picks the pattern."""

from typing import Any

import pytest

from podium import Agent, Context, agent, workflow
from podium.errors import CallError, PatternError, RunFailed
from podium.patterns import Adapted, AdaptOrch, Scaling, TaskShape, adaptive, parallel, sequence
from podium.patterns.parts.topology import ShapedTask
from podium.testing import failing, scripted
from tests.unit.engine.bench import Bench


def says(name: str, **more: Any) -> Agent[str, str]:
    @agent(name=name, **more)
    async def say(text: str) -> str:
        return f"{name}: {text}"

    return say


SINGLE, CENTRAL, SPREAD = says("single"), says("central"), says("spread")
SCALING = Scaling(centralised=CENTRAL, decentralised=SPREAD)


def adaptorch(**more: Any) -> AdaptOrch:
    four: dict[str, Any] = {each: says(each) for each in ("parallel", "sequential", "hierarchical", "hybrid")}
    return AdaptOrch(**four, **more)


def analyst(*after: str, tools: int = 0, coupling: float = 0.3) -> Agent[Any, Any]:
    """Return an analyst who sees a part for each text: the numbers of those that it comes after."""
    parts = [{"id": str(n), "after": each.split(), "coupling": coupling} for n, each in enumerate(after)]
    return scripted("analyst", lambda _: {"tasks": parts, "tools": tools})


def tried(good: Agent[str, str], times: int, bad: Agent[Any, Any] | None = None) -> Any:
    @workflow
    async def tries(ctx: Context) -> None:
        for n in range(times):
            await ctx.call(good, str(n))
        if bad is not None:
            with pytest.raises(CallError):
                await ctx.call(bad, "x")

    return tries


@pytest.mark.parametrize(
    ("seen", "chosen", "value"),
    [
        (analyst("", "0", tools=20), "single", "single: go"),
        (analyst("", "0", "0"), "centralised", "central: go"),
        (analyst("", "", tools=16), "decentralised", "spread: go"),
    ],
)
async def test_by_scaling_the_task_goes_to_the_team_that_fits(
    bench: Bench, seen: Agent[Any, Any], chosen: str, value: str
) -> None:
    async with bench.app() as app:
        done = await app.run(adaptive(SINGLE, analyst=seen, rule=SCALING, name="a"), "go")
    assert (done.chosen, done.value) == (chosen, value)


@pytest.mark.parametrize(
    ("seen", "chosen"),
    [
        (analyst(""), "single"),
        (analyst("", ""), "parallel"),
        (analyst("", "0"), "sequential"),
        (analyst("", "0", "0", "1", "2", "3 4", coupling=0.9), "hierarchical"),
        (analyst("", "0", "0", "1 2"), "hybrid"),
    ],
)
async def test_by_adaptorch_the_task_goes_to_the_topology_that_fits(
    bench: Bench, seen: Agent[Any, Any], chosen: str
) -> None:
    async with bench.app() as app:
        done = await app.run(adaptive(SINGLE, analyst=seen, rule=adaptorch(), name="a"), "go")
    assert (done.chosen, done.value) == (chosen, f"{chosen}: go")


async def test_a_single_agent_that_is_good_enough_does_it_and_the_analyst_is_not_asked(bench: Bench) -> None:
    unasked = failing("analyst")
    made = adaptive(SINGLE, analyst=unasked, rule=SCALING, name="a")
    async with bench.app() as app:
        await app.run(tried(SINGLE, 4))
        assert await app.run(made, "go") == Adapted(
            value="single: go",
            chosen="single",
            why="4 of 4 of its calls worked, so at least 51% do: above 45% more agents cost more than they bring.",
        )


async def test_three_calls_do_not_show_it_yet(bench: Bench) -> None:
    async with bench.app() as app:
        await app.run(tried(SINGLE, 3))
        done = await app.run(adaptive(SINGLE, analyst=analyst("", ""), rule=SCALING, name="a"), "go")
    assert done.chosen == "centralised"


async def test_how_good_is_good_enough_can_be_said(bench: Bench) -> None:
    async with bench.app() as app:
        await app.run(tried(SINGLE, 9))
        seen = analyst("", "")
        kept = adaptive(SINGLE, analyst=seen, rule=SCALING, enough=0.6, name="kept")
        never = adaptive(SINGLE, analyst=seen, rule=SCALING, enough=1.0, name="never")
        assert [(await app.run(made, "go")).chosen for made in (kept, never)] == ["single", "centralised"]


async def test_the_record_of_another_version_does_not_count_unless_only_the_name_is_known(bench: Bench) -> None:
    newer, seen = says("single", version="2"), analyst("", "")
    async with bench.app() as app:
        await app.run(tried(SINGLE, 9))
        app.register(newer)
        fresh = adaptive(newer, analyst=seen, rule=SCALING, name="fresh")
        named = adaptive("single", analyst=seen, rule=SCALING, name="named")
        assert [(await app.run(made, "go")).chosen for made in (fresh, named)] == ["centralised", "single"]


async def test_patterns_are_members_and_get_the_task(bench: Bench) -> None:
    rule = Scaling(centralised=parallel(says("a"), says("b")), decentralised=sequence(says("c"), says("d")))
    values: list[Any] = []
    for tools in (0, 99):
        async with bench.app() as app:
            made = adaptive(SINGLE, analyst=analyst("", "", tools=tools), rule=rule, name="whole")
            values.append((await app.run(made, "go")).value)
    assert values == [["a: go", "b: go"], "d: c: go"]


async def test_an_analyst_may_give_a_shape_and_is_handed_the_task(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def looks(task: str) -> TaskShape:
        seen.append(task)
        return TaskShape(tasks=[ShapedTask(id="a"), ShapedTask(id="b")])

    async with bench.app() as app:
        assert (await app.run(adaptive(SINGLE, analyst=looks, rule=SCALING, name="a"), "go")).chosen == "centralised"
    assert seen == ["go"]


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (analyst("1", "0"), "PlanRefused: parts of the task wait for each other"),
        (scripted("analyst", lambda _: "hm"), "analyst, its analyst, gave what cannot be read"),
    ],
)
async def test_a_shape_that_cannot_be_fails_it(bench: Bench, seen: Agent[Any, Any], message: str) -> None:
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=message):
            await app.run(adaptive(SINGLE, analyst=seen, rule=SCALING, name="a"), "go")


async def test_the_choice_stays_after_a_restart_although_the_record_has_become_good(bench: Bench) -> None:
    @workflow(name="central")
    async def slow(ctx: Context, text: str) -> str:
        await ctx.sleep(60)
        return f"{text} slowly"

    made = adaptive(SINGLE, analyst=analyst("", ""), rule=Scaling(centralised=slow, decentralised=SPREAD), name="a")
    async with bench.app(made) as app:
        run = (await app.start(made, "go")).id

        async def parked() -> bool:
            return (await (await app.handle(run)).status()).state == "parked"

        await bench.clock.until(parked)
        await app.run(tried(SINGLE, 9))
    assert (await bench.result(run, made, seconds=60)).value == "go slowly"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: adaptive(SINGLE, analyst="x", rule=SCALING, enough=1.5), "enough=1.5: expected a share from 0 to 1"),
        (
            lambda: adaptive(SINGLE, analyst="x", rule=Scaling(centralised="c", decentralised="d", many_tools=0)),
            "many_tools=0: expected at least 1",
        ),
        (
            lambda: adaptive(SINGLE, analyst="x", rule=adaptorch(coupling=2.0)),
            "coupling=2: expected a share from 0 to 1",
        ),
        (lambda: adaptive(SINGLE, analyst="x", rule=adaptorch(size=0)), "size=0: expected at least 1"),
        (
            lambda: adaptive(SINGLE, analyst="x", rule=Scaling(centralised=scripted, decentralised="d")),  # type: ignore[arg-type]
            "as its centralised",
        ),
        (lambda: adaptive(SINGLE, analyst=SPREAD, rule=SCALING), "spread does not give what its analyst has to give"),
        (
            lambda: adaptive(says("one"), analyst="x", rule=Scaling(centralised=numbers, decentralised="d")),
            "one and numbers are handed the same input, but take different ones",
        ),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(build: Any, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        build()


@agent
async def numbers(n: int) -> int:
    return n


def test_its_picture_shows_the_analyst_and_whom_it_chooses_from() -> None:
    drawn = adaptive(SINGLE, analyst="looks", rule=SCALING).graph()
    assert [part for part in ("analyst: looks", '"single"', "centralised: central", "decentralised: spread")
            if part not in drawn] == []  # fmt: skip


def test_it_is_written_down_with_the_rule_as_a_mapping() -> None:
    made = adaptive(SINGLE, analyst="looks", rule=Scaling(centralised=CENTRAL, decentralised="d", many_tools=3))
    rule = {"centralised": "central", "decentralised": "d", "many_tools": 3}
    assert made.spec() == {"adaptive": {"single": "single", "analyst": "looks", "rule": rule}}
