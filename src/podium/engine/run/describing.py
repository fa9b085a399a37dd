"""What is recorded, in words, and whether it is what the code asks for."""

from collections.abc import Mapping

from podium.engine.run.key_state import KeyState
from podium.errors import Blocked, Diverged, MissingAgent, TooManyFacts, UnknownAgent
from podium.model.fact import Fact
from podium.model.facts.calls import Asked, UndoRegistered
from podium.model.facts.choices import GatherFailed, NextChosen, QuorumReached, RaceWon
from podium.model.facts.content import FactContent
from podium.model.facts.waits import ChildAwaited, ChildSpawned, LookedUp, QuestionAsked, SignalAwaited, SleepBegun
from podium.model.run import BlockedReason
from podium.secrets.comparing import same_but_for_secrets

_SHOWN_CHARACTERS = 300
_CHOICE = "a choice between branches"


def opened_as(
    record: KeyState, key: str, shape: type[FactContent] | tuple[type[FactContent], ...], now: str, **fields: object
) -> None:
    """Raise Diverged unless what opened a record is of this class and says this; `now` describes it."""
    fact = record.opened
    if fact is None:
        return  # cancelled before it began
    said = fact.content
    if not isinstance(said, shape):
        raise Diverged(key, describe(fact), now)
    other = {name: value for name, value in fields.items() if not same_but_for_secrets(getattr(said, name), value)}
    if not other:
        return
    if describe(fact) != now:
        raise Diverged(key, describe(fact), now)
    recorded = ", ".join(f"{name} {getattr(said, name)!r}" for name in other)
    raise Diverged(key, f"{now} with {recorded}", "the same with " + ", ".join(f"{n} {v!r}" for n, v in other.items()))


def shortened(text: bytes | None) -> str:
    """Return a payload as a message can show it."""
    shown = "nothing" if text is None else text.decode()
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"


def describe(fact: Fact | None) -> str:
    """Return what a fact opened, in words for a message."""
    if fact is None:
        return "nothing"
    told = _OPENED.get(type(fact.content), "")
    return told.format(fact.content) if told else fact.kind.name.lower()


_OPENED: Mapping[type[FactContent], str] = {
    Asked: "a call of {0.agent}",
    SleepBegun: "a sleep",
    SignalAwaited: "a wait for signal {0.name!r}",
    ChildAwaited: "a wait for run {0.name!r}",
    QuestionAsked: "a question to {0.to!r}: {0.text}",
    ChildSpawned: "a child run of {0.workflow}",
    NextChosen: _CHOICE,
    RaceWon: _CHOICE,
    QuorumReached: _CHOICE,
    GatherFailed: _CHOICE,
    UndoRegistered: "a compensation by {0.agent}",
    LookedUp: "a look-up of {0.of}",
}


def blocked_because(error: Blocked | UnknownAgent) -> BlockedReason:
    """Return why a run is blocked that cannot go on with this."""
    match error:
        case Diverged():
            return BlockedReason.DIVERGED
        case MissingAgent() | UnknownAgent():
            return BlockedReason.MISSING_AGENT
        case TooManyFacts():
            return BlockedReason.MAX_FACTS
        case _:
            return BlockedReason.CODE
