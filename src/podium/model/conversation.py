"""A conversation: what was said under a name, one message after the other, and whose turn in it is next."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal, get_args

from podium.model.expected import NAME, Expected, check_fields, one_of
from podium.model.json import Json
from podium.model.storable import check_key

Busy = Literal["wait", "refuse", "fork"]
"""What becomes of a turn in a conversation in which somebody else has one."""

TURN = "turn"
"""The kind of the signal that tells a run that it has its turn, or is refused one. Its name is the key of the turn."""


def check_conversation(name: str) -> None:
    """Raise InvalidValue for the name of a conversation that cannot be stored."""
    check_key("the name of the conversation", name)


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn that a call, or a run, is to have in a conversation; `"user-42"` is short for `Turn("user-42")`.

    `busy` says what happens where another one has its turn there: `wait` until it is over, `refuse` the call, or
    `fork`: go on in a new conversation, which begins with all that was said by then.
    """

    name: str
    """That of the conversation."""
    _: KW_ONLY
    busy: Busy = "wait"

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)
        check_conversation(self.name)


_FIELDS: Mapping[str, Expected] = {"name": NAME, "busy": one_of(get_args(Busy))}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationMessage:
    """One message of a conversation."""

    place: int
    """How many came before it."""
    message: Json
    """As Pydantic AI writes it: `{"kind": "request" or "response", "parts": […], …}`."""
    author: str
    """The name of the agent that said it; for what an agent was asked, that of the principal of the run."""
    run: str
    key: str
    """The call in whose turn it was said; `start` for the run itself."""
    at: float
    """When it was said, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class TurnHolder:
    """Who has the turn in a conversation."""

    run: str
    key: str
    """The call; `start` for the run itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationState:
    """A conversation as the store knows it."""

    tenant: str
    principal: str
    """On whose behalf it was begun."""
    name: str
    revision: int
    """How many messages it has."""
    created_at: float
    changed_at: float
    """When something was said last, in seconds since 1970."""
    holder: TurnHolder | None = None
    waiting: int = 0
    """How many wait for their turn."""
    forked_from: str | None = None
    forked_at: int | None = None
    """With how many messages of that conversation it began."""
