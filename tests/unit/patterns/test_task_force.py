"""`task_force`: a team that forms itself."""

from functools import partial
from typing import Any

import pytest

from podium import Agent, App, Context, agent, workflow
from podium.errors import CallError, PatternError, RunFailed
from podium.model.agent import AnyAgent
from podium.patterns import Mission, Needs, Recruit, task_force
from podium.testing import failing, hanging, scripted
from tests.unit.engine.bench import Bench


def adds(name: str, *capabilities: str, **more: Any) -> Agent[str, str]:
    @agent(name=name, capabilities=frozenset(capabilities), **more)
    async def add(text: str) -> str:
        return f"{text} {name}"

    return add


def needs(*capabilities: str, **more: Any) -> Agent[Any, Any]:
    return scripted("analyst", lambda _: {"capabilities": list(capabilities), **more})


async def mission(bench: Bench, made: AnyAgent, *others: AnyAgent) -> Mission:
    async with bench.app(*others) as app:
        return await app.run(made, "go")


async def test_those_registered_are_recruited_by_capability_and_work_in_the_order_of_the_needs(bench: Bench) -> None:
    made = task_force(needs("read", "write"), name="t")
    done = await mission(bench, made, adds("writer", "write"), adds("reader", "read"), adds("other", "draw"))
    assert (done.result, done.work) == ("go reader writer", "sequence")
    assert [(each.agent, each.capabilities) for each in done.recruited] == [("reader", ["read"]), ("writer", ["write"])]


async def test_candidates_are_recruited_instead_whether_agents_or_names(bench: Bench) -> None:
    made = task_force(needs("read", "write"), candidates=[adds("mine", "read"), "named"], name="t")
    done = await mission(bench, made, adds("a_better", "read", "write"), adds("named", "write", "read"))
    assert done.result == "go mine named"


async def test_who_did_well_before_is_recruited_and_the_reason_says_so(bench: Bench) -> None:
    @workflow
    async def past(ctx: Context) -> None:
        await ctx.call(good, "x")
        for _ in range(2):
            with pytest.raises(CallError):
                await ctx.call(bad, "x")

    bad, good = failing("a_bad", capabilities={"write"}), adds("z_good", "write")
    async with bench.app(bad, good) as app:
        await app.run(past)
        done = await app.run(task_force(needs("write"), name="t"), "go")
    assert done.recruited == [
        Recruit(
            agent="z_good",
            capabilities=["write"],
            why="1 of 1 calls worked (counted as 67%), 0 s a call: number 1 of 2 for write.",
        )
    ]


async def test_one_who_can_do_several_things_is_called_once(bench: Bench) -> None:
    done = await mission(bench, task_force(needs("read", "write", "read"), name="t"), adds("both", "read", "write"))
    assert done.result == "go both"
    assert done.recruited[0].capabilities == ["read", "write"]


async def test_in_parallel_each_is_handed_the_task(bench: Bench) -> None:
    made = task_force(needs("read", "write", work="parallel"), name="t")
    assert (await mission(bench, made, adds("w", "write"), adds("r", "read"))).result == ["go r", "go w"]


async def test_under_a_supervisor_the_manager_is_told_what_those_found_can_do(bench: Bench) -> None:
    told: list[Any] = []

    @agent
    async def manage(task: str, workers: dict[str, str], reports: list[Any]) -> dict[str, Any]:
        told.append(workers)
        if reports:
            return {"answer": reports[0]["output"]}
        return {"assignments": [{"to": "r", "input": f"{task}!"}]}

    made = task_force(needs("read", work="supervisor"), manager=manage, name="t")
    done = await mission(bench, made, adds("r", "read", description="Reads aloud."))
    assert (done.result, done.work) == ("go! r", "supervisor")
    assert told == [{"r": "Reads aloud."}] * 2


async def test_the_analyst_is_told_the_ways_of_working_and_what_candidates_offer(bench: Bench) -> None:
    told: list[Any] = []

    @agent
    async def analyse(task: str, works: dict[str, str], capabilities: list[str] | None = None) -> Needs:
        told.append((task, list(works), capabilities))
        return Needs(capabilities=["read"])

    reader = adds("r", "read", "write")
    await mission(bench, task_force(analyse, candidates=[reader], name="t"))
    await mission(bench, task_force(analyse, manager=hanging("boss"), name="u"), reader)
    assert told == [
        ("go", ["sequence", "parallel"], ["read", "write"]),
        ("go", ["sequence", "parallel", "supervisor"], None),
    ]


@pytest.mark.parametrize(
    ("analyst", "message"),
    [
        (needs("read", "fly", "swim"), r"nobody offers fly, swim\. Register agents with these capabilities"),
        (needs(), r"analyst names no capability\. Have it name what is needed, and one of sequence, parallel\."),
        (needs("read", work="supervisor"), "analyst wants to work as a supervisor"),
        (needs("read", "write"), r"read, write take 2 agents \(r, w\), and size=1"),
        (needs("read", work="juggling"), "analyst, its analyst, gave what cannot be read"),
    ],
)
async def test_without_a_team_there_is_no_decision(bench: Bench, analyst: AnyAgent, message: str) -> None:
    with pytest.raises(RunFailed, match=message):
        await mission(bench, task_force(analyst, size=1, name="t"), adds("r", "read"), adds("w", "write"))


async def test_among_candidates_all_that_nobody_offers_is_named(bench: Bench) -> None:
    made = task_force(needs("read", "fly"), candidates=[adds("w", "write")], name="t")
    with pytest.raises(RunFailed, match=r"nobody offers read, fly\. There is write\. Add candidates with these"):
        await mission(bench, made, adds("r", "read"))


async def test_it_does_not_recruit_itself(bench: Bench) -> None:
    made = task_force(needs("plan"), name="t", capabilities={"plan"})
    with pytest.raises(RunFailed, match="nobody offers plan"):
        await mission(bench, made)


async def test_a_recruit_that_fails_fails_it(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="broken fails as told"):
        await mission(bench, task_force(needs("read"), name="t"), failing("broken", capabilities={"read"}))


async def test_candidates_that_do_not_fit_together_fail_it_with_the_reason(bench: Bench) -> None:
    @agent(capabilities={"count"})
    async def count(text: str) -> int:
        return len(text)

    made = task_force(needs("count", "write"), candidates=[count, adds("w", "write")], name="t")
    with pytest.raises(RunFailed, match="count does not give what w takes"):
        await mission(bench, made)


async def test_the_team_stays_the_same_after_a_restart_though_a_better_one_has_come(bench: Bench) -> None:
    made = task_force(needs("read", "wait"), name="t")
    slow, first = hanging("slow", capabilities={"wait"}), adds("z", "read")
    async with bench.app(made, slow, first) as app:
        run = (await app.start(made, "go")).id
        await bench.clock.until(partial(asked, app, run, "slow"))
    async with bench.app(
        made, scripted("slow", lambda text: text, capabilities={"wait"}), first, adds("a", "read")
    ) as app:
        assert (await (await app.handle(run)).result()).result == "go z"


async def asked(app: App, run: str, name: str) -> bool:
    return any(fact.body.get("agent") == name for fact in await app.runs.facts(run))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "task_force was given size=0: expected at least 1"),
        ({"candidates": []}, "task_force needs at least 1 candidates, got 0"),
        ({"candidates": ["a", "a"]}, "task_force has a twice among its candidates"),
        ({"manager": 5}, "task_force was given 5 as its manager"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        task_force(needs("read"), **options)


def test_an_analyst_that_gives_something_else_is_refused() -> None:
    with pytest.raises(PatternError, match="w does not give what its analyst has to give"):
        task_force(adds("w"))


def test_its_picture_shows_the_analyst_and_whoever_may_be_recruited() -> None:
    open_to_all = task_force(needs("read"), manager="boss").graph()
    assert "analyst" in open_to_all
    assert "whoever offers what is needed" in open_to_all
    assert "manager: boss" in open_to_all
    assert "candidate 1: w" in task_force(needs("read"), candidates=[adds("w")]).graph()


def test_it_is_written_down_with_its_members_by_name() -> None:
    made = task_force(needs("read"), candidates=[adds("w"), "r"], size=2)
    assert made.spec() == {"task_force": {"analyst": "analyst", "candidates": ["w", "r"], "size": 2}}
