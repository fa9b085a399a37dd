"""What a run may use: said when it is started, by the configuration or by its code, and inherited by all below it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Tool

from podium import Context, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.config import Config
from podium.errors import CallRefused, ConfigError, RunFailed, UsageError
from podium.guards import Screening, screen_by
from podium.model.agent import AnyAgent
from podium.model.facts.calls import StepDone
from podium.model.facts.notices import Notice
from podium.model.retry import FailureKind, Retry
from podium.model.rules import AgentRules
from podium.testing import ScriptedModel, Use
from tests.unit.engine.bench import Bench

USED: list[str] = []


@pytest.fixture(autouse=True)
def nothing_used() -> None:
    USED.clear()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@agent
async def pay(to: str) -> str:
    USED.append(f"pay {to}")
    return "paid"


@agent
async def read(name: str) -> str:
    USED.append(f"read {name}")
    return "text"


async def tried(ctx: Context, *agents: AnyAgent) -> str:
    """Call agents, and say of each whether it was refused."""
    said = list[str]()
    for each in agents:
        try:
            said.append(await ctx.call(each, "bob"))
        except CallRefused as refused:
            said.append(refused.rule)
    return " ".join(said)


@workflow
async def both(ctx: Context, q: str) -> str:
    return await tried(ctx, read, pay)


@workflow
async def calls_it(ctx: Context, q: str) -> str:
    return await ctx.call(both, q)


@workflow
async def spawns_it(ctx: Context, q: str) -> str:
    return await (await ctx.spawn(both, q)).result()


@workflow
async def in_branches(ctx: Context, q: str) -> str:
    async def one(ctx: Context) -> str:
        return await tried(ctx, read, pay)

    return " ".join(await ctx.gather(ctx.branch(one), ctx.branch(one)))


@workflow
async def restarts(ctx: Context, q: str) -> str:
    return await tried(ctx, read, pay) if q == "again" else await ctx.restart("again")


EVERY = (both, calls_it, spawns_it, in_branches, restarts)


def ids(value: AnyAgent | str) -> str:
    return value if isinstance(value, str) else value.card.name


@pytest.mark.parametrize("flow", EVERY, ids=ids)
@pytest.mark.parametrize("way", ["start", "settings"])
async def test_everything_below_a_run_keeps_to_its_list(bench: Bench, flow: AnyAgent, way: str) -> None:
    rules = {flow.card.name: AgentRules(allow=("re*",))} if way == "settings" else {}
    async with bench.app(*EVERY, read, pay, config=Config(agents=rules)) as app:
        said = await app.run(flow, "q", **({"allow": ["re*"]} if way == "start" else {}))
    assert set(said.split()) == {"text", "allow"}
    assert set(USED) == {"read bob"}


async def test_a_workflow_may_say_its_list_where_it_is_made(bench: Bench) -> None:
    @workflow(allow=["re*"])
    async def reads(ctx: Context, q: str) -> str:
        return f"{await tried(ctx, read, pay)} {await (await ctx.spawn(both, q)).result()}"

    async with bench.app(reads, both, read, pay) as app:
        assert (await app.run(reads, "q")).split() == ["text", "allow"] * 2
    with pytest.raises(UsageError, match="allow of"):
        workflow(allow="re*")(both.function)


@pytest.mark.parametrize("flow", EVERY, ids=ids)
async def test_without_a_list_all_is_allowed_and_an_empty_one_allows_nothing(bench: Bench, flow: AnyAgent) -> None:
    async with bench.app(*EVERY, read, pay) as app:
        assert set((await app.run(flow, "q")).split()) == {"text", "paid"}
        USED.clear()
        assert set((await app.run(flow, "q", allow=[])).split()) == {"allow"}
    assert USED == []


@agent
async def plan(task: str) -> list[str]:
    USED.append("plan")
    return ["read"] if "read" in task else ["pay"]


@workflow
async def planned(ctx: Context, task: str) -> str:
    ctx.allow(*await ctx.call(plan, task))
    await ctx.sleep(60)
    here = await tried(ctx, read, pay)
    below = [await ctx.call(both, task), await (await ctx.spawn(both, task)).result()]
    return " ".join([here, *below])


async def test_a_list_that_an_agent_makes_of_the_task_holds_below_it_and_in_another_process(bench: Bench) -> None:
    async with bench.app(planned, both, plan, read, pay) as app:
        handle = await app.start(planned, "read it")
        await bench.clock.settle()
    async with bench.app(planned, both, plan, read, pay) as app:
        await bench.clock.advance(61)
        assert await (await app.handle(handle.id)).result() == "text allow text allow text allow"
        facts = await app.runs.facts(handle.id)
    assert USED == ["plan", "read bob", "read bob", "read bob"]
    said = [fact.content.said for fact in facts if isinstance(fact.content, Notice) and fact.content.guard == "allow"]
    assert said[0] == {"only": ["read"]}
    assert len([each for each in said if "only" in each]) == 1
    assert {each["resource"] for each in said if "only" not in each} == {"pay"}


@workflow
async def narrows(ctx: Context, q: str) -> str:
    ctx.allow("read")
    return await tried(ctx, read, pay)


@workflow
async def beside(ctx: Context, q: str) -> str:
    """What is called narrows itself, not its caller; what a caller narrowed is not widened below."""
    inside = await ctx.call(narrows, q)
    return f"{inside} / {await tried(ctx, read, pay)}"


@workflow
async def widens(ctx: Context, q: str) -> str:
    ctx.allow("pay")
    ctx.allow("*")
    return await ctx.call(narrows, q)


async def test_lists_only_narrow_and_hold_for_what_is_below_alone(bench: Bench) -> None:
    async with bench.app(beside, widens, narrows, read, pay) as app:
        assert await app.run(beside, "q") == "text allow / text paid"
        assert await app.run(widens, "q") == "allow allow"
        assert await app.run(narrows, "q", allow=["pay"]) == "allow allow"


@workflow
async def another_plan(ctx: Context, q: str) -> str:
    USED.append("attempt")
    ctx.allow("pay" if USED.count("attempt") == 1 else "read")
    if USED.count("attempt") == 1:
        raise ValueError("not this way")
    return await tried(ctx, read, pay)


@workflow
async def tries_again(ctx: Context, q: str) -> str:
    return await ctx.call(another_plan, q, retry=Retry(attempts=2, kinds=frozenset({FailureKind.BUG})))


async def test_another_attempt_of_a_workflow_has_its_own_list(bench: Bench) -> None:
    async with bench.app(tries_again, another_plan, read, pay) as app:
        handle = await app.start(tries_again, "q")
        await bench.clock.settle()
        await bench.clock.advance(120)
        assert await handle.result() == "text allow"


@workflow
async def restarts_narrowed(ctx: Context, q: str) -> str:
    if q == "again":
        return await tried(ctx, read, pay)
    ctx.allow("read")
    return await ctx.restart("again")


async def test_the_next_generation_keeps_what_the_one_before_said(bench: Bench) -> None:
    async with bench.app(restarts_narrowed, read, pay) as app:
        assert await app.run(restarts_narrowed, "q") == "text allow"


@agent
async def take_back(to: str) -> None:
    USED.append(f"back {to}")


@workflow
async def fails(ctx: Context, q: str) -> None:
    await ctx.call(pay, q)
    await ctx.on_undo(take_back, q)
    raise ValueError("not after all")


async def test_what_was_allowed_may_be_undone(bench: Bench) -> None:
    async with bench.app(fails, pay, take_back) as app:
        with pytest.raises(RunFailed, match="not after all") as failed:
            await app.run(fails, "bob", allow=["pay"])
    assert USED == ["pay bob", "back bob"]
    assert "not undone" not in str(failed.value)


async def test_a_fork_keeps_the_list_of_its_run(bench: Bench) -> None:
    async with bench.app(both, read, pay) as app:
        handle = await app.start(both, "q", allow=["read"])
        assert await handle.result() == "text allow"
        fork = await app.operations.fork(handle.id, "1")
        assert await fork.result() == "text allow"


def look(what: str) -> str:
    """Look."""
    USED.append(f"look {what}")
    return "seen"


def send(to: str) -> str:
    """Send."""
    USED.append(f"send {to}")
    return "sent"


@pytest.mark.parametrize("own", [False, True])
async def test_tools_are_named_by_agent_and_the_model_is_told_and_goes_on(bench: Bench, *, own: bool) -> None:
    script = [Use("send", {"to": "mallory"}), Use("look", {"what": "x"}), "Done."]
    options: dict[str, Any] = {"allow": ("bot/look",)} if own else {}
    bot = llm_agent(
        "bot", model=ScriptedModel(script), instructions="Do it.", tools=[Tool(look), Tool(send)], **options
    )

    @workflow
    async def flow(ctx: Context, q: str) -> str:
        return await ctx.call(bot, q)

    async with bench.app(flow, bot) as app:
        handle = await app.start(flow, "q", allow=None if own else ["bot/look"])
        assert await handle.result() == "Done."
        done = [fact.content for fact in await app.runs.facts(handle.id) if isinstance(fact.content, StepDone)]
    assert [each.refused for each in done if each.name.startswith("tool/")] == ["allow", None]
    assert USED == ["look x"]


async def test_what_is_no_list_is_told(bench: Bench) -> None:
    @workflow
    async def wrong(ctx: Context, q: str) -> None:
        ctx.allow(5)  # pyright: ignore[reportArgumentType] - that is what is tried

    async with bench.app(both, wrong, read, pay) as app:
        with pytest.raises((UsageError, ConfigError), match="allow of a run"):
            await app.start(both, "q", allow="read")
        with pytest.raises(RunFailed, match=r"ctx\.allow"):
            await app.run(wrong, "q")


async def test_a_tool_that_is_not_on_the_list_counts_as_a_violation_at_once_and_by_the_facts(
    bench: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "policy.cedar"
    file.write_text("permit(principal, action, resource) when { resource has trust || true };")
    bot = llm_agent(
        "bot", model=ScriptedModel([Use("send", {"to": "mallory"}), "Done."]), instructions="Do it.", tools=[Tool(send)]
    )

    @workflow
    async def flow(ctx: Context, q: str) -> str:
        return await ctx.call(bot, q)

    trust = int((80 * 10 + 100) / (10 + 1 + 10))
    async with bench.app(flow, bot, policy={"file": str(file)}) as app:
        assert await app.run(flow, "q", allow=[]) == "Done."
        assert await app.reports.trust("bot") == trust
    async with bench.app(flow, bot, policy={"file": str(file)}) as app:
        assert await app.reports.trust("bot") == trust


@agent
async def screens(text: str) -> Screening:
    USED.append(f"look {text}")
    return Screening(safe=text != "mallory", reason="it is mallory")


@agent(guards=(screen_by(screens, on=["input"]),))
async def ring(whom: str) -> str:
    USED.append(f"ring {whom}")
    return "rung"


async def test_who_screens_for_a_guard_need_not_be_on_the_list(bench: Bench) -> None:
    @workflow
    async def rings(ctx: Context, whom: str) -> str:
        return await ctx.call(ring, whom)

    async with bench.app(rings, ring, screens) as app:
        assert await app.run(rings, "bob", allow=["ring"]) == "rung"
        with pytest.raises(RunFailed, match="it is mallory"):
            await app.run(rings, "mallory", allow=["ring"])
        with pytest.raises(RunFailed, match="ring is not on the list"):
            await app.run(rings, "bob", allow=["screens"])
    assert USED == ["look bob", "ring bob", "look mallory"]
