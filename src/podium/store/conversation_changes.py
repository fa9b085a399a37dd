"""What people change about conversations. Each change is recorded as a run of its own, which is over as it begins."""

from dataclasses import dataclass

from podium.store.conversing import NewMessage
from podium.store.inserting import NewRun


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteConversation:
    """Delete a conversation with all that was said. BUSY where somebody has, or waits for, a turn in it."""

    tenant: str
    name: str
    record: NewRun
    """With all of its facts: it is inserted as done, and entered in the ledger, in the same transaction."""
    n: int | None = None
    """The number of the conversation: UNKNOWN where another one has the name by now. None for whichever has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactConversation:
    """Delete the contents of all its messages, and of the copies elsewhere of those that were said in it.

    BUSY where somebody has, or waits for, a turn in a conversation in which one of these stands.
    """

    tenant: str
    name: str
    record: NewRun
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkConversation:
    """Begin a conversation with a copy of the first messages of another one, on behalf of the same principal.

    DUPLICATE where there is one of its name, STALE where the other one has not so many messages.
    """

    tenant: str
    name: str
    """The one that is copied."""
    into: str
    at: int
    """How many messages are copied."""
    record: NewRun
    n: int | None = None
    edited: NewMessage | None = None
    """A message that follows them, said under the key `edit` of the record."""


ConversationChange = DeleteConversation | RedactConversation | ForkConversation
