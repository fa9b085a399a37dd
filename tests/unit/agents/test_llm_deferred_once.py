"""A `once` tool that deferred has happened: a fork and a later attempt find out about it like about any other."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ApprovalRequired, CallDeferred, RunContext
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage

from podium import App
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.model.json import Json
from podium.model.question import Question
from podium.model.retry import FailureKind, Retry
from podium.testing import ScriptedModel, Use
from podium.testing.model import ModelReply
from tests.unit.agents.test_llm_approvals import Desk, Office

USES = [Use("submit", {"n": 1}, id="s"), Use("wait", {}, id="w")]
YES: Json = {"approved": True}
NO: Json = {"approved": False}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Office())


async def opened(desk: Desk, app: App, run: str, count: int = 1) -> list[Question]:
    """Return what is open about a run, once it is so much."""
    async with asyncio.timeout(60):
        while len(found := [each for each in await app.inbox.list() if each.run == run]) != count:
            await desk.clock.settle()
    return found


def submitting(agent: PydanticAgent[Any, Any], how: str, submitted: list[int]) -> None:
    @agent.tool
    async def submit(ctx: RunContext[Any], n: int) -> str:
        if how == "approval" and not ctx.tool_call_approved:
            raise ApprovalRequired
        submitted.append(n)
        if how == "deferred":
            raise CallDeferred(metadata={"job": n})
        return "submitted"


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("how", ["plain", "deferred", "approval"])
async def test_a_fork_asks_about_an_effect_that_was_deferred(desk: Desk, how: str, *, answered: bool) -> None:
    submitted: list[int] = []
    agent = PydanticAgent(ScriptedModel([USES, "done"]), name="bot")
    submitting(agent, how, submitted)

    @agent.tool_plain(requires_approval=True)
    async def wait() -> str:
        return "ok"

    async with desk.app(from_pydantic_ai(agent, tool_effects={"submit": "once"})) as app:
        run = await app.start("flow")
        for question in await opened(desk, app, run.id, 1 if how == "plain" else 2):
            if not answered:
                break
            await app.inbox.answer(question.id, YES if question.ask.kind == "permission" else "job 1", by="b")
        if answered:
            assert await run.result() == "done"
        before = list(submitted)
        fork = await app.operations.fork(run.id, "0")
        kinds = sorted(each.ask.kind for each in await opened(desk, app, fork.id, 2))
        again = "in_doubt" if before else "permission"
        assert kinds == sorted([again, "permission"])
        assert submitted == before


async def test_what_a_person_did_not_allow_is_in_no_doubt_in_a_fork(desk: Desk) -> None:
    submitted: list[int] = []
    agent = PydanticAgent(ScriptedModel([Use("submit", {"n": 1}, id="s"), "done"]), name="bot")
    submitting(agent, "approval", submitted)
    async with desk.app(from_pydantic_ai(agent, tool_effects={"submit": "once"})) as app:
        run = await app.start("flow")
        [question] = await opened(desk, app, run.id)
        await app.inbox.answer(question.id, NO, by="b")
        assert await run.result() == "done"
        fork = await app.operations.fork(run.id, "0")
        assert [each.ask.kind for each in await opened(desk, app, fork.id)] == ["permission"]
    assert submitted == []


@pytest.mark.parametrize("other", [True, False])
@pytest.mark.parametrize("how", ["plain", "deferred"])
async def test_a_later_attempt_asks_about_an_effect_that_was_deferred(desk: Desk, how: str, *, other: bool) -> None:
    submitted: list[int] = []

    def answers(messages: Sequence[ModelMessage]) -> ModelReply:
        again = "not accepted" in str(messages[0])
        if len(messages) == 1:
            return [Use("submit", {"n": 2 if again and other else 1}, id="s")]
        return "done" if again else "no number"

    agent = PydanticAgent(ScriptedModel(answers), name="bot")
    submitting(agent, how, submitted)

    @agent.output_validator
    def check(said: str) -> str:
        if said == "no number":
            raise UnexpectedModelBehavior(said)
        return said

    retry = Retry(attempts=2, delay=0.0, kinds=frozenset({FailureKind.VALIDATION}))
    bot = from_pydantic_ai(agent, tool_effects={"submit": "once"}, retry=retry)
    async with desk.app(bot) as app:
        run = await app.start("flow")
        asked = ["question"] if how == "deferred" else []
        for kind in [*asked, "in_doubt", *asked] if other else asked:
            [question] = await opened(desk, app, run.id)
            assert question.ask.kind == kind
            await app.inbox.answer(question.id, {"not_done": True} if kind == "in_doubt" else "job", by="b")
        assert await run.result() == "done"
    assert submitted == ([1, 2] if other else [1])


async def test_a_later_attempt_goes_on_with_an_effect_that_is_deferred_still(desk: Desk) -> None:
    submitted: list[int] = []

    def answers(messages: Sequence[ModelMessage]) -> ModelReply:
        if len(messages) > 1:
            return "done"
        return [Use("submit", {"n": 1}, id="s"), Use("fail", {}, id="f")]

    agent = PydanticAgent(ScriptedModel(answers), name="bot")
    submitting(agent, "deferred", submitted)
    failed = list[int]()

    @agent.tool_plain
    async def fail() -> str:
        failed.append(1)
        if len(failed) == 1:
            raise UnexpectedModelBehavior("once")
        return "ok"

    retry = Retry(attempts=2, delay=0.0, kinds=frozenset({FailureKind.VALIDATION}))
    async with desk.app(from_pydantic_ai(agent, tool_effects={"submit": "once"}, retry=retry)) as app:
        run = await app.start("flow")
        [question] = await opened(desk, app, run.id)
        assert question.ask.kind == "question"
        await app.inbox.answer(question.id, "job", by="b")
        assert await run.result() == "done"
    assert submitted == [1]
