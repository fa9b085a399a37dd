"""Messages of a conversation as Pydantic AI reads them, whatever was stored."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from podium.errors import InvalidValue
from podium.model.conversation_state import ConversationMessage
from podium.model.heard import heard_each
from podium.model.json import Json
from podium.model.tool_uses import unpaired


def check_readable(said: Sequence[Json]) -> None:
    """Raise InvalidValue, with message and field, for messages that Pydantic AI does not read."""
    try:
        ModelMessagesTypeAdapter.validate_python(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, *field = first["loc"]
        raise InvalidValue(
            f"message {place} of what is said is wrong at {'.'.join(map(str, field))}: {first['msg']}. Expected is "
            "what Pydantic AI writes with ModelMessagesTypeAdapter.dump_python(messages, mode='json')"
        ) from None


def read_by(agent: str, said: Sequence[ConversationMessage]) -> tuple[list[ModelMessage], bool]:
    """Return what an agent hears, one message by one, and whether that is what was said.

    A message that cannot be read, as a store may have it from an earlier release, is replaced by words that say so; so
    is a use of a tool without its result, after which models cannot go on.
    """
    if not unpaired([each.message for each in said]):
        try:
            return ModelMessagesTypeAdapter.validate_python(heard_each(agent, said)), True
        except ValidationError:
            pass  # one of them cannot be read
    whole = [_readable(each.message) for each in said]
    for (place, at), tool in unpaired(whole).items():
        whole[place] = _with_words(whole[place], at, f"[a use of the tool {tool} that has no result]")
    mended = [replace(each, message=message) for each, message in zip(said, whole, strict=True)]
    return ModelMessagesTypeAdapter.validate_python(heard_each(agent, mended)), False


def _readable(message: Json) -> Json:
    try:
        check_readable([message])
    except InvalidValue:
        return _with_words({"kind": message["kind"], "parts": [None]}, 0, "[a message that cannot be read]")
    return message


def _with_words(message: Json, at: int, words: str) -> Json:
    """Return a message with words in place of one of its parts."""
    parts = list(message["parts"])
    parts[at] = {"part_kind": "user-prompt" if message["kind"] == "request" else "text", "content": words}
    return {**message, "parts": parts}
