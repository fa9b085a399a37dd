"""What peers of `mesh` say to each other: who has messages, who waits for whom, and where they wait in a circle."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from podium.errors import BadAnswer, Deadlock, NoDecision
from podium.model.json import Json
from podium.model.message import Message
from podium.patterns.building.added import added
from podium.patterns.building.bounds import used_up
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.names import choices, named

OUTSIDE = "outside"
"""Who the task is from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that a peer wants to send."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    to: str
    """The name of a peer."""
    type: str = "message"
    payload: Json = None
    requires_response: bool = False
    """Whether it waits for an answer. Until that is there it is handed nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReply:
    """What a peer gives for a message: the messages it sends, or the answer to the task, which ends the mesh."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    messages: list[Outgoing] = field(default_factory=list[Outgoing])
    answer: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshResult(TeamResult):
    """What came of a mesh: the answer, and all messages that were sent until then, in order."""

    answer: Json
    """None where an end of `until` came first."""
    messages: list[Message]
    ended_by: "Annotated[str, added()]" = ""
    """Which end of `until` has come, in words; empty where a peer gave the answer."""

    @property
    def last(self) -> Json:
        """The answer."""
        return self.answer


class Exchange:
    """The messages of one mesh."""

    def __init__(self, peers: Sequence[str], *, hops: int) -> None:
        self.messages: list[Message] = []
        """All that were sent, in order."""
        self._hops = hops
        self._inboxes = {peer: deque[Message]() for peer in peers}
        self._answers = {peer: deque[Message]() for peer in peers}
        self._seen = {peer: list[Message]() for peer in peers}
        self._requests: list[Message] = []
        self._busy = set[str]()

    def begin(self, to: str, task: Json, *, id: str, at: float) -> None:
        """Send the task."""
        task_message = Message(
            id=id, from_=OUTSIDE, to=to, type="task", payload=task, timestamp=at, correlation_id=id
        )  # fmt: skip
        self._deliver(task_message)

    def send(self, cause: Message, outgoing: Sequence[Outgoing], ids: Iterator[str], *, at: float) -> None:
        """Send what a peer wants to send after it was handed `cause`; from then on it can be handed the next message.

        The answer is the first message without `requires_response` from the peer that was asked to the one that asked.
        They are `addressed`. Raises BoundReached, and Deadlock where peers wait in a circle.
        """
        sender = cause.to
        self._busy.discard(sender)
        for each in outgoing:
            self._send(cause, each, next(ids), at)
        if circle := self._circle(sender):
            raise Deadlock(
                f"mesh: {self._waits(circle)}: none of them can act any more. "
                "Have one of them answer before it asks back, or ask without `requires_response`.",
                circle=circle,
            )

    def addressed(self, sender: str, reply: PeerReply) -> list[Outgoing]:
        """Return the messages of a reply, each to a peer by its name; raises BadAnswer for one to an unknown peer."""
        return [replace(each, to=self._peer(sender, each.to)) for each in reply.messages]

    def _peer(self, sender: str, to: str) -> str:
        peer = named(to, self._inboxes)
        if peer is None:
            raise BadAnswer(
                f"mesh: {sender} sent a message to {to!r}: {choices(to, self._inboxes)}. "
                "What is for whoever gave the task goes into `answer`."
            )
        return peer

    def owed(self, peer: str) -> list[Message]:
        """Return the messages to which a peer still owes an answer."""
        return [each for each in self._requests if each.to == peer]

    def seen(self, peer: str) -> list[Message]:
        """Return the messages that a peer was handed or sent, in order."""
        return list(self._seen[peer])

    def take(self) -> Message | None:
        """Return the message that is to be handed over next, whose addressee then is busy; None if there is none now.

        Each peer gets its messages in the order in which they were sent; answers that it waited for come first.
        """
        heads = [box[0] for peer in self._inboxes if (box := self._box(peer))]
        if not heads:
            return None
        message = min(heads, key=self.messages.index)
        self._box(message.to).popleft()
        self._busy.add(message.to)
        self._seen[message.to].append(message)
        return message

    def stuck(self) -> NoDecision:
        """Return the error for a mesh in which no message is left and the task has no answer."""
        askers = [each.from_ for each in self._requests]
        waits = self._waits(askers) or "nobody waits for anybody"
        return NoDecision(f"mesh: no message is left to be read, and nobody gave an `answer`: {waits}.")

    def _box(self, peer: str) -> deque[Message]:
        """Return the messages of which a peer can be handed the first one now."""
        if peer in self._busy or any(each.from_ == peer for each in self._requests):
            return deque()
        return self._answers[peer] or self._inboxes[peer]

    def _send(self, cause: Message, outgoing: Outgoing, id: str, at: float) -> None:
        sender, to = cause.to, outgoing.to
        asked = [each for each in self._requests if each.from_ == to and each.to == sender]
        answered = asked[0] if asked and not outgoing.requires_response else None
        exchange = answered.id if answered else id if outgoing.requires_response else cause.correlation_id
        message = Message(
            id=id, from_=sender, to=to, type=outgoing.type, payload=outgoing.payload, timestamp=at,
            correlation_id=exchange, causation_id=cause.id, requires_response=outgoing.requires_response,
        )  # fmt: skip
        self._deliver(message, answered)
        self._seen[sender].append(message)

    def _deliver(self, message: Message, answered: Message | None = None) -> None:
        if len(self.messages) == self._hops:
            last = self.messages[-1]
            said = f"the last message, of type {last.type!r}, went from {last.from_} to {last.to}"
            stands, remedy = f"nobody has given an `answer`; {said}", "tell the peers when to answer"
            raise used_up("mesh", "hops", self._hops, stands, remedy)
        self.messages.append(message)
        if answered is not None:
            self._requests.remove(answered)
            self._answers[message.to].append(message)
            return
        self._inboxes[message.to].append(message)
        if message.requires_response:
            self._requests.append(message)

    def _waited_for(self, peer: str) -> list[str]:
        return list(dict.fromkeys(each.to for each in self._requests if each.from_ == peer))

    def _circle(self, start: str) -> tuple[str, ...]:
        """Return the peers that wait for each other in a circle, from one back to itself; empty where there is none."""
        ways: list[tuple[str, ...]] = [(start,)]
        known = set[str]()
        while ways:
            way = ways.pop(0)
            for peer in self._waited_for(way[-1]):
                if peer == start:
                    return way
                if peer not in known:
                    known.add(peer)
                    ways.append((*way, peer))
        return ()

    def _waits(self, peers: Sequence[str]) -> str:
        """Say for whom these wait."""
        each_once = dict.fromkeys(peers)
        return ", ".join(f"{peer} waits for {' and '.join(self._waited_for(peer))}" for peer in each_once)
