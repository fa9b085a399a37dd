"""What an agent goes on with after a request that failed is kept under that request: a replay asks nobody again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import RunContext
from pydantic_ai.capabilities import Hooks, ModelFallback
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, UserPromptPart
from pydantic_ai.models import ModelRequestContext

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import TransportFailed
from podium.model.agent import Agent
from podium.model.retry import Retry
from podium.testing.model import Failing, ModelReply, ScriptedModel, Use, requests_seen, timed_out
from tests.unit.agents.test_llm_steps import Journal, call, value_of


def look() -> str:
    """Look."""
    return "nothing"


def run_twice(make: Any, journal: Journal) -> list[Any]:
    return [value_of(asyncio.run(make().run(call("Go."), journal))) for _ in range(2)]


def test_the_answer_of_the_model_that_was_fallen_back_on_is_handed_back(tmp_path: Path) -> None:
    witness = tmp_path / "requests"

    def make() -> Agent[str, str]:
        first = ScriptedModel([Failing([timed_out()], then="First."), "First again."], name="first", witness=witness)
        second = ScriptedModel([Use("look", id="a"), "Second."], name="second", witness=witness)
        own = PydanticAgent(first, name="clerk", tools=[look], capabilities=[ModelFallback(second)])
        return from_pydantic_ai(own)

    journal = Journal()
    first, again = run_twice(make, journal)
    assert first == again
    assert [line["model"] for line in requests_seen(witness)][:2] == ["first", "second"]
    assert sorted(journal.values) == ["model/1", "model/3", "tool/look/a"]
    assert len(requests_seen(witness)) == 3


def test_an_answer_that_a_hook_made_up_is_handed_back(tmp_path: Path) -> None:
    witness = tmp_path / "requests"

    def make() -> Agent[str, str]:
        hooks = Hooks[object]()

        @hooks.on.model_request_error
        async def recover(
            ctx: RunContext[object], *, request_context: ModelRequestContext, error: Exception
        ) -> ModelResponse:
            helper = ScriptedModel(["Helped."], name="helper", witness=witness)
            await model_request(helper, [ModelRequest.user_text_prompt("What now?")])
            return ModelResponse([ToolCallPart("look", {}, "a")])

        script = [Failing([timed_out()], then="Well after all."), "Done."]
        model = ScriptedModel(script, name="own", witness=witness)
        return from_pydantic_ai(PydanticAgent(model, name="clerk", tools=[look], capabilities=[hooks]))

    journal = Journal()
    assert run_twice(make, journal) == ["Done.", "Done."]
    assert [line["model"] for line in requests_seen(witness)] == ["own", "helper", "own"]


async def test_a_question_that_failed_does_not_get_the_answer_of_another_one() -> None:
    """A tool asks one question after the other, passes over those that fail, and is broken off the first time."""
    answers = list[list[str]]()

    def script(messages: Sequence[ModelMessage]) -> ModelReply | Failing:
        [part] = messages[0].parts
        assert isinstance(part, UserPromptPart)
        return timed_out() if part.content == "One?" else f"Answer to {part.content}"

    async def told_of(question: str) -> str:
        model = ScriptedModel(script, name="helper")
        try:
            return str((await model_request(model, [ModelRequest.user_text_prompt(question)])).text)
        except ModelAPIError:
            return "failed"

    async def ask() -> str:
        answers.append([await told_of(question) for question in ("One?", "Two?")])
        if len(answers) == 1:
            raise TransportFailed("it broke")
        return "Asked."

    model = ScriptedModel([Use("ask", id="a"), "Done."], name="own")
    clerk = from_pydantic_ai(PydanticAgent(model, name="clerk", tools=[ask]), retry=Retry(attempts=2, delay=0.0))

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(clerk, "Go.")

    async with App.open(":memory:", agents=[flow]) as app:
        assert await app.run(flow) == "Done."
    assert answers == [["failed", "Answer to Two?"]] * 2
