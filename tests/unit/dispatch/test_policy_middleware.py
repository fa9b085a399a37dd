"""Calls and tools under policies, in an app: what is denied, what waits for a person, and what is recorded of it."""

from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.agents.card import CardedAgent
from podium.agents.memory import Get, Put, Remembered, memory
from podium.agents.shape import shape_of
from podium.errors import CallRefused, ConfigError, RunFailed
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps
from tests.unit.engine.bench import Bench

EVERYTHING = "permit(principal, action, resource);\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> "PolicyFile":
    return PolicyFile(tmp_path / "policy.cedar")


class PolicyFile:
    """A file of policies."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, *rules: str) -> dict[str, Any]:
        """Write rules into it; returns the setting that names it."""
        self.path.write_text("\n".join(rules))
        return {"file": str(self.path)}


@agent(dangerous=True)
async def wipe(disk: str) -> str:
    return f"{disk} is gone"


@agent
async def mail(to: str) -> str:
    return f"to {to}"


@workflow
async def desk(ctx: Context, to: str) -> str:
    return await ctx.call(mail, to)


@workflow
async def office(ctx: Context, to: str) -> str:
    return await ctx.call(desk, to)


@workflow
async def cleaning(ctx: Context, disk: str) -> str:
    return await ctx.call(wipe, disk)


class Toolsmith(CardedAgent[str, Json]):
    """Uses one tool."""

    async def run(self, call: Call, steps: Steps) -> Outcome:
        async def used() -> Json:
            USED.append(call.input)
            return f"{call.input} was used"

        return Done(await steps.once(f"tool/{call.input}", used, input={"with": "care"}))


USED: list[str] = []
smith = Toolsmith(Card(name="smith"), shape_of(str), shape_of(str))


@workflow
async def forge(ctx: Context, tool: str) -> str:
    return await ctx.call(smith, tool)


async def notices(app: App, run: str) -> list[tuple[str, str]]:
    return [
        (fact.body["rule"], fact.body["decision"]) for fact in await app.runs.facts(run) if fact.kind is FactKind.NOTICE
    ]


async def answered(bench: Bench, *agents: Any, value: Json, policy: Any = None) -> None:
    """Open the app again, answer the question that is open there, and close it before anything follows."""
    settings = {} if policy is None else {"policy": policy}
    async with bench.app(*agents, **settings) as app:
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, value, by="ann")


async def test_without_policies_everything_inside_is_allowed_and_nothing_is_recorded_of_it(bench: Bench) -> None:
    async with bench.app(desk, mail) as app:
        handle = await app.start(desk, "ada")
        assert await handle.result() == "to ada"
        assert await notices(app, handle.id) == []


async def test_a_dangerous_agent_waits_for_a_person_over_a_restart(bench: Bench) -> None:
    run = await bench.parked(cleaning, "sda", wipe)
    await answered(bench, value={"approved": True})
    assert await bench.result(run, cleaning, wipe) == "sda is gone"


async def test_a_dangerous_agent_is_not_called_where_the_person_says_no(bench: Bench) -> None:
    run = await bench.parked(cleaning, "sda", wipe)
    await answered(bench, value={"approved": False, "comment": "not today"})
    with pytest.raises(RunFailed, match="ann did not approve it: not today"):
        await bench.result(run, cleaning, wipe)


async def test_what_is_asked_shows_the_input_and_who_wants_it(bench: Bench) -> None:
    async with bench.app(cleaning, wipe) as app:
        await app.start(cleaning, "sda")
        await bench.clock.settle()
        (question,) = await app.inbox.list(to="operators")
        assert question.ask.kind == "permission"
        assert question.ask.subject == "sda"
        assert question.ask.text == "May cleaning call wipe? policy:dangerous asks: it is marked dangerous."


async def test_a_denied_call_is_refused_with_the_id_of_the_rule(bench: Bench, file: PolicyFile) -> None:
    policy = file.holds(EVERYTHING, '@id("no-mail") forbid(principal, action, resource == Agent::"mail");')

    @workflow
    async def asks(ctx: Context, to: str) -> str:
        try:
            return await ctx.call(mail, to)
        except CallRefused as error:
            return error.rule

    async with bench.app(asks, mail, policy=policy) as app:
        handle = await app.start(asks, "ada")
        assert await handle.result() == "policy:no-mail"
        assert await notices(app, handle.id) == [("policy:no-mail", "deny")]


async def test_a_workflow_on_the_way_that_may_not_is_enough_to_refuse(bench: Bench, file: PolicyFile) -> None:
    policy = file.holds(EVERYTHING, 'forbid(principal == Agent::"office", action, resource == Agent::"mail");')
    async with bench.app(office, desk, mail, policy=policy) as app:
        assert await app.run(desk, "ada") == "to ada"
        with pytest.raises(RunFailed, match='Agent::"office" may not call Agent::"mail"'):
            await app.run(office, "ada")


async def test_the_workflow_that_started_a_child_run_is_on_the_way_too(bench: Bench, file: PolicyFile) -> None:
    @workflow
    async def parent(ctx: Context, to: str) -> str:
        return await (await ctx.spawn(desk, to)).result()

    policy = file.holds(EVERYTHING, 'forbid(principal == Agent::"parent", action, resource == Agent::"mail");')
    async with bench.app(parent, desk, mail, policy=policy) as app:
        with pytest.raises(RunFailed, match='Agent::"parent" may not call Agent::"mail"'):
            await app.run(parent, "ada")


async def test_users_and_tenants_are_told_apart(bench: Bench, file: PolicyFile) -> None:
    policy = file.holds(
        "permit(principal is Agent, action, resource);",
        '@id("staff") permit(principal in Group::"staff", action, resource) when { principal in Tenant::"acme" };',
    )
    policy["groups"] = {"staff": ["ada"]}
    async with bench.app(desk, mail, policy=policy) as app:
        handle = await app.start(desk, "x", principal="ada", tenant="acme")
        assert await handle.result() == "to x"
        assert await notices(app, handle.id) == [("policy:staff", "allow")] * 2, "of the start, and of the call"
        with pytest.raises(RunFailed, match='User::"bob" may not'):
            await app.run(desk, "x", principal="bob", tenant="acme")
        with pytest.raises(RunFailed, match='User::"ada" may not'):
            await app.run(desk, "x", principal="ada", tenant="other")


async def test_a_question_of_a_policy_that_nobody_answers_in_time_refuses(bench: Bench, file: PolicyFile) -> None:
    policy = file.holds(
        EVERYTHING, '@id("m") @ask("leads") @within("10m") forbid(principal, action, resource == Agent::"mail");'
    )
    async with bench.app(desk, mail, policy=policy) as app:
        handle = await app.start(desk, "ada")
        await bench.clock.advance(601)
        with pytest.raises(RunFailed, match="nobody approved it in time"):
            await handle.result()


async def test_a_rule_that_forbids_since_the_approval_refuses_all_the_same(bench: Bench, file: PolicyFile) -> None:
    run = await bench.parked(cleaning, "sda", wipe)
    await answered(bench, value={"approved": True})
    policy = file.holds(EVERYTHING, 'forbid(principal, action, resource == Agent::"wipe");')
    async with bench.app(cleaning, wipe, policy=policy) as app:
        with pytest.raises(RunFailed, match="forbids it"):
            await (await app.handle(run)).result()


async def test_a_tool_that_is_denied_is_not_used_and_refuses_the_call(bench: Bench, file: PolicyFile) -> None:
    USED.clear()
    policy = file.holds(
        EVERYTHING, '@id("no-saw") forbid(principal, action == Action::"tool", resource == Tool::"smith/saw");'
    )
    async with bench.app(forge, smith, policy=policy) as app:
        assert await app.run(forge, "hammer") == "hammer was used"
        with pytest.raises(RunFailed, match='may not use Tool::"smith/saw"'):
            await app.run(forge, "saw")
    assert USED == ["hammer"]


async def test_the_agent_that_uses_a_tool_is_on_the_way_too(bench: Bench, file: PolicyFile) -> None:
    policy = file.holds(EVERYTHING, 'forbid(principal == Agent::"smith", action == Action::"tool", resource);')
    async with bench.app(forge, smith, policy=policy) as app:
        with pytest.raises(RunFailed, match='Agent::"smith" may not use Tool::"smith/saw"'):
            await app.run(forge, "saw")


async def test_a_tool_that_is_asked_about_waits_over_a_restart(bench: Bench, file: PolicyFile) -> None:
    USED.clear()
    rule = '@id("saw") @ask("leads") forbid(principal, action == Action::"tool", resource is Tool)'
    policy = file.holds(EVERYTHING, rule, 'when { context.input.with == "care" };')
    async with bench.app(forge, smith, policy=policy) as app:
        handle = await app.start(forge, "saw")
        await bench.clock.settle()
        assert USED == []
    await answered(bench, value={"approved": True}, policy=policy)
    async with bench.app(forge, smith, policy=policy) as app:
        assert await (await app.handle(handle.id)).result() == "saw was used"
    assert USED == ["saw"]


async def test_reading_and_writing_a_memory_are_two_things(bench: Bench, file: PolicyFile) -> None:
    notes = memory(name="notes")

    @workflow
    async def looks(ctx: Context) -> Json:
        reply = await ctx.call(notes, Get("a"))
        return isinstance(reply, Remembered) and reply.value

    @workflow
    async def keeps(ctx: Context) -> Json:
        reply = await ctx.call(notes, Put("a", 1))
        return isinstance(reply, Remembered) and reply.value

    policy = file.holds(EVERYTHING, 'forbid(principal, action == Action::"write_memory", resource == Memory::"notes");')
    async with bench.app(looks, keeps, notes, policy=policy) as app:
        assert await app.run(looks) is None
        with pytest.raises(RunFailed, match='may not write to Memory::"notes"'):
            await app.run(keeps)


async def test_a_wrong_file_keeps_the_app_from_opening(bench: Bench, file: PolicyFile) -> None:
    with pytest.raises(ConfigError, match=r"policy\.cedar, line 1, column 8"):
        async with bench.app(desk, policy=file.holds("permit(")):
            pass


async def test_a_file_that_is_missing_keeps_the_app_from_opening(bench: Bench) -> None:
    with pytest.raises(ConfigError, match=r"policy\.file names nowhere\.cedar, which cannot be read"):
        async with bench.app(desk, policy={"file": "nowhere.cedar"}):
            pass
