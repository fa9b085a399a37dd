"""An LLM agent in a conversation: its model is sent what was said before, and nothing of that is stored again."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ModelRetry, NativeOutput, TextOutput, ToolOutput
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    SystemPromptPart,
    UserPromptPart,
)

from podium import App, Context, Retry, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.agents.pydantic_ai.llm import llm_agent
from podium.errors import RunFailed
from podium.model.agent import Agent, AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.testing.model import Give, ModelReply, ScriptedModel, Use


def said(messages: Sequence[ModelMessage]) -> ModelReply:
    """Say how many messages came, after a use of the tool where one is asked for."""
    last = messages[-1].parts[-1]
    if isinstance(last, UserPromptPart) and "look" in str(last.content):
        return Use("look", {"at": "it"})
    return f"{len(messages)} messages"


def look(at: str) -> str:
    """Look at something."""
    return f"seen {at}"


def chatting(agent: Agent[str, str]) -> AnyAgent:
    @workflow(name="chat")
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(agent, text, conversation=ctx.conversation)

    return chat


async def stored(app: App, name: str = "u") -> list[Json]:
    return [each.message for each in await app.store.messages("default", name)]


async def test_a_model_is_sent_what_was_said_before_tools_and_results_in_pairs(tmp_path: Path) -> None:
    bot = llm_agent("bot", model=ScriptedModel(said), instructions="Be short.", tools=[look])
    chat = chatting(bot)
    async with App.open(tmp_path / "a.db", agents=[chat, bot]) as app:
        for text, answer in (("hello", "1 messages"), ("look", "5 messages"), ("and?", "7 messages")):
            assert await app.run(chat, text, conversation="u") == answer
        messages = ModelMessagesTypeAdapter.validate_python(await stored(app))
        kinds = [[part.part_kind for part in each.parts] for each in messages]
        assert kinds == [
            ["user-prompt"], ["text"],
            ["user-prompt"], ["tool-call"], ["tool-return"], ["text"],
            ["user-prompt"], ["text"],
        ]  # fmt: skip
        authors = [each.author for each in await app.store.messages("default", "u")]
        assert authors == ["local", "bot", "local", "bot", "bot", "bot", "local", "bot"]
        assert "Be short." not in str(await stored(app))


async def test_what_was_sent_refers_to_the_conversation_and_is_put_together(tmp_path: Path) -> None:
    bot = llm_agent("bot", model=ScriptedModel(said), instructions="Be short.", tools=[look])
    chat = chatting(bot)
    async with App.open(tmp_path / "a.db", agents=[chat, bot]) as app:
        await app.run(chat, "first of all", conversation="u")
        run = await app.start(chat, "look", conversation="u")
        await run.result()
        facts = await app.runs.facts(run.id)
        assert not any(b"first of all" in (fact.payload or b"") for fact in facts)
        first, second = await app.runs.messages(run.id)
        assert [part.content for part in first.messages] == ["first of all", "1 messages", "look"]
        assert [part.content for part in second.messages] == [
            "first of all", "1 messages", "look", {"at": "it"}, "seen it",
        ]  # fmt: skip
        (sent, _) = [fact.value() for fact in facts if fact.kind is FactKind.SENT]
        assert sent["conversation"] == {"name": "u", "revision": 2, "agent": "bot", "each": "part"}
        assert sent["messages"][0] == [0, 2]


async def test_each_agent_has_its_own_system_prompt_in_a_conversation_of_several(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def listen(messages: Sequence[ModelMessage]) -> ModelReply:
        parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        seen.append([part.content for part in parts if isinstance(part, SystemPromptPart)])
        return "heard"

    bots = [
        from_pydantic_ai(PydanticAgent(ScriptedModel(listen), name=name, system_prompt=f"You are {name}."))
        for name in ("ann", "bob")
    ]

    @workflow
    async def both(ctx: Context, text: str) -> str:
        for bot in [*bots, bots[0]]:
            await ctx.call(bot, text, conversation="u")
        return "done"

    async with App.open(tmp_path / "a.db", agents=[both, *bots]) as app:
        await app.run(both, "hello")
        assert seen == [["You are ann."], ["You are bob."], ["You are ann."]]
        assert "You are" not in str(await stored(app))


async def test_of_an_answer_that_did_not_fit_nothing_is_said_and_the_question_stays_as_it_was(tmp_path: Path) -> None:
    answers = iter(["no number", Give(7)])

    def play(_: Sequence[ModelMessage]) -> ModelReply:
        return next(answers)

    bot = llm_agent(
        "bot", model=ScriptedModel(play), instructions="Count.", output=int, corrections=0,
        retry=Retry(attempts=2, delay=0, kinds=frozenset(FailureKind), feedback=True),
    )  # fmt: skip

    @workflow
    async def counts(ctx: Context, text: str) -> int:
        return await ctx.call(bot, text, conversation="u")

    async with App.open(tmp_path / "a.db", agents=[counts, bot]) as app:
        assert await app.run(counts, "How many?") == 7
        said = await stored(app)
        kinds = [part["part_kind"] for each in said for part in each["parts"]]
        assert kinds == ["user-prompt", "tool-call", "tool-return"]
        assert said[0]["parts"][0]["content"] == "How many?"


class Town(BaseModel):
    people: int


def not_wrong(answer: str) -> str:
    """Refuse an answer that is wrong."""
    if "wrong" in answer:
        raise ModelRetry("The answer was wrong.")
    return answer


def look_well(at: str) -> str:
    """Look at something, if it is to be seen."""
    return not_wrong(at)


BY_TOOL = ["user-prompt", "tool-call", "tool-return"]
ENDS = {
    "nothing": (["", "fine"], str, ["user-prompt", "text"]),
    "text in place of a tool": (["wrong", Give(Town(people=3))], Town, BY_TOOL),
    "wrong arguments": ([Use("final_result", {"people": "wrong"}), Give(Town(people=3))], Town, BY_TOOL),
    "a tool of another name": (
        [Use("town", {"people": "wrong"}), Use("town", {"people": 3})], ToolOutput(Town, name="town"), BY_TOOL,
    ),
    "wrong JSON": (['{"people": "wrong"}', Give(Town(people=3))], NativeOutput(Town), ["user-prompt", "text"]),
    "a function of the answer": (["wrong", "fine"], TextOutput(not_wrong), ["user-prompt", "text"]),
    "wrong tool beside a good one": (
        [[Use("look_well", {"at": "it"}, "a"), Use("final_result", {"people": "wrong"}, "b")], Give(Town(people=3))],
        Town, ["user-prompt", "tool-call", "tool-return", "tool-call", "tool-return"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
async def test_answers_that_the_agent_was_told_to_correct_are_not_said(tmp_path: Path, end: str) -> None:
    replies, output, kinds = ENDS[end]
    model = ScriptedModel([*replies, "heard"])
    made = PydanticAgent(model, name="bot", output_type=output, tools=[look_well], retries=2)
    bot = from_pydantic_ai(made, output=str if output is str or isinstance(output, TextOutput) else Town)

    @workflow
    async def asks(ctx: Context, text: str) -> str:
        return str(await ctx.call(bot, text, conversation="u"))

    async with App.open(tmp_path / "a.db", agents=[asks, bot]) as app:
        await app.run(asks, "How many?")
        said = await stored(app)
        assert [part["part_kind"] for each in said for part in each["parts"]] == kinds
        assert "wrong" not in str(said)


async def test_a_use_of_a_tool_that_was_to_be_corrected_stays_with_what_it_was_told(tmp_path: Path) -> None:
    uses = [Use("look_well", {"at": "wrong"}, "a"), Use("look_well", {"at": "it"}, "b"), "", "fine"]
    bot = llm_agent("bot", model=ScriptedModel(uses), instructions="Look.", tools=[look_well])
    chat = chatting(bot)
    async with App.open(tmp_path / "a.db", agents=[chat, bot]) as app:
        assert await app.run(chat, "look", conversation="u") == "fine"
        said = [part for each in await stored(app) for part in each["parts"]]
        assert [each.get("tool_call_id", each.get("content")) for each in said] == ["look", "a", "a", "b", "b", "fine"]


async def test_a_call_that_is_retried_after_others_have_said_something_asks_anew(tmp_path: Path) -> None:
    broken, asked = [True], list[int]()

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        asked.append(len(messages))
        return said(messages)

    def look(at: str) -> str:
        """Look at something."""
        if broken:
            raise ValueError(at)
        return f"seen {at}"

    bot = llm_agent("bot", model=ScriptedModel(play), instructions="Be short.", tools=[look])
    chat = chatting(bot)
    async with App.open(tmp_path / "a.db", agents=[chat, bot]) as app:
        run = await app.start(chat, "look", conversation="u")
        try:
            await run.result()
        except RunFailed:
            broken.clear()
        await app.run(chat, "between", conversation="u")
        await app.operations.retry(run.id)
        assert await run.result() == "5 messages"
        assert asked == [1, 1, 3, 5]
