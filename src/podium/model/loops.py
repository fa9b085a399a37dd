"""When agents go round in circles, and what is done about it."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from podium.model.expected import COUNT, NAME, check_fields, one_of, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """What counts as going round in circles, within one branch of a run; None is never."""

    identical: int | None = 4
    """The same agent is asked the same again, after it gave the same answer this many times in a row."""
    ping_pong: int | None = 3
    """Two agents take turns, and each has said the same for this many rounds (a mere verdict: to the same)."""
    repeats: int | None = 5
    """An agent has given the same answer, of five words or more, this many times in a row, whatever it was asked."""
    idle: int | None = 12
    """This many consecutive calls produced nothing new in this branch."""
    then: Literal["nudge", "ask", "stop"] = "stop"
    """Tell the agent that it repeats itself, ask a person whether to go on, or refuse the call."""
    to: str = "operators"
    """Who is asked."""

    def __post_init__(self) -> None:
        check_fields(self, {"then": one_of(("nudge", "ask", "stop")), "to": NAME, **_COUNTS})


_COUNTS = dict.fromkeys(("identical", "ping_pong", "repeats", "idle"), or_none(COUNT))


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """A call that was answered: digests of what was asked and of what was said."""

    agent: str
    asked: bytes
    said: bytes
    telling: bool
    """Whether it is more than a verdict, which may be right of many things."""
    new: bool
    """Whether it is new in this branch; a mere verdict only has to be new for its question."""


def digest_of(text: bytes) -> bytes:
    """Return what tells one text from another, apart from case and spaces."""
    return blake2b(b" ".join(text.lower().split()), digest_size=12).digest()
