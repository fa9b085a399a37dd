"""A conversation as one of its agents hears it: its own words as its own, those of others under their names."""

from collections.abc import Mapping, Sequence

from podium.model.conversation import in_request
from podium.model.conversation_state import ConversationMessage
from podium.model.json import Json

_WORDS = frozenset({"text", "thinking"})
_OF_A_MODEL = frozenset({"model_name", "provider_name", "provider_response_id"})
"""Fields of what a model really said: such messages are not joined with others."""


def heard_by(agent: str, said: Sequence[ConversationMessage]) -> list[Json]:
    """Return the messages for an agent: the words of others, of people too, come to it as `NAME: what was said`.

    Uses of tools stay as they are, as each stands with its result, and so does what a person edited. Messages that
    follow each other from one side are one, as Pydantic AI joins them before it sends them.
    """
    heard: list[Json] = []
    for each in said:
        message = _heard(agent, each)
        if heard and _is_joined(heard[-1], message):
            message = _join(heard.pop(), message)
        heard.append(message)
    return heard


def _heard(agent: str, said: ConversationMessage) -> Json:
    message = said.message
    kinds = {part["part_kind"] for part in message["parts"]}
    own = said.author == agent and not said.by_person  # a person may have the name of an agent
    if own or said.edited or message["kind"] != "response" or "text" not in kinds or not kinds <= _WORDS:
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
        parts.sort(key=lambda part: part["part_kind"] not in _RESULTS)
    return {**before, **message, "parts": parts}


_RESULTS = frozenset({"tool-return", "retry-prompt"})
"""Stand before what is said beside them."""
