"""What messages say as they are sent is remembered, and is what it would be if it were not."""

from collections.abc import Callable

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from podium.agents.pydantic_ai.sent_before import SentBefore
from podium.model.json import Json, encode
from podium.model.sent import sent_message

MADE: dict[str, Callable[[], ModelMessage]] = {
    "a prompt": lambda: ModelRequest([UserPromptPart("hello")], instructions="Be short."),
    "a prompt with other instructions": lambda: ModelRequest([UserPromptPart("hello")], instructions="Be long."),
    "a prompt without instructions": lambda: ModelRequest([UserPromptPart("hello")]),
    "a picture": lambda: ModelRequest([UserPromptPart(["see", BinaryContent(b"abc", media_type="image/png")])]),
    "a system prompt": lambda: ModelRequest([SystemPromptPart("hello")]),
    "an answer": lambda: ModelResponse([TextPart("hello")]),
    "a thought": lambda: ModelResponse([ThinkingPart("hello"), TextPart("hello")]),
    "a use": lambda: ModelResponse([ToolCallPart("look", {"at": [1]}, "c")]),
    "a use in words": lambda: ModelResponse([ToolCallPart("look", '{"at": [1]}', "c")]),
    "nothing": lambda: ModelResponse([]),
}


VALUES: list[Json] = ["1", 1, 1.0, True, None, [1], {"a": 1}]


def made() -> list[ModelMessage]:
    results = [ModelRequest([ToolReturnPart("look", value, "c")]) for value in VALUES]
    return [*(make() for make in MADE.values()), *results]


def plainly(messages: list[ModelMessage]) -> Json:
    return [sent_message(each) for each in ModelMessagesTypeAdapter.dump_python(messages, mode="json")]


def test_what_is_remembered_is_what_it_would_be_anew() -> None:
    before = SentBefore()
    for _ in range(2):
        messages = made()
        assert encode(before.sent(messages)) == encode(plainly(messages))


@pytest.mark.parametrize("field", ["content", "tool_name", "tool_call_id", "args"])
def test_a_message_that_somebody_changes_in_place_is_another_one(field: str) -> None:
    before, messages = SentBefore(), made()
    before.sent(messages)
    for message in messages:
        for part in message.parts:
            if hasattr(part, field):
                setattr(part, field, "changed")
    assert encode(before.sent(messages)) == encode(plainly(messages))


def test_a_part_that_is_added_is_sent() -> None:
    before, message = SentBefore(), ModelRequest([UserPromptPart("hello")])
    before.sent([message])
    message.parts = [*message.parts, UserPromptPart("again")]
    assert encode(before.sent([message])) == encode(plainly([message]))


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.agents.pydantic_ai.sent_before._MOST_CHARACTERS", 1_000)
    before = SentBefore()
    for n in range(200):
        before.sent([ModelRequest([UserPromptPart(f"{n} " + "x" * 100)])])
    assert len(before) < 20
