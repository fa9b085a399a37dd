"""What a request to a model is made of, in the form that all frameworks share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from podium.model.json import Json

SaidPart = Mapping[str, Json]
"""One thing that was said, such as `{"part_kind": "text", "content": "Hello"}`."""

_STAYS = frozenset({
    "system-prompt", "instruction-baseline", "instruction-delta", "model-settings-delta", "tool-availability-delta",
    "capability-load-delta", "compaction",
})  # fmt: skip
_BY_THE_USER = frozenset({"user-prompt", "speech"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a framework sends or leaves out as a whole: one thing that is said in a request, or a whole answer."""

    at: int
    """The place of its message in the request."""
    kind: str
    """`request` or `response`."""
    parts: Sequence[SaidPart]
    beside_results: bool = False
    """Whether it stands in one message with results of tools: it may be about them."""

    @property
    def stays(self) -> bool:
        """Whether it is no message but an instruction, which is always sent."""
        return self.kind == "request" and all(each["part_kind"] in _STAYS for each in self.parts)

    @property
    def by_the_user(self) -> bool:
        """Whether it is what the user says."""
        return self.kind == "request" and all(each["part_kind"] in _BY_THE_USER for each in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRequest:
    """All that would be sent without any rule."""

    pieces: Sequence[Piece]
    besides: Sequence[str] = ()
    """What is sent besides messages, as text: instructions, descriptions of tools, the schema of the answer."""
    model: str = ""
    window: int | None = None
    """How many tokens the model can hold, where that is known."""


def besides_of(sent: Mapping[str, Json]) -> list[str]:
    """Return what a request sends besides messages as texts: instructions, tools, the schema of the answer."""
    told = [orjson.dumps(each).decode() for each in (*sent["tools"], sent["output"]) if each]
    return [sent["instructions"], *told] if sent["instructions"] else told


def messages_of(pieces: Sequence[Piece]) -> list[Json]:
    """Return pieces as the messages that they are of."""
    found: list[Json] = []
    at = -1
    for piece in pieces:
        if piece.at != at:
            found.append({"kind": piece.kind, "parts": []})
            at = piece.at
        found[-1]["parts"] += piece.parts
    return found
