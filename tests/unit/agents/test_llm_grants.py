"""What a yes, a no or an edit of one person counts for, and what it does not."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from podium import App, RunHandle
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.guards import guard
from podium.model.json import Json
from podium.model.question import Question
from tests.unit.agents.test_llm_approvals import Desk, Office

YES: Json = {"approved": True}


def uses(office: Office, *calls: tuple[str, dict[str, Any]]) -> FunctionModel:
    """Return a model that uses `pay` with each of these ids and arguments, and ends with what it was told."""

    def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        office.told[:] = [part for part in parts if isinstance(part, ToolReturnPart)]
        if not office.told:
            return ModelResponse(parts=[ToolCallPart("pay", json.dumps(arguments), call) for call, arguments in calls])
        office.notes[:] = [str(part.content) for part in parts[1:] if part.part_kind == "user-prompt"]
        return ModelResponse(parts=[TextPart("done")])

    return FunctionModel(answer)


def payer(office: Office, *calls: tuple[str, dict[str, Any]], asks: bool = True, **options: Any) -> Any:
    agent = PydanticAgent(uses(office, *calls), name="bot")

    @agent.tool_plain(requires_approval=asks)
    async def pay(n: int) -> str:
        office.paid.append(n)
        return f"paid {n}"

    return from_pydantic_ai(agent, **options)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(tmp_path: Path, office: Office) -> Desk:
    return Desk(tmp_path, office)


async def asked(desk: Desk, app: App, count: int = 1) -> Sequence[Question]:
    """Return the open questions once there is nothing to do but answer them."""
    await desk.clock.settle()
    async with asyncio.timeout(120):
        while len(found := (await app.inbox.list()).items) != count:
            await desk.clock.settle()
    return sorted(found, key=lambda each: each.ask.subject["arguments"].get("n", 0))


async def ended(handle: RunHandle[Any]) -> Any:
    async with asyncio.timeout(120):
        return await handle.result()


LADDER = """permit(principal, action, resource);
@id("small") @ask("clerks") forbid(principal, action == Action::"tool", resource)
when { context.input.n > 10 };
@id("large") @ask("boss") forbid(principal, action == Action::"tool", resource)
when { context.input.n > 100 };
@id("huge") forbid(principal, action == Action::"tool", resource) when { context.input.n > 1000 };
"""


@pytest.mark.parametrize(("last", "paid"), [(50, [50]), (None, [500]), (5000, [])])
async def test_of_several_edits_the_last_one_counts(
    office: Office, desk: Desk, last: int | None, paid: list[int]
) -> None:
    office.policy = LADDER
    bot = payer(office, ("c", {"n": 20}), asks=False)
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        [first] = await asked(desk, app)
        await app.inbox.answer(first.id, {**YES, "value": {"n": 500}}, by="a clerk")
        [second] = await asked(desk, app)
        assert (second.ask.to, second.ask.subject["arguments"]) == ("boss", {"n": 500})
        await app.inbox.answer(second.id, YES if last is None else {**YES, "value": {"n": last}}, by="the boss")
    async with desk.app(bot) as app:
        assert await ended(await app.handle(handle.id)) == "done"
    assert office.paid == paid


async def test_a_yes_to_a_guard_is_not_the_yes_that_the_tool_itself_requires(office: Office, desk: Desk) -> None:
    odd = guard(lambda value: "looks odd", on=["tool_input"], ask="security", name="odd")
    bot = payer(office, ("c", {"n": 1}), approvals="boss", guards=[odd])
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        for whom in ("security", "boss"):
            [question] = await asked(desk, app)
            assert (question.ask.to, office.paid) == (whom, [])
            await app.inbox.answer(question.id, YES, by="ada")
        assert await ended(handle) == "done"
    assert office.paid == [1]


@pytest.mark.parametrize(("one", "other"), [("a", "a b"), ("a", "a approval"), ("a\\", "a\\ b"), ("a", "a\\ b")])
async def test_a_yes_counts_for_the_use_that_it_is_about(office: Office, desk: Desk, one: str, other: str) -> None:
    bot = payer(office, (one, {"n": 1}), (other, {"n": 2}))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        first, second = await asked(desk, app, 2)
        assert second.ask.subject["arguments"] == {"n": 2}
        await app.inbox.answer(second.id, YES, by="ada")
        [left] = await asked(desk, app)
        assert (left.id, office.paid) == (first.id, [2])
        await app.inbox.answer(first.id, YES, by="ada")
        assert await ended(handle) == "done"
    assert office.paid == [2, 1]


@pytest.mark.parametrize("order", [(False, True), (True, False)])
@pytest.mark.parametrize("together", [0, 1])
async def test_a_no_to_one_use_is_none_to_another_one_that_was_asked_about(
    office: Office, desk: Desk, order: tuple[bool, bool], together: int
) -> None:
    bot = payer(office, ("a", {"n": 1}), ("b", {"n": 1}))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        questions = await asked(desk, app, 2)
        for question, yes in zip(questions, order, strict=True):
            await app.inbox.answer(question.id, {"approved": yes}, by="ada")
            if not together:
                await desk.clock.settle()
        assert await ended(handle) == "done"
    assert office.paid == [1]
    assert sorted(part.content == "paid 1" for part in office.told) == [False, True]


@pytest.mark.parametrize("edit", [None, {"day": "2026-03-04", "ids": [2]}])
async def test_an_edit_may_be_all_that_the_model_may_write(office: Office, desk: Desk, edit: Json) -> None:
    agent = PydanticAgent(uses(office, ("c", {"day": "2026-01-02", "ids": [1]})), name="bot")

    @agent.tool_plain(requires_approval=True)
    async def pay(day: Annotated[date, Field(strict=True)], ids: Annotated[tuple[int, ...], Field(strict=True)]) -> str:
        office.paid.extend((day.month, *ids))
        return "paid"

    async with desk.app(from_pydantic_ai(agent)) as app:
        handle = await app.start("flow")
        [question] = await asked(desk, app)
        await app.inbox.answer(question.id, YES if edit is None else {**YES, "value": edit}, by="ada")
        assert await ended(handle) == "done"
    assert office.paid == ([1, 1] if edit is None else [3, 2])
