"""Starting a run is a call of its workflow, by a user or a run: policies, delegations and guards see it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from podium import Context, agent, workflow
from podium.errors import RunCancelled, RunFailed
from podium.guards import guard, pii
from podium.model.agent_kind import MONITOR_KIND
from podium.model.delegation import Delegation
from podium.model.fact import FactKind
from podium.model.incident import MONITOR
from podium.model.json import Json
from podium.model.run import RunState
from tests.unit.engine.bench import Bench

EVERYTHING = "permit(principal, action, resource);\n"
ASKS = '@id("desk") @ask("leads") forbid(principal is User, action, resource == Agent::"desk");\n'
MAIL = "write to bob@example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.cedar"


def policy(file: Path, *rules: str) -> dict[str, Any]:
    file.write_text("".join((EVERYTHING, *rules)))
    return {"policy": {"file": str(file)}}


def desk(bench: Bench, *guards: Any, seconds: float = 0.0) -> Any:
    @agent
    async def put_back(taken: dict[str, str]) -> None:
        bench.witness.saw("undone", taken["input"])

    @agent(undo="put_back")
    async def take(text: str) -> str:
        bench.witness.saw("taken", text)
        return text

    @workflow(guards=guards)
    async def desk(ctx: Context, text: str) -> str:
        bench.witness.saw("begun")
        await ctx.call(take, text)
        await ctx.sleep(seconds)
        return text

    return desk, take, put_back


async def test_a_run_that_the_policy_forbids_does_not_begin_and_is_let_in_by_a_retry_once_it_may(
    bench: Bench, file: Path
) -> None:
    flow, *members = desk(bench)
    forbidden = policy(file, 'forbid(principal == User::"bob", action, resource == Agent::"desk");')
    async with bench.app(flow, *members, **forbidden) as app:
        handle = await app.start(flow, "tea", principal="bob")
        with pytest.raises(RunFailed, match='User::"bob" may not call Agent::"desk"'):
            await handle.result()
        assert await app.run(flow, "milk", principal="ada") == "milk"
    assert bench.witness.lines() == ["begun", "taken milk"]
    async with bench.app(flow, *members, **policy(file)) as app:
        assert await (await app.operations.retry(handle.id)).result() == "tea"
        assert await app.reports.verify(handle.id) == []


@pytest.mark.parametrize("word", [True, False])
async def test_a_run_waits_over_a_restart_for_a_person_who_lets_it_in_or_not(
    bench: Bench, file: Path, *, word: bool
) -> None:
    flow, *members = desk(bench, seconds=10.0)
    rules = policy(file, ASKS)
    async with bench.app(flow, *members, **rules) as app:
        handle = await app.start(flow, "tea", principal="bob")
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
    assert bench.witness.lines() == []
    async with bench.app(**rules) as app:
        [question] = await app.inbox.list(to="leads")
        assert question.ask.text.startswith("May bob call desk?")
        await app.inbox.answer(question.id, {"approved": word}, by="ann")
    state = RunState.PARKED
    for _ in range(2):
        async with bench.app(flow, *members, **rules) as app:
            await bench.clock.advance(6.0)
            state = (await (await app.handle(handle.id)).status()).state
            assert not await app.inbox.list(to="leads"), "nobody is asked again"
    assert state is (RunState.DONE if word else RunState.FAILED)
    assert bench.witness.count("taken") == word


async def test_a_run_that_waits_to_be_let_in_can_be_cancelled(bench: Bench, file: Path) -> None:
    flow, *members = desk(bench)
    async with bench.app(flow, *members, **policy(file, ASKS)) as app:
        handle = await app.start(flow, "tea")
        await bench.clock.settle()
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
        assert not await app.inbox.list()
    assert bench.witness.lines() == []


async def test_what_was_let_in_goes_on_when_the_policy_has_changed(bench: Bench, file: Path) -> None:
    flow, *members = desk(bench, seconds=10.0)
    async with bench.app(flow, *members, **policy(file)) as app:
        handle = await app.start(flow, "tea")
        await bench.clock.settle()
    forbidden = policy(file, 'forbid(principal is User, action, resource == Agent::"desk");')
    assert (await ended(bench, handle.id, flow, *members, **forbidden)).state is RunState.DONE


async def test_a_workflow_inside_a_run_that_was_let_in_goes_on_too(bench: Bench, file: Path) -> None:
    flow, *members = desk(bench, seconds=10.0)

    @workflow
    async def office(ctx: Context, text: str) -> str:
        return await ctx.call(flow, text)

    async with bench.app(office, flow, *members, **policy(file)) as app:
        handle = await app.start(office, "tea")
        await bench.clock.settle()
    forbidden = policy(file, 'forbid(principal, action, resource == Agent::"desk");')
    assert (await ended(bench, handle.id, office, flow, *members, **forbidden)).state is RunState.DONE
    assert bench.witness.lines() == ["begun", "taken tea", "begun"]


async def ended(bench: Bench, run: str, *agents: Any, **settings: Any) -> Any:
    async with bench.app(*agents, **settings) as app:
        await bench.clock.advance(20.0)
        return await (await app.handle(run)).status()


async def test_a_run_spawns_only_what_it_may_call(bench: Bench, file: Path) -> None:
    flow, *members = desk(bench)

    @workflow
    async def parent(ctx: Context, text: str) -> str:
        return await (await ctx.spawn(flow, text)).result()

    forbidden = policy(file, 'forbid(principal == Agent::"parent", action, resource == Agent::"desk");')
    async with bench.app(parent, flow, *members, **forbidden) as app:
        with pytest.raises(RunFailed, match='Agent::"parent" may not call Agent::"desk"'):
            await app.run(parent, "tea")
        assert await app.run(flow, "milk") == "milk"
    assert bench.witness.lines() == ["begun", "taken milk"]


async def test_what_a_token_started_spawns_only_what_the_delegation_is_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "0123456789abcdef0123456789abcdef")
    flow, *members = desk(bench)

    @workflow
    async def parent(ctx: Context, text: str) -> str:
        return await (await ctx.spawn(flow, text)).result()

    delegation = {"key": "env:DELEGATION_KEY", "audience": "shop"}
    async with bench.app(parent, flow, *members, delegation=delegation) as app:
        token = await app.delegations.grant(Delegation(by="ada", to="helper", agents=("parent",)))
        handle = await app.redeem(token, "parent", "tea")
        with pytest.raises(RunFailed, match="is not for desk"):
            await handle.result()
    assert bench.witness.lines() == []


async def test_guards_check_what_goes_into_a_run_and_say_so_once(bench: Bench) -> None:
    flow, *members = desk(bench, pii(on=["input"]), seconds=10.0)
    async with bench.app(flow, *members) as app:
        handle = await app.start(flow, MAIL)
        await bench.clock.settle()
    async with bench.app(flow, *members) as app:
        await bench.clock.advance(20.0)
        assert await (await app.handle(handle.id)).result() == "write to <EMAIL_1>"
        told = [fact.body["did"] for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
    assert told == ["repaired"]
    assert bench.witness.lines().count("taken write to <EMAIL_1>") == 1


async def test_what_a_guard_does_not_let_out_is_undone(bench: Bench) -> None:
    flow, *members = desk(bench, guard(lambda _: "it is wrong", name="no", on=["output"]))
    async with bench.app(flow, *members) as app:
        with pytest.raises(RunFailed, match="it is wrong"):
            await app.run(flow, "tea")
    assert bench.witness.lines() == ["begun", "taken tea", "undone tea"]


@pytest.mark.parametrize("word", [True, False])
async def test_a_value_waits_over_a_restart_for_a_person_who_lets_it_out_or_not(bench: Bench, *, word: bool) -> None:
    def loud(value: Json) -> str | None:
        return "it shouts" if value != value.lower() else None

    flow, *members = desk(bench, guard(loud, name="loud", on=["output"], ask="editors"))
    async with bench.app(flow, *members) as app:
        handle = await app.start(flow, "TEA")
        await bench.clock.settle()
    async with bench.app() as app:
        [question] = await app.inbox.list(to="editors")
        await app.inbox.answer(question.id, {"approved": word}, by="ann")
    async with bench.app(flow, *members) as app:
        if word:
            assert await (await app.handle(handle.id)).result() == "TEA"
        else:
            with pytest.raises(RunFailed, match="ann did not approve it"):
                await (await app.handle(handle.id)).result()
    assert bench.witness.count("taken") == 1
    assert bench.witness.count("undone") == (not word)


@pytest.mark.parametrize("kind", ["workflow", MONITOR_KIND])
async def test_its_kind_and_not_its_name_exempts_the_workflow_of_incidents_from_rules_for_runs(
    bench: Bench, file: Path, kind: str
) -> None:
    @workflow(name=MONITOR)
    async def incident(ctx: Context) -> str:
        return "done"

    incident.card = replace(incident.card, kind=kind)
    async with bench.app(incident, **policy(file, "forbid(principal, action, resource);")) as app:
        handle = await app.start(incident)
        if kind == MONITOR_KIND:
            assert await handle.result() == "done"
            return
        with pytest.raises(RunFailed, match="may not call"):
            await handle.result()


@workflow(name="desk", guards=(pii(repair=False),))
async def restarts(ctx: Context, texts: list[str]) -> str:
    await ctx.sleep(1)
    text, *others = texts
    if others:
        await ctx.restart(others)
    return text


async def test_the_policy_decides_once_however_often_a_run_restarts(bench: Bench, file: Path) -> None:
    async with bench.app(restarts, **policy(file, ASKS)) as app:
        handle = await app.start(restarts, ["a", "b", "c"], principal="bob")
        await bench.clock.settle()
        [question] = (await app.inbox.list()).items
        await app.inbox.answer(question.id, {"approved": True}, by="ann")
        await bench.clock.advance(5)
        assert await handle.result() == "c"
        assert (await handle.status()).generation == 3


async def test_a_guard_sees_what_each_generation_is_given(bench: Bench) -> None:
    async with bench.app(restarts) as app:
        handle = await app.start(restarts, ["a", "b", "c"])
        await bench.clock.advance(1)
        await bench.clock.advance(4)
        assert await handle.result() == "c"
        refused = await app.start(later, 0)
        await bench.clock.advance(5)
        with pytest.raises(RunFailed, match=r"(?i)e-?mail"):
            await refused.result()
        run = await refused.status()
        assert (run.state, run.generation) == (RunState.FAILED, 2)
        assert [fact.key for fact in await refused.facts()][-2:] == ["g2.start", ""]
    assert (await bench.ended(run.id, restarts, later)).state is RunState.FAILED


@workflow(guards=(pii(repair=False),))
async def later(ctx: Context, what: Json) -> Json:
    await ctx.sleep(1)
    if not what:
        await ctx.restart(MAIL)
    return what
