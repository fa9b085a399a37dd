"""What a backend can be asked about conversations inside one write transaction, and how it answers."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol


class ConversationRow(NamedTuple):
    """A conversation."""

    n: int
    """Given once: a conversation that is deleted and begun anew has another one."""
    tenant: str
    principal: str
    name: str
    revision: int
    copied: int
    """How many of its messages, the first ones, are copies of those of another one."""


class MessageOrigin(NamedTuple):
    """Where a part of a message stands in the journal of the run that says it."""

    run: int
    """The number of the run."""
    start: int
    """Where in the message the part begins."""
    size: int
    seq: int
    offset: int
    """Where in the payload of that fact it begins."""


class MessageRow(NamedTuple):
    """A message of a conversation."""

    conversation: int
    place: int
    author: str
    run: str
    number: int
    """Of the run: another one may have its id once it is pruned. 0 where no run is known by it."""
    key: str
    at: float
    message: bytes
    origin: MessageOrigin | None = None
    """Where a part of it stands too, just so: a backend that can find it there need not store it again."""


class TurnRow(NamedTuple):
    """A turn that a run has or waits for. Of those that join none, the first of a conversation has it."""

    n: int
    """Smaller than that of any that came later, and given once."""
    conversation: int
    run: str
    key: str
    within: str | None
    """The key of the turn of this run that it joins."""


class ConversationTransaction(Protocol):
    """What a backend can be asked about conversations inside one write transaction; see `Transaction`."""

    def conversation(self, tenant: str, name: str) -> ConversationRow | None:
        """Return a conversation."""
        ...

    def conversation_of(self, n: int) -> ConversationRow:
        """Return the conversation of a number."""
        ...

    def insert_conversation(
        self, tenant: str, principal: str, name: str, at: float, forked: ConversationRow | None
    ) -> int:
        """Begin a conversation, with a copy of the messages of another one if that is given; returns its number.

        They are copied up to the `revision` that is given.
        """
        ...

    def insert_messages(self, rows: Sequence[MessageRow]) -> None:
        """Append messages, all of one conversation, and write down its revision and when it changed.

        Whatever becomes of the facts in which parts of them stand, messages say what they said.
        """
        ...

    def messages_in(self, conversation: int) -> Sequence[MessageRow]:
        """Return all messages of a conversation, in order."""
        ...

    def messages_of(self, run: int) -> Sequence[MessageRow]:
        """Return the messages that the run of a number said, in all conversations, also their copies in forks."""
        ...

    def overwrite_messages(self, rows: Sequence[MessageRow]) -> None:
        """Have messages that are there say something else, so that what they said cannot be recovered."""
        ...

    def delete_conversation(self, n: int) -> None:
        """Delete a conversation with its messages, so that they cannot be recovered as far as this is up to it."""
        ...

    def turn(self, run: str, key: str) -> TurnRow | None:
        """Return the turn that a run has, or waits for, under a key."""
        ...

    def first_turn(self, conversation: int) -> TurnRow | None:
        """Return the turn that is had in a conversation: the first of those that join none."""
        ...

    def queue(self, conversation: int) -> Sequence[TurnRow]:
        """Return the turns in a conversation that join none, in the order in which they came."""
        ...

    def turns_of(self, runs: Collection[str]) -> Sequence[TurnRow]:
        """Return all turns that runs have or wait for, in the order in which they came."""
        ...

    def insert_turn(self, conversation: int, run: str, key: str, within: str | None) -> int:
        """Add a turn; returns its number."""
        ...

    def delete_turns(self, turns: Sequence[int]) -> None:
        """Delete turns by their numbers."""
        ...
