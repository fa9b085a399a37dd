"""Whom the rules refuse in a run whatever they are handed is not offered to it, and not chosen."""

from pathlib import Path
from typing import Any

import pytest

from podium import Config, Context, agent, workflow
from podium.errors import CallRefused
from podium.model.policy import PolicySettings
from podium.model.rules import AgentRules
from podium.model.task import Task
from podium.patterns import magentic, parallel, sequence, task_force
from podium.testing import scripted
from tests.unit.engine.bench import Bench

LATER = 'context.now > datetime("2020-01-01T00:00:00Z")'
POLITE = 'permit(principal, action, resource) when { resource.name != "first" };'
ALL = "permit(principal, action, resource);"
POLICIES: dict[str, tuple[str, bool]] = {
    "nothing forbids it": (ALL, True),
    "by name": (f'{ALL} forbid(principal, action, resource == Agent::"first");', False),
    "by what it is": (f'{ALL} forbid(principal, action, resource) when {{ resource.name like "fir*" }};', False),
    "for this user": (f'{ALL} forbid(principal == User::"local", action, resource == Agent::"first");', False),
    "for another user": (f'{ALL} forbid(principal == User::"ann", action, resource == Agent::"first");', True),
    "for this workflow": (f'{ALL} forbid(principal == Agent::"seeks", action, resource == Agent::"first");', False),
    "by its input": (
        f'{ALL} forbid(principal, action, resource == Agent::"first") when {{ context.input == "x" }};', True
    ),
    "by all of its input": (
        f'{ALL} forbid(principal, action, resource == Agent::"first") when {{ context.all.to == "x" }};', True
    ),
    "by the time": (
        f'{ALL} forbid(principal, action, resource == Agent::"first") when {{ {LATER} }};', True
    ),
    "by the input of the run": (
        f'{ALL} forbid(principal, action, resource == Agent::"first") when {{ context.run_input == "task" }};', False
    ),
    "by another input of the run": (
        f'{ALL} forbid(principal, action, resource == Agent::"first") when {{ context.run_input == "other" }};', True
    ),
    "a person is asked": (f'{ALL} @id("a") @ask("boss") forbid(principal, action, resource == Agent::"first");', True),
    "by default": (POLITE, False),
    "permitted by its input": (
        f'{POLITE} permit(principal, action, resource == Agent::"first") when {{ context.input == "x" }};', True,
    ),
}  # fmt: skip
"""Rules, and whether `first` may be called by `seeks` as far as is known before its input is."""


def member(name: str, usd: float) -> Any:
    @agent(name=name, description="works", capabilities={"work"}, usd=usd)
    async def works(it: Any = None) -> str:
        return name

    return works


FIRST, SECOND = member("first", 1), member("second", 2)


@workflow
async def seeks(ctx: Context, what: str) -> list[str]:
    found = [card.name for card in await ctx.find("work")]
    among = [card.name for card in await ctx.find("work", among=[SECOND, "first", "nobody"])]
    assert sorted(among) == found
    try:
        chosen = await ctx.call(Task(capability="work"), "work")
    except CallRefused as error:
        chosen = f"{error.rule} forbids it"
    return [*found, chosen]


def config(folder: Path, rules: str) -> Config:
    (folder / "rules.cedar").write_text(rules)
    return Config(policy=PolicySettings(file=str(folder / "rules.cedar")))


@pytest.mark.parametrize("name", POLICIES)
async def test_who_is_refused_anyway_is_neither_found_nor_chosen(bench: Bench, tmp_path: Path, name: str) -> None:
    rules, offered = POLICIES[name]
    async with bench.app(seeks, FIRST, SECOND, config=config(tmp_path, rules)) as app:
        handle = await app.start(seeks, "task")
        await bench.clock.settle()
        asked = list(await app.inbox.list())
        for question in asked:
            await app.inbox.answer(question.id, {"approved": True}, by="ann")
        result = await handle.result()
    assert bool(asked) is (name == "a person is asked")
    chosen = result.pop()
    assert result == (["first", "second"] if offered else ["second"])
    assert (chosen == "second") is not offered


async def test_who_is_on_no_list_of_what_may_be_used_is_not_found(bench: Bench) -> None:
    listed = Config(agents={"seeks": AgentRules(allow=("second",))})
    async with bench.app(seeks, FIRST, SECOND, config=listed) as app:
        assert await app.run(seeks, "task") == ["second", "second"]


async def test_where_all_are_refused_the_call_says_why(bench: Bench, tmp_path: Path) -> None:
    @workflow(name="seeks")
    async def all_refused(ctx: Context) -> str:
        assert await ctx.find("work") == []
        try:
            await ctx.call(Task(capability="work"), "work")
        except CallRefused as error:
            return str(error)
        return ""

    rules = 'permit(principal, action, resource == Agent::"seeks");'
    async with bench.app(all_refused, FIRST, SECOND, config=config(tmp_path, rules)) as app:
        assert 'may not call Agent::"first"' in await app.run(all_refused)


async def test_what_was_found_stays_when_the_policy_changes(bench: Bench, tmp_path: Path) -> None:
    @workflow(name="keeps")
    async def keeps(ctx: Context) -> list[str]:
        found = [card.name for card in await ctx.find("work")]
        await ctx.sleep(10)
        return found

    run = await bench.parked(keeps, None, FIRST, SECOND)
    forbids = config(tmp_path, POLICIES["by name"][0])
    async with bench.app(keeps, FIRST, SECOND, config=forbids) as app:
        await bench.clock.advance(10)
        assert await (await app.handle(run)).result() == ["first", "second"]


def _next(worker: str, *, over: bool = False) -> dict[str, Any]:
    return {"satisfied": over, "looping": False, "progressing": True, "next": worker, "instruction": "do"}


TEAMS: dict[str, Any] = {
    "parallel": lambda: parallel(offering="work"),
    "magentic": lambda: magentic(
        scripted("lead", lambda told: _next("second", over=bool(told["history"]))), offering="work",
        ledger=scripted("ledger", [{"facts": "f", "plan": "p"}]), final=scripted("final", ["done"]),
    ),
    "task_force": lambda: task_force(scripted("analyst", [{"capabilities": ["work"]}])),
    "task_force, candidates": lambda: task_force(
        scripted("analyst", [{"capabilities": ["work"]}]), candidates=[FIRST, "second"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEAMS)
async def test_teams_offer_and_recruit_only_who_may_be_called(bench: Bench, tmp_path: Path, name: str) -> None:
    team = sequence(TEAMS[name](), str, name="team")
    forbids = config(tmp_path, f'{ALL} forbid(principal, action, resource == Agent::"first");')
    async with bench.app(team, FIRST, SECOND, config=forbids) as app:
        handle = await app.start(team, "task")
        result = await handle.result()
        asked = {fact.body["agent"] for fact in await handle.facts() if fact.kind.name == "ASKED"}
    assert "second" in asked
    assert "first" not in asked
    assert "first" not in result
