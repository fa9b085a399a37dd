"""A conversation as one of its agents hears it: its own words as its own, those of others under their names."""

from collections.abc import Mapping, Sequence

from podium.model.call import Call
from podium.model.conversation import in_request, in_response
from podium.model.conversation_state import AS_SAID, ConversationMessage
from podium.model.corrections import RETRY_PROMPT
from podium.model.json import Json, is_object

_WORDS = frozenset({"text", "thinking"})
RESULTS = frozenset({"tool-return", RETRY_PROMPT})
"""Stand before what is said beside them."""
_OF_A_MODEL = frozenset({"model_name", "provider_name", "provider_response_id"})
"""Fields of what a model really said: such messages are not joined with others."""


def heard_each(agent: str, said: Sequence[ConversationMessage]) -> list[Json]:
    """Return the messages for an agent: the words of others, of people too, come to it as `NAME: what was said`.

    Uses of tools stay as they are, as each stands with its result, and so does what a person edited.
    """
    return [_heard(agent, each) for each in said]


def heard_by(agent: str, said: Sequence[ConversationMessage]) -> list[Json]:
    """Return the same, but messages that follow each other from one side as one: Pydantic AI joins them so."""
    heard: list[Json] = []
    for each in heard_each(agent, said):
        if heard and _is_joined(heard[-1], each):
            heard[-1] = _join(heard[-1], each)
        else:
            heard.append(each)
    return heard


def told_before(call: Call) -> Sequence[ConversationMessage]:
    """Return the messages that a language model is told by its caller before it is asked, the oldest first."""
    said = () if call.heard is None else call.heard.said
    return [
        ConversationMessage(
            place=place, message=in_request(each.text) if each.author is None else in_response(each.text),
            author=each.author or call.principal, run=call.run, key=call.key, at=0.0,
        )
        for place, each in enumerate(said)
    ]  # fmt: skip


def are_words(message: Mapping[str, Json]) -> bool:
    """Whether a message is what an agent says, and nothing else: as such it comes under its name to others."""
    kinds = {part["part_kind"] for part in message["parts"]}
    metadata: Json = message.get("metadata")
    more = is_object(metadata) and AS_SAID in metadata
    return message["kind"] == "response" and "text" in kinds and kinds <= _WORDS and not more


def _heard(agent: str, said: ConversationMessage) -> Json:
    message = said.message
    own = said.author == agent and not said.by_person  # a person may have the name of an agent
    if own or said.edited or not are_words(message):
        return message
    words = "\n\n".join(part["content"] for part in message["parts"] if part["part_kind"] == "text")
    return in_request(f"{said.author}: {words}")


def _is_joined(before: Mapping[str, Json], message: Mapping[str, Json]) -> bool:
    if before["kind"] != message["kind"]:
        return False
    return message["kind"] == "request" or not (before.keys() | message.keys()) & _OF_A_MODEL


def _join(before: Mapping[str, Json], message: Mapping[str, Json]) -> Json:
    parts = [*before["parts"], *message["parts"]]
    if message["kind"] == "request":
        parts.sort(key=lambda part: part["part_kind"] not in RESULTS)
    return {**before, **message, "parts": parts}
