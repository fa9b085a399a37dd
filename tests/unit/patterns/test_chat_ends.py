"""A manager that is a language model can end a `group_chat` by every means that the page names."""

from typing import Any, Literal

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.patterns import group_chat
from podium.testing import scripted

Part = TextPart | ToolCallPart


def text(said: str) -> Part:
    return TextPart(said)


class Call:
    """What a model says by the tool for its output of this number."""

    def __init__(self, said: object, output: int = 0) -> None:
        self.said = said
        self.output = output

    def part(self, info: AgentInfo) -> Part:
        return ToolCallPart(info.output_tools[self.output].name, {"response": self.said})


MAYBE: Any = str | None
ONE_OR_NONE: Any = Literal["ann", "bob"] | None
ONE: Any = Literal["ann", "bob", "nobody"]


@pytest.mark.parametrize(
    ("output", "first", "last"),
    [
        *((str, "ann", word) for word in ("nobody", " Nobody.\n", "None", "null", "END", '"terminate"')),
        (MAYBE, "ann", ""),
        (MAYBE, "ann", "nobody"),
        (ONE_OR_NONE, Call("ann"), Call(None, 1)),
        (ONE, Call("ann"), Call("nobody")),
    ],
)
async def test_a_language_model_ends_the_conversation(output: Any, first: str | Call, last: str | Call) -> None:
    said = [first, last]

    def play(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        each = said.pop(0)
        return ModelResponse(parts=[each.part(info) if isinstance(each, Call) else text(each)])

    manager = llm_agent("manager", model=FunctionModel(play), instructions="Who speaks next?", output=output)
    chat = group_chat(scripted("ann", ["hello"]), scripted("bob", []), next_speaker=manager, turns=6, name="chat")
    async with App.open(":memory:", agents=[chat]) as app:
        talk = await app.run(chat, "go")
    assert (talk.ended, len(talk.messages), said) == ("nobody", 1, [])


@pytest.mark.parametrize("end", [None, "", "nobody", "NONE", "null", "end", "Terminate."])
async def test_a_function_ends_the_conversation(end: str | None) -> None:
    chat = group_chat(
        scripted("ann", ["hello"]), scripted("bob", []),
        next_speaker=lambda messages: end if messages else "ann", turns=6, name="chat",
    )  # fmt: skip
    async with App.open(":memory:", agents=[chat]) as app:
        assert (await app.run(chat, "go")).ended == "nobody"
