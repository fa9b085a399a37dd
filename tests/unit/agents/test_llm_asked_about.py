"""A question about a use of a tool says which one, with which arguments, and which key its receiver sees."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import RunContext, Tool

from podium import App, Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.model.json import Json
from podium.model.question import Question
from podium.model.steps import Steps
from podium.testing import DrivenClock, ScriptedModel, Use

PROMPT = "pay the invoices of May"
POLICY = (
    'permit(principal, action, resource);\n@id("pay") @ask("boss")\n'
    'forbid(principal, action == Action::"tool", resource == Tool::"clerk/pay");\n'
)


class Bank:
    """What the receiver of payments saw, counted outside of the store."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []
        self.broken = False

    def pay(self, ctx: RunContext[Steps], to: str, amount: int) -> str:
        """Pay somebody."""
        self.seen.append((ctx.deps.idempotency_key, to, amount))
        if self.broken and to == "bob":
            raise ConnectionError("cut after sending")
        return "paid"

    def clerk(self, *, approve: bool = False, second: int = 20) -> Any:
        uses = [Use("pay", {"to": "ann", "amount": 10}), Use("pay", {"to": "bob", "amount": second})]
        tool = Tool(self.pay, requires_approval=approve)
        model = ScriptedModel([*uses, "done"])
        return llm_agent("clerk", model=model, instructions="x", tools=[tool], tool_effects={"pay": "once"})


def desk_of(clerk: Any) -> Any:
    @workflow
    async def desk(ctx: Context, question: str) -> str:
        return await ctx.call(clerk, question)

    return desk


def opened(path: Path, clock: DrivenClock, *agents: Any, **settings: Any) -> AbstractAsyncContextManager[App]:
    return App.open(path / "s.db", agents=agents, clock=clock, **settings)


async def open_one(app: App, clock: DrivenClock) -> Question:
    async with asyncio.timeout(60):
        while not (found := (await app.inbox.list()).items):
            await clock.settle()
    (question,) = found
    return question


async def test_a_payment_in_doubt_is_named_by_its_arguments_and_its_key(tmp_path: Path) -> None:
    bank, clock = Bank(), DrivenClock()
    bank.broken = True
    clerk = bank.clerk()
    desk = desk_of(clerk)
    async with opened(tmp_path, clock, desk, clerk) as app:
        handle = await app.start(desk, PROMPT)
        question = await open_one(app, clock)
        (_, ann, _), (key, _, _) = bank.seen
        assert ann == "ann"
        assert question.ask.subject == {"tool": "pay", "arguments": {"to": "bob", "amount": 20}}
        assert question.ask.idempotency_key == key
        assert question.step is not None
        assert key.endswith(f"/{question.step}")
        assert f"step {question.step}, idempotency key {key}" in question.ask.text
        assert PROMPT not in str(question)
        await app.inbox.answer(question.id, {"happened": "paid"}, by="ann")
        assert await handle.result() == "done"


@pytest.mark.parametrize("asks", ["tool", "policy"])
async def test_a_question_before_a_payment_names_the_key_that_its_receiver_sees_then(tmp_path: Path, asks: str) -> None:
    bank, clock = Bank(), DrivenClock()
    clerk = bank.clerk(approve=asks == "tool")
    desk = desk_of(clerk)
    settings: dict[str, Any] = {}
    if asks == "policy":
        (tmp_path / "p.cedar").write_text(POLICY)
        settings["policy"] = {"file": str(tmp_path / "p.cedar")}
    async with opened(tmp_path, clock, desk, clerk, **settings) as app:
        handle = await app.start(desk, PROMPT)
        keys: list[str | None] = []
        for who in ("ann", "bob"):
            question = await open_one(app, clock)
            arguments: Json = question.ask.subject["arguments"]
            assert (question.ask.kind, arguments["to"]) == ("permission", who)
            assert question.step is not None
            keys.append(question.ask.idempotency_key)
            await app.inbox.answer(question.id, {"approved": True}, by="eve")
        assert await handle.result() == "done"
    assert keys == [key for key, _, _ in bank.seen]


async def test_what_a_person_put_in_is_what_is_asked_about(tmp_path: Path) -> None:
    bank, clock = Bank(), DrivenClock()
    bank.broken = True
    clerk = bank.clerk(approve=True)
    desk = desk_of(clerk)
    async with opened(tmp_path, clock, desk, clerk) as app:
        await app.start(desk, PROMPT)
        await app.inbox.answer((await open_one(app, clock)).id, {"approved": True}, by="eve")
        edited: Json = {"to": "bob", "amount": 7}
        await app.inbox.answer((await open_one(app, clock)).id, {"approved": True, "value": edited}, by="eve")
        question = await open_one(app, clock)
        assert (question.ask.kind, question.ask.subject["arguments"]) == ("in_doubt", edited)
        assert bank.seen[-1] == (question.ask.idempotency_key, "bob", 7)
