"""Changing conversations from outside: forking, redacting, deleting. Each change is recorded as a run of its own."""

from collections.abc import Callable, Sequence

from podium.engine.worker.worker import Worker
from podium.errors import InvalidValue, NotPossible
from podium.model.clock import Clock
from podium.model.conversation_state import ConversationMessage, ConversationState
from podium.model.facts.runs import Ended, Started
from podium.model.ids import Ids
from podium.model.json import NULL, Json
from podium.model.run import DEFAULT_QUEUE, RunState
from podium.model.tool_uses import cuts_in
from podium.operations.ways_out import way_out
from podium.store.codec import encode
from podium.store.conversation_changes import (
    ConversationChange,
    DeleteConversation,
    ForkConversation,
    RedactConversation,
)
from podium.store.conversing import NewMessage
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import CommitVerdict

RECORDS = "podium.conversation."
"""How the workflows begin whose runs record changes: `podium.conversation.fork`, `….redact`, `….delete`."""
_VERSION = "1"


class ConversationOperator:
    """Changes conversations in which nobody has a turn, or copies them."""

    def __init__(self, worker: Worker, clock: Clock, ids: Ids) -> None:
        self._worker = worker
        self._store = worker.store
        self._clock = clock
        self._ids = ids

    async def fork(
        self, found: ConversationState, into: str, *, at: int | None, edit: str | None, by: str, why: str
    ) -> None:
        """Copy the messages before a place into a new conversation, and add the one at it as it is given anew.

        Raises NotPossible where there is one of that name, or a use of a tool would be cut from its result;
        InvalidValue where there is no such place.
        """
        said = await self._store.messages(found.tenant, found.name, n=found.n)
        place = _place(found.name, said, at, edits=edit is not None)
        edited = None if edit is None else NewMessage(by, encode(_edited(said[place].message, edit)))
        told = {"into": into, "at": place, "edited": edit is not None, "why": why}
        wanted = ForkConversation(
            tenant=found.tenant, name=found.name, n=found.n, into=into, at=place, edited=edited,
            record=self._record("fork", found, told, by),
        )  # fmt: skip
        match await self._change(wanted):
            case CommitVerdict.OK:
                pass
            case CommitVerdict.DUPLICATE:
                raise NotPossible(f"there is a conversation {into!r} already: give the fork another name.")
            case _:
                raise NotPossible(f"conversation {found.name!r} was deleted meanwhile.")

    async def redact(self, found: ConversationState, *, by: str, why: str) -> None:
        """Delete the contents of its messages; raises NotPossible where a run has, or waits for, a turn there."""
        await self._delete(found, "redact", lambda record: RedactConversation(
            tenant=found.tenant, name=found.name, n=found.n, record=record), by=by, why=why)  # fmt: skip

    async def delete(self, found: ConversationState, *, by: str, why: str) -> None:
        """Delete it with all that was said; raises NotPossible where a run has, or waits for, a turn there."""
        await self._delete(found, "delete", lambda record: DeleteConversation(
            tenant=found.tenant, name=found.name, n=found.n, record=record), by=by, why=why)  # fmt: skip

    async def _delete(
        self, found: ConversationState, what: str, change: Callable[[NewRun], ConversationChange], *, by: str, why: str
    ) -> None:
        told = {"messages": found.revision, "why": why}
        if await self._change(change(self._record(what, found, told, by))) is CommitVerdict.BUSY:
            raise NotPossible(f"{await self._busy(found)}, and {what} it then.")

    async def _busy(self, found: ConversationState) -> str:
        """Return who has a turn there, or where a copy of what was said there stands, and what ends that turn."""
        held = await self._store.conversation(found.tenant, found.name)
        if held is None or held.holder is None:
            said = await self._store.messages(found.tenant, found.name, n=found.n)
            held = await self._store.held(list({each.run for each in said}))
        return (
            f"a run has its turn in conversation {found.name!r}" if held is None else await way_out(self._store, held)
        )

    async def _change(self, wanted: ConversationChange) -> CommitVerdict:
        verdict, _ = await self._worker.commits.submit(wanted)
        return verdict

    def _record(self, what: str, found: ConversationState, told: Json, by: str) -> NewRun:
        """Return the run that records a change: over as it begins, it is chained and entered in the ledger."""
        run, now, workflow = self._ids.new("run"), self._clock.now(), RECORDS + what
        started = Started(
            workflow=workflow, version=_VERSION, seed=0, principal=by, tenant=found.tenant, conversation=found.name
        )
        ended = Ended(state=RunState.DONE, reason="", causes=())
        return NewRun(
            id=run, workflow=workflow, version=_VERSION, queue=DEFAULT_QUEUE, priority=0, tenant=found.tenant,
            principal=by, parent=None, root=run, tag=None, at=now,
            started=NewFact.saying(started, "", now, encode(told)), facts=(NewFact.saying(ended, "", now, NULL),),
        )  # fmt: skip


def _place(name: str, said: Sequence[ConversationMessage], at: int | None, *, edits: bool) -> int:
    """Return the place at which messages are parted; raises where they cannot be."""
    last = len(said) - edits
    place = len(said) if at is None else at
    if place > last:
        told = "the message at one of them is given anew" if edits else "so many messages can be copied"
        raise InvalidValue(
            f"place {place} is none in conversation {name!r}: expected `at` from 0 to {last}, {told}."
            if last >= 0
            else f"conversation {name!r} has no message that could be given anew: leave `edit` out."
        )
    cuts = cuts_in([each.message for each in said])
    if place in cuts:
        before = next(each for each in range(place, -1, -1) if each not in cuts)
        after = next(each for each in range(place, len(said) + 1) if each not in cuts)
        raise NotPossible(
            f"at place {place} a use of the tool {cuts[place]!r} would be cut from its result: fork at {before}"
            + (f" or {after}." if after <= last else ".")
        )
    return place


def _edited(message: Json, text: str) -> Json:
    """Return a message of the same side that says nothing but a text."""
    kind = "user-prompt" if message["kind"] == "request" else "text"
    return {"kind": message["kind"], "parts": [{"part_kind": kind, "content": text}]}
