"""How the end of a call is recorded: its answer, what that is short of, and how it is undone."""

from podium.engine.calls.given import Given
from podium.engine.calls.inline import undo_of
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.caller import Caller, Undo
from podium.engine.run.key_state import KeyState
from podium.engine.run.progress import CallProgress
from podium.engine.run.undone import UNDO_OF
from podium.model.facts.answers import AnsweredDone, outcome_said
from podium.model.facts.calls import UndoRegistered
from podium.model.facts.content import prepared
from podium.model.fallback import Degraded
from podium.model.outcome import Failed, Refused
from podium.store.codec import encode

_DONE = prepared(AnsweredDone())


def record_answer(active: ActiveRun, key: str, undo: Undo | None, caller: Caller, given: Given) -> float:
    """Record an answer, what it is short of, and how it is undone; returns the time."""
    if given.lacks is not None:
        active.degraded[key] = given.lacks
    below = _degraded(active, key) if active.degraded else ()
    if given.effects:
        active.mailbox.turns.answered(key)
    said = AnsweredDone(usage=given.usage, degraded=below) if given.usage is not None or below else _DONE
    at = active.journal.append(said, key, given.payload, [*given.effects, *active.mailbox.close((key,))])
    if undo is not None:
        said = UndoRegistered(
            agent=undo.agent, version=undo.version, judged_anew=undo.judged_anew, callers=undo.registered_by
        )
        active.journal.append(said, undo.key, encode(undo.input))
        caller.adopt([undo])
    return at


def record_failure(active: ActiveRun, key: str, outcome: Failed | Refused) -> float:
    """Record that a call failed or was refused; returns the time."""
    return active.journal.append(outcome_said(outcome), key, effects=active.mailbox.close((key,)))


def record_spent(active: ActiveRun, key: str, progress: CallProgress) -> None:
    """Record what an answer came to that was given, and is not recorded: it does not fit, or a guard kept it back."""
    told, progress.told = progress.told, None
    if told is not None:
        active.journal.append(told, key)


def adopt_recorded(active: ActiveRun, key: str, caller: Caller, record: KeyState) -> None:
    """Have the caller take over the compensations that were registered until a recorded call ended."""
    if record.undos:
        caller.adopt([undo_of(undo) for undo in record.undos])
    own = active.history.take(f"{key}.{UNDO_OF}")
    if own is not None and own.opened is not None:
        caller.adopt([undo_of(own.opened)])


def _degraded(active: ActiveRun, key: str) -> tuple[Degraded, ...]:
    """Return what a call and those below it are short of, for the fact that stands for all of them."""
    below = f"{key}."
    found = sorted(active.degraded.items())
    return tuple(each for at, each in found if at == key or at.startswith(below))
