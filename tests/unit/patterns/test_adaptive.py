"""`adaptive`: looks at the task and picks the pattern."""

from collections import Counter
from typing import Any

import pytest

from podium import Agent, App, Context, agent, workflow
from podium.errors import CallError, PatternError, RunFailed
from podium.model.facts.calls import Asked
from podium.patterns import Adapted, AdaptOrch, Scaling, TaskShape, adaptive, cel, parallel, sequence
from podium.patterns.parts.topology import ShapedTask
from podium.testing import scripted
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


def tried(good: Agent[Any, Any], times: int, bad: Agent[Any, Any] | None = None) -> Any:
    @workflow(name=f"tries-{good.card.name}")
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


def counted(analyst: Agent[Any, Any]) -> tuple[Agent[Any, Any], list[Any]]:
    """Return an analyst that gives what another one would, and a list of what it was asked."""
    heard: list[Any] = []

    @workflow(name="counted")
    async def looks(ctx: Context, task: Any) -> Any:
        heard.append(task)
        return await ctx.call(analyst, task)

    return looks, heard


async def test_with_a_kind_of_ones_own_a_single_agent_that_is_good_enough_does_it_and_the_analyst_is_not_asked(
    bench: Bench,
) -> None:
    looks, heard = counted(analyst("", "0"))
    made = adaptive(SINGLE, analyst=looks, rule=SCALING, kind=lambda task: task[:1], name="a")
    async with bench.app() as app:
        for n in range(4):
            await app.run(made, f"x{n}")
        assert await app.run(made, "x4") == Adapted(
            value="single: x4",
            chosen="single",
            why="4 of 4 of its calls worked, so at least 51% do: above 45% more agents cost more than they bring.",
        )
        assert heard == ["x0", "x1", "x2", "x3"]
        await app.run(made, "y")
        assert heard[4:] == ["y"]


@pytest.mark.parametrize(
    ("said", "kind"), [("", "centralised"), ("Report", "report"), ("  quarterly\n REPORT ", "quarterly report")]
)
async def test_the_kind_is_what_the_analyst_says_or_else_what_the_rule_advises(
    bench: Bench, said: str, kind: str
) -> None:
    seen = scripted("analyst", lambda _: {"tasks": [{"id": "a"}, {"id": "b"}], "kind": said})
    async with bench.app() as app:
        handle = await app.start(adaptive(SINGLE, analyst=seen, rule=SCALING, name="a"), "go")
        await handle.result()
        contents = [fact.content for fact in await app.runs.facts(handle.id)]
    assert [(each.agent, each.label) for each in contents if isinstance(each, Asked)] == [
        ("analyst", None), ("central", kind),
    ]  # fmt: skip


async def test_how_good_is_good_enough_can_be_said(bench: Bench) -> None:
    async with bench.app() as app:
        chosen, seen = list[str](), analyst("", "0")
        for enough in (0.45, 0.6):
            made = adaptive(SINGLE, analyst=seen, rule=SCALING, enough=enough, name=f"a{enough}")
            app.register(made)
            await app.run(tried(made, 4))
            chosen.append((await app.run(made, "go")).why)
    assert [each[:6] for each in chosen] == ["4 of 4", "8 of 8"]
    assert "above 60%" in chosen[1]


async def test_calls_elsewhere_do_not_count_and_of_another_version_only_where_the_name_alone_is_known(
    bench: Bench,
) -> None:
    seen, newer = analyst("", "0"), says("single", version="2")
    first = adaptive(SINGLE, analyst=seen, rule=SCALING, name="first")
    async with bench.app() as app:
        await app.run(tried(SINGLE, 9))
        assert (await app.run(first, "go")).why.startswith("2 parts, one after the other")
        await app.run(tried(first, 4))
        app.register(newer)
        fresh = adaptive(newer, analyst=seen, rule=SCALING, name="fresh")
        named = adaptive("single", analyst=seen, rule=SCALING, name="named")
        whys = [(await app.run(made, "go")).why[:6] for made in (fresh, named)]
    assert whys == ["2 part", "6 of 6"]


@pytest.mark.parametrize("enough", [0.45, 1.0])
@pytest.mark.parametrize("keyed", [False, True])
async def test_a_mixed_stream_is_done_as_by_an_office_for_each_kind(
    bench: Bench, enough: float, *, keyed: bool
) -> None:
    """Errands, which one agent does well, and reports, which it does badly: their records are apart."""

    def office(name: str) -> Any:
        calls = Counter[str]()

        def doer(title: str, **solved: int) -> Agent[str, str]:
            @agent(name=f"{name}-{title}")
            async def do(task: str) -> str:
                kind = task.split("#", maxsplit=1)[0]
                calls[kind] += 1
                if calls[kind] % 10 >= solved[kind]:
                    raise RuntimeError("not solved")
                return "solved"

            return do

        one, team, spread = (
            doer("one", errand=10, report=3), doer("team", errand=3, report=7), doer("spread", errand=3, report=6)
        )  # fmt: skip
        return adaptive(
            one, analyst=looks, rule=Scaling(centralised=team, decentralised=spread), enough=enough, name=name,
            kind=(lambda task: task.split("#")[0]) if keyed else None,
        )  # fmt: skip

    @agent
    async def looks(task: str) -> TaskShape:
        after = ["a"] if task.startswith("errand") else []
        return TaskShape(tasks=[ShapedTask(id="a"), ShapedTask(id="b", after=after)], tools=3)

    async def solved(app: App, made: Any, kinds: list[str]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for n, kind in enumerate(kinds):
            try:
                found.append((kind, (await app.run(made, f"{kind}#{n}")).chosen))
            except RunFailed as error:
                found.append((kind, str(error).partition("-")[2].partition(" ")[0]))
        return found

    errands, reports = ["errand"] * 9, ["report"] * 15
    async with bench.app() as app:
        mixed = await solved(app, office("mixed"), [*errands[:5], *reports[:9], *errands[5:], *reports[9:]])
        alone = await solved(app, office("errands"), errands) + await solved(app, office("reports"), reports)
    assert sorted(mixed, key=lambda each: each[0]) == alone
    if enough < 1:
        assert {chosen for kind, chosen in mixed if kind == "errand"} == {"single"}


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
        (
            scripted("analyst", lambda _: {"tasks": [], "kind": "a report " * 10}),
            "BadAnswer: adaptive: the analyst gave a kind of 89 characters: expected a short name",
        ),
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
        seen = scripted("other-analyst", lambda _: {"tasks": []})
        rule = Scaling(centralised=slow, decentralised=SPREAD)
        other = adaptive(SINGLE, analyst=seen, rule=rule, kind=lambda _: "centralised", name="other")
        await app.run(tried(other, 9))
    assert (await bench.result(run, made, seconds=60)).value == "go slowly"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: adaptive(SINGLE, analyst="x", rule=SCALING, tries=-1), "tries=-1: expected at least 0"),
        (lambda: adaptive(SINGLE, analyst="x", rule=SCALING, kind=cel("job")), "uses job: here it may use task"),
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
