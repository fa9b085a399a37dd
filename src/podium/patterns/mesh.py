"""`mesh`: agents send each other messages."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.model.json import Json
from podium.model.message import Message
from podium.patterns.building.inputs import plain
from podium.patterns.building.members import Member, abilities, at_least, by_name, known
from podium.patterns.building.named import described
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role, judging
from podium.patterns.parts.ends import EndWhen, ends_of
from podium.patterns.parts.exchange import Exchange, MeshResult, PeerReply

_OFFERS = ("message", "peers", "history", "owed")
_POST = "messages"


@pattern
def mesh(
    *peers: Member, start: str | None = None, hops: int = 30, at_once: int | None = None,
    until: EndWhen | Callable[[list[Message]], bool] | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, MeshResult]:  # fmt: skip
    """Agents send each other messages, until one of them gives the answer; none of them is in charge.

    The input is the task: the first message, of type `task`, to `start` (preset: the first peer). A peer is handed the
    `message`, or parameters `message`, `peers` (the others: name → what they do), `history` (the messages it was handed
    or sent before) and `owed` (the messages to which it still owes an answer). It gives a PeerReply: `messages` to
    send, or the `answer`, which ends the mesh; nothing at all is fine too. Peers act side by side, at most
    `at_once`, each on one message after the other. `until`, an end or a rule of the `messages`, ends it without an
    answer (a turn is a message that a peer has dealt with).

    Whoever sends a message with `requires_response` waits: it is handed nothing until the one it asked has sent it a
    message back. Raises Deadlock as soon as peers wait for each other in a circle; NoDecision if no message is left to
    be read and there is no answer; BoundReached instead of a message more than `hops`; BadAnswer for a message to
    an unknown peer. (Correlation and causation: Hohpe and Woolf, Enterprise Integration Patterns, 2003.)
    """
    there = by_name("mesh", peers, least=2, what="peers")
    names = list(there)
    first = start if start is not None else names[0]
    known("mesh", "start", [first], names)
    at_least("mesh", "hops", hops)
    most = len(names) if at_once is None else at_once
    at_least("mesh", "at_once", most)
    roles = {
        who: Role[PeerReply | None]("mesh", "peer", each, offers=_OFFERS, gives=PeerReply | None)
        for who, each in there.items()
    }
    enough = ends_of("mesh", until, names, messages=list[Message])
    can = abilities("mesh", "a peer that may write to them", there)

    async def body(ctx: Context, task: object, so_far: SoFar[list[Message]]) -> MeshResult:
        exchange, ids = Exchange(names, hops=hops), _ids(ctx)
        exchange.begin(first, plain(task), id=next(ids), at=ctx.now())
        acting, at_first = dict[int, tuple[Message, Primitive[object]]](), list[Primitive[object]]()
        over, done, able = enough.begin(ctx), 0, await described(ctx, can, there)
        async with ctx.select(*at_first) as ended:
            while True:
                while len(acting) < most and (message := exchange.take()) is not None:
                    parts, who = _told(exchange, message, able), message.to
                    accept = partial(_usable, exchange, who)
                    call = roles[who].call(ctx, parts["message"], None, accept, **parts)
                    acting[ended.add(call)] = message, call
                branch = await ended.next()
                if branch is None:
                    raise exchange.stuck()
                read, call = acting.pop(branch.index)
                value = branch.value()
                with judging(call):
                    said = roles[read.to].said(value) or PeerReply()
                    if said.answer is not None:
                        return MeshResult(answer=said.answer, messages=exchange.messages)
                    so_far.reached(exchange.messages)
                    exchange.send(read, exchange.addressed(read.to, said), ids, at=ctx.now())
                over.note_all((read.to, each.payload) for each in said.messages)
                done += 1
                if ended_by := await over.came(done, list(exchange.messages)):
                    return MeshResult(answer=None, messages=exchange.messages, ended_by=ended_by)

    links = [*(Link(who, _POST) for who in names), *(Link(_POST, who, "task" if who == first else "") for who in names)]
    sketch = Sketch(parts={**there, _POST: None}, links=links)
    return Pattern(body, kind="mesh", name=name, card=card, sketch=sketch, gives=MeshResult, has=list[Message])


def _usable(exchange: Exchange, sender: str, reply: PeerReply | None) -> None:
    """Raise BadAnswer where a reply has a message to an unknown peer."""
    if reply is not None and reply.answer is None:
        exchange.addressed(sender, reply)


def _ids(ctx: Context) -> Iterator[str]:
    """Give ids that are the same on every replay."""
    while True:
        yield str(ctx.uuid())


def _told(exchange: Exchange, message: Message, able: Mapping[str, str]) -> dict[str, Json]:
    """Return the parts that a peer is handed for a message."""
    *before, _ = exchange.seen(message.to)
    return {
        "message": message.to_json(),
        "peers": {who: what for who, what in able.items() if who != message.to},
        "history": [each.to_json() for each in before],
        "owed": [each.to_json() for each in exchange.owed(message.to)],
    }
