"""Whether a call that failed is tried again, or falls back to another agent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from podium.engine.calls.ending import record_spent
from podium.engine.calls.given import Given
from podium.engine.calls.open_call import OpenCall
from podium.engine.run.reopening import is_spared
from podium.engine.run.undone import AROUND, is_undo, undid_all, undoers
from podium.model.acceptance import NOT_ACCEPTED
from podium.model.agent import AnyAgent
from podium.model.facts.calls import AttemptFailed
from podium.model.fallback import FallbackValue
from podium.model.outcome import Failed, Failure, Refused
from podium.model.retry import KEEPS_LINEAGE, FailureKind
from podium.model.rule_names import is_scarce
from podium.store.asking import WithdrawQuestion


def end_of(open_call: OpenCall, asked: AnyAgent | FallbackValue, outcome: Failed | Refused) -> Failed | Refused | None:
    """Return how a call ends whose attempt gave no answer; None where another attempt, or a fallback, is recorded."""
    if open_call.progress.final or isinstance(asked, FallbackValue):
        return outcome
    if isinstance(outcome, Refused):
        falls = is_scarce(outcome.rule) and fall_back(open_call, f"{outcome.rule}: {outcome.reason}")
        return None if falls else outcome
    failure = outcome.failure
    if failure.kind is FailureKind.REFUSED:
        return outcome  # of what it calls: nobody else may do it instead
    if failure.unavailable and fall_back(open_call, _why(failure)):
        return None
    if _may_try_again(open_call, asked, failure):
        if not _asks_for_too_long(open_call, asked, failure):
            _try_again(open_call, asked, failure)
            return None
        failure = replace(failure, message=f"{failure.message}; {_asked_back(open_call, asked, failure)}")
    return None if fall_back(open_call, _why(failure)) else Failed(failure)


def improved(open_call: OpenCall, asked: AnyAgent | FallbackValue, given: Given) -> bool:
    """Record that another answer is asked for where this one is not accepted; False where it stands.

    It stands where it is accepted, and where nobody is left to be asked: then whoever asked has to judge it.
    What has happened `once` is not asked for again.
    """
    accept, progress = open_call.options.accept, open_call.progress
    if accept is None or progress.final or isinstance(asked, FallbackValue):
        return False
    if open_call.card_of(asked).effects == "once" or (why := accept.rule(given.value)) is None:
        return False
    if progress.corrected < accept.corrections:
        record_spent(open_call.active, open_call.key, progress)
        progress.corrected += 1
        next_attempt(open_call, Failure(FailureKind.VALIDATION, NOT_ACCEPTED, why), 0.0, feedback=why)
        return True
    if progress.fallback_index == len(open_call.fallbacks):
        return False
    record_spent(open_call.active, open_call.key, progress)
    return fall_back(open_call, f"{NOT_ACCEPTED}: {why}")


def fall_back(open_call: OpenCall, why: str) -> bool:
    """Record that the next fallback is asked, if there is one."""
    progress = open_call.progress
    if progress.fallback_index >= len(open_call.fallbacks):
        return False
    progress.fallback_index += 1
    progress.first_attempt, progress.why = progress.attempt + 1, why
    progress.granted, progress.corrected = {}, 0
    next_attempt(open_call, Failure(FailureKind.BUG, "Fallback", why), 0.0)
    return True


def next_attempt(
    open_call: OpenCall, failure: Failure, pause: float, *, feedback: str = "", goes_on: str | None = None,
    spares: bool = False,
) -> None:  # fmt: skip
    """Record that another attempt follows after a pause; `goes_on` is the key under which a workflow goes on."""
    progress, active, before = open_call.progress, open_call.active, open_call.inline_key
    progress.attempt += 1
    withdrawn: Sequence[WithdrawQuestion] = ()
    if failure.kind not in KEEPS_LINEAGE:
        progress.lineage += 1
        progress.forget_questions()
        withdrawn = active.mailbox.questions.withdraw((open_call.key,))
    progress.due = active.runtime.clock.now() + pause
    progress.intent_recorded, progress.feedback, progress.goes_on = False, feedback, goes_on
    said = AttemptFailed(
        attempt=progress.attempt, lineage=progress.lineage, due=progress.due, kind=failure.kind, type=failure.type,
        message=failure.message, fallen=progress.fallback_index, first=progress.first_attempt, why=progress.why,
        feedback=feedback, goes_on=goes_on, causes=failure.causes, spares=spares,
        corrected=progress.corrected, traceback=failure.traceback,
    )  # fmt: skip
    active.journal.append(said, open_call.key, effects=withdrawn)
    active.history.attempt_failed(open_call.key, said)
    active.try_again(open_call.key, before, said)


def _why(failure: Failure) -> str:
    return f"{failure.type}: {failure.message}"


def _tries(open_call: OpenCall) -> int:
    """Return how often the one was asked that is asked now, apart from answers that were not accepted."""
    progress = open_call.progress
    return progress.attempt - progress.first_attempt - progress.corrected + 1


def _may_try_again(open_call: OpenCall, agent: AnyAgent, failure: Failure) -> bool:
    """Whether the retry rule allows another attempt."""
    happened = failure.kind is FailureKind.VALIDATION and open_call.card_of(agent).effects == "once"
    return not happened and open_call.retry_of(agent).allows(failure.kind, _tries(open_call))


def _asks_for_too_long(open_call: OpenCall, agent: AnyAgent, failure: Failure) -> bool:
    """Whether the other side wants to be left alone for longer than anybody agreed to wait.

    What a rule of our own asks for is what its settings say.
    """
    return not failure.unavailable and (failure.retry_after or 0.0) > open_call.retry_of(agent).max_retry_after


def _asked_back(open_call: OpenCall, agent: AnyAgent, failure: Failure) -> str:
    """Say when the other side wants to be asked again, and how to wait for that."""
    seconds, most = failure.retry_after or 0.0, open_call.retry_of(agent).max_retry_after
    due = open_call.active.runtime.clock.now() + seconds
    try:
        when = f" at {datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError):  # no calendar goes so far
        when = ""
    return (
        f"it wants to be asked again in {seconds:g} s{when}, which is longer than the {most:g} s that it may have us "
        f"wait (max_retry_after of the Retry of {open_call.card_of(agent).name})"
    )


def _try_again(open_call: OpenCall, agent: AnyAgent, failure: Failure) -> None:
    """Record that another attempt follows."""
    card, retry, tries = open_call.card_of(agent), open_call.retry_of(agent), _tries(open_call)
    progress = open_call.progress
    chance = open_call.active.chance(f"{open_call.key}/{progress.attempt}").random()
    pause = max(retry.pause(failure.kind, tries, chance), failure.retry_after or 0.0)
    unfit = failure.kind is FailureKind.VALIDATION and retry.feedback
    feedback = failure.message if unfit else ""
    if not (card.traits.runs_inline and go_on(open_call, failure, pause)):
        next_attempt(open_call, failure, pause, feedback=feedback)


def go_on(open_call: OpenCall, failure: Failure, pause: float) -> bool:
    """Have an inline workflow go on with what it recorded, but for what failed; not where it undid what it had done."""
    active, key = open_call.active, open_call.inline_key
    active.keep_log(key)  # a rule may have turned it away before it was entered
    log = active.journal.logs[key]
    if undid_all(log):
        return False
    next_attempt(open_call, failure, pause, goes_on=key, spares=any(map(is_spared, log)))
    return True


def undid_itself(open_call: OpenCall) -> bool:
    """Whether what an inline workflow is to go over once more has been undone: it has to begin anew."""
    active, key, unclaimed = open_call.active, open_call.inline_key, open_call.active.history.unclaimed
    if open_call.key not in unclaimed.reopened or not active.history.has_under(key):
        return False
    active.keep_log(key)
    log = active.journal.logs[key]
    over = any(is_undo(fact.key) and fact.key in unclaimed for fact in log)
    return over and AROUND in undoers(log)


def begin_anew(open_call: OpenCall) -> None:
    """Record that an inline workflow begins anew, for its last attempt has undone what it did."""
    failure = Failure(FailureKind.BUG, "Undone", "what it had done was undone")
    next_attempt(open_call, failure, 0.0)
