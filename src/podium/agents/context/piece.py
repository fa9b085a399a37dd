"""What a request to a model is made of, in the form that all frameworks share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from podium.model.json import Json
from podium.model.parts_said import text_of

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
    earlier: bool = False
    """Whether somebody said it before the call, from the side of the user: what follows it is another message."""

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


def words_of(message: Mapping[str, Json]) -> list[str]:
    """Return what a message says from the side of the user, each prompt as agents of all frameworks have it."""
    return [text_of(part["content"]) for part in message["parts"] if part["part_kind"] == "user-prompt"]


def one_by_one(pieces: Sequence[Piece], said: Collection[str]) -> list[Piece]:
    """Return pieces with each message at a place of its own that was said before the call, from the side of the user.

    `said` are the words of these. Frameworks join what follows each other from one side: the words of other agents, of
    people too, and what the agent is asked after them.
    """
    found: list[Piece] = []
    parted = 0
    for place, piece in enumerate(pieces):
        follows = piece.by_the_user and place > 0 and found[-1].earlier and pieces[place - 1].at == piece.at
        words = words_of({"parts": piece.parts}) if piece.by_the_user else []
        earlier = bool(words) and all(each in said for each in words)
        parted += follows
        beside = piece.beside_results and not earlier and not follows
        found.append(replace(piece, at=piece.at + parted, beside_results=beside, earlier=earlier))
    return found


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
