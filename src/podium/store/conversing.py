"""What a run commits about conversations: whose turn it is, and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.conversation import Busy


@dataclass(frozen=True, slots=True, kw_only=True)
class WantTurn:
    """The run wants a turn in a conversation under this key; nothing happens where it has, or waits for, one there.

    A signal of the kind `turn`, with the key as its name, tells it what came of that: `{"conversation": name,
    "revision": how many messages, "n": its number}` once it has its turn, or `{"refused": why}`. A conversation that
    is not there is begun.
    """

    tenant: str
    principal: str
    name: str
    key: str
    at: float
    busy: Busy = "wait"
    within: str | None = None
    """The key under which the run has the turn that this one joins."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message on its way into a conversation."""

    author: str
    message: bytes
    """As JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendTurn:
    """Something was said in the turn that the run has under this key."""

    key: str
    messages: Sequence[NewMessage]
    at: float


@dataclass(frozen=True, slots=True)
class ReleaseTurn:
    """The turn under this key is over, or not wanted any more; the one who waits longest is next."""

    key: str
    at: float


TurnEffect = WantTurn | AppendTurn | ReleaseTurn
