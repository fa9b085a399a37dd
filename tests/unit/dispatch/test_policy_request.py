"""What rules can read of what was asked for: by the user, of the run, and of the agent that uses a tool."""

from pathlib import Path

import pytest

from podium import App, Context, workflow
from podium.agents.card import CardedAgent
from podium.agents.shape import shape_of
from podium.errors import RunFailed
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps
from tests.unit.dispatch.test_policy_middleware import EVERYTHING, PolicyFile
from tests.unit.engine.bench import Bench

PAID: list[int] = []


class Payer(CardedAgent[Json, Json]):
    """Pays with a tool what it is asked to pay, and one more where it was told so by somebody else."""

    async def run(self, call: Call, steps: Steps) -> Outcome:
        async def pay() -> Json:
            PAID.append(call.input["pays"])
            return "paid"

        sent = {"tool": "pay", "arguments": {"amount": call.input["pays"]}}
        return Done(await steps.once("tool/pay", pay, input=sent))


payer = Payer(Card(name="payer"), shape_of(Json), shape_of(Json))


@workflow
async def desk(ctx: Context, order: Json) -> Json:
    return await ctx.call(payer, order)


@workflow
async def office(ctx: Context, order: Json) -> Json:
    child = await ctx.spawn(desk, {**order, "owed": order["lent"]})
    return await child.result()


@workflow
async def shop(ctx: Context, order: Json) -> Json:
    if order["again"]:
        await ctx.restart({**order, "again": False, "owed": 1_000})
    return await ctx.call(payer, order)


def only(when: str, *more: str) -> tuple[str, ...]:
    return EVERYTHING, f'@id("only") forbid(principal, action == Action::"tool", resource) unless {{ {when} }};', *more


async def paid(app: App, flow: object, order: Json) -> list[int]:
    PAID.clear()
    try:
        await app.run(flow, order)  # pyright: ignore[reportArgumentType] - workflows of several forms
    except RunFailed as error:
        if "may not" not in str(error):
            raise
    return list(PAID)


@pytest.mark.parametrize("name", ["request", "run_input", "call_input"])
async def test_a_tool_is_held_to_what_was_asked_for(tmp_path: Path, name: str) -> None:
    policy = PolicyFile(tmp_path / "p.cedar").holds(*only(f"context.input.amount <= context.{name}.owed"))
    async with Bench(tmp_path).app(desk, payer, policy=policy) as app:
        assert await paid(app, desk, {"owed": 7, "pays": 7}) == [7]
        assert await paid(app, desk, {"owed": 7, "pays": 8}) == []
        assert await paid(app, desk, {"pays": 1}) == [], "what cannot be evaluated is forbidden"


@pytest.mark.parametrize(("name", "most"), [("request", 5), ("run_input", 50)])
async def test_of_a_child_run_the_request_is_what_the_user_asked_for(tmp_path: Path, name: str, most: int) -> None:
    policy = PolicyFile(tmp_path / "p.cedar").holds(*only(f"context.input.amount <= context.{name}.owed"))
    async with Bench(tmp_path).app(office, desk, payer, policy=policy) as app:
        for pays in (5, 6, 50, 51):
            expected = [pays] if pays <= most else []
            assert await paid(app, office, {"owed": 5, "lent": 50, "pays": pays}) == expected


@pytest.mark.parametrize(("name", "most"), [("request", 5), ("run_input", 1_000)])
async def test_of_a_later_generation_the_request_is_that_of_the_first(tmp_path: Path, name: str, most: int) -> None:
    policy = PolicyFile(tmp_path / "p.cedar").holds(*only(f"context.input.amount <= context.{name}.owed"))
    async with Bench(tmp_path).app(shop, payer, policy=policy) as app:
        for pays in (5, 6, 1_001):
            expected = [pays] if pays <= most else []
            assert await paid(app, shop, {"owed": 5, "again": True, "pays": pays}) == expected


async def test_a_whole_input_can_be_compared(tmp_path: Path) -> None:
    policy = PolicyFile(tmp_path / "p.cedar").holds(*only('context.request == {pays: 3, to: {name: "ann"}}'))
    async with Bench(tmp_path).app(desk, payer, policy=policy) as app:
        assert await paid(app, desk, {"pays": 3, "to": {"name": "ann"}}) == [3]
        assert await paid(app, desk, {"pays": 3, "to": {"name": "eve"}}) == []


async def test_a_call_of_an_agent_has_no_input_of_a_call_above_it(tmp_path: Path) -> None:
    rule = 'forbid(principal, action == Action::"call", resource == Agent::"payer") when { context has call_input };'
    policy = PolicyFile(tmp_path / "p.cedar").holds(EVERYTHING, rule)
    async with Bench(tmp_path).app(desk, payer, policy=policy) as app:
        assert await paid(app, desk, {"pays": 3}) == [3]


async def test_the_start_of_a_run_can_be_held_to_what_is_asked_for(tmp_path: Path) -> None:
    rule = 'forbid(principal, action, resource == Agent::"desk") when { context.request.pays > 5 };'
    policy = PolicyFile(tmp_path / "p.cedar").holds(EVERYTHING, rule)
    async with Bench(tmp_path).app(desk, payer, policy=policy) as app:
        assert await paid(app, desk, {"pays": 3}) == [3]
        assert await paid(app, desk, {"pays": 6}) == []
