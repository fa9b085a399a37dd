"""What is left of a message of a redacted run has no contents, and is one that Pydantic AI reads."""

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    FilePart,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    NativeToolCallPart,
    NativeToolReturnPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from podium.model.conversation_redaction import redacted_message
from podium.model.json import Json

SECRET = "classified"
FILE = BinaryContent(SECRET.encode(), media_type="image/png")
ASKED: list[ModelRequestPart] = [
    UserPromptPart(SECRET), UserPromptPart([SECRET, FILE]), SystemPromptPart(SECRET),
    ToolReturnPart("pay", {"x": SECRET}, tool_call_id="1", metadata=SECRET),
    ToolReturnPart("pay", SECRET, tool_call_id="1", outcome="retried"),
]  # fmt: skip
ANSWERED: list[ModelResponsePart] = [
    TextPart(SECRET, id=SECRET), ThinkingPart(SECRET, signature=SECRET), FilePart(FILE),
    ToolCallPart("pay", {"x": SECRET}, tool_call_id="1"), ToolCallPart("pay", f'["{SECRET}"]', tool_call_id="1"),
    NativeToolCallPart("search", {"q": SECRET}, tool_call_id="1", provider_name="p"),
    NativeToolReturnPart("search", SECRET, tool_call_id="1", provider_name="p"),
]  # fmt: skip
MESSAGES: list[ModelMessage] = [
    *(ModelRequest([part], instructions=SECRET) for part in ASKED),
    *(ModelResponse([part], provider_details={"x": SECRET}) for part in ANSWERED),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.parts[0].part_kind)
def test_no_content_is_left_and_the_message_can_be_read(message: ModelMessage) -> None:
    written: Json = ModelMessagesTypeAdapter.dump_python([message], mode="json")[0]
    left = redacted_message(written)
    assert SECRET not in str(left)
    [read] = ModelMessagesTypeAdapter.validate_python([left])
    assert read.kind == message.kind
    [part], [before] = left["parts"], written["parts"]
    for name in ("tool_name", "tool_call_id"):
        if name in part:
            assert part[name] == before[name]


def test_a_refused_use_of_a_tool_of_older_versions_stays_a_pair() -> None:
    part = {"part_kind": "retry-prompt", "content": SECRET, "tool_name": "pay", "tool_call_id": "1"}
    left = redacted_message({"kind": "request", "parts": [part]})
    assert left == {"kind": "request", "parts": [{**part, "content": "[redacted]"}]}
