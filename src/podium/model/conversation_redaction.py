"""What is left of a message of a conversation when the run that said it is redacted."""

from collections.abc import Mapping

from podium.model.conversation_state import AGENT, AS_SAID
from podium.model.corrections import RETRY_FEEDBACK, RETRY_PROMPT
from podium.model.heard import are_words
from podium.model.json import Json, is_object

REDACTED = "[redacted]"
"""Stands in place of each text."""

_KEPT: Mapping[str, tuple[frozenset[str], Mapping[str, Json]]] = {
    "user-prompt": (frozenset(), {"content": REDACTED}),
    "text": (frozenset(), {"content": REDACTED}),
    "tool-call": (frozenset({"tool_name", "tool_call_id"}), {"args": {}}),
    "tool-return": (frozenset({"tool_name", "tool_call_id"}), {"content": REDACTED}),
    RETRY_PROMPT: (frozenset({"tool_name", "tool_call_id"}), {"content": REDACTED}),
    RETRY_FEEDBACK: (frozenset({"retry"}), {"content": REDACTED}),
}
"""Of each kind of part that stays: which fields stay as they are, and what stands in place of its content."""


def stays(part: Mapping[str, Json]) -> bool:
    """Whether a part is still there, without its content, once its message is redacted."""
    return part["part_kind"] in _KEPT


def redacted_message(message: Mapping[str, Json]) -> Json:
    """Return a message of the same kind without its contents: models can go on from it, and learn nothing.

    Calls of tools and their results stay as pairs; thoughts, files, and what the provider's own tools did are left out.
    """
    parts: list[Json] = []
    for part in message["parts"]:
        if (stays := _KEPT.get(part["part_kind"])) is not None:
            names, blank = stays
            own = {name: each for name, each in part.items() if name in names}
            parts.append({"part_kind": part["part_kind"], **own, **blank})
    if not parts:
        kind = "user-prompt" if message["kind"] == "request" else "text"
        parts = [{"part_kind": kind, "content": REDACTED}]
    metadata: Json = message.get("metadata")
    left: dict[str, Json] = {"kind": message["kind"], "parts": parts}
    told = {AGENT: metadata[AGENT]} if is_object(metadata) and AGENT in metadata else {}
    if are_words(left) and not are_words(message):
        told[AS_SAID] = True
    return {**left, "metadata": told} if told else left
