"""Whether a call that failed is tried again, or falls back to another agent."""

from podium.engine.calls.open_call import OpenCall
from podium.engine.run.reopening import reopened
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.facts.calls import AttemptFailed
from podium.model.fallback import FallbackValue
from podium.model.outcome import Failed, Failure, Refused
from podium.model.retry import KEEPS_LINEAGE, FailureKind
from podium.model.rule_names import is_scarce


def goes_on(open_call: OpenCall, asked: AnyAgent | FallbackValue, outcome: Failed | Refused) -> bool:
    """Record that another attempt follows, or a fallback, if one does."""
    if open_call.progress.final or isinstance(asked, FallbackValue):
        return False
    if isinstance(outcome, Refused):
        return is_scarce(outcome.rule) and fall_back(open_call, f"{outcome.rule}: {outcome.reason}")
    failure = outcome.failure
    why = f"{failure.type}: {failure.message}"
    if failure.unavailable and fall_back(open_call, why):
        return True
    return _try_again(open_call, asked, failure) or fall_back(open_call, why)


def fall_back(open_call: OpenCall, why: str) -> bool:
    """Record that the next fallback is asked, if there is one."""
    progress = open_call.progress
    if progress.fallback_index >= len(open_call.fallbacks):
        return False
    progress.fallback_index += 1
    progress.first_attempt, progress.why = progress.attempt + 1, why
    progress.granted = {}
    next_attempt(open_call, Failure(FailureKind.BUG, "Fallback", why), 0.0)
    return True


def next_attempt(
    open_call: OpenCall, failure: Failure, pause: float, *, feedback: str = "", goes_on: str | None = None
) -> None:
    """Record that another attempt follows after a pause; `goes_on` is the key under which a workflow goes on."""
    progress, active = open_call.progress, open_call.active
    progress.attempt += 1
    if failure.kind not in KEEPS_LINEAGE:
        progress.lineage += 1
    progress.due = active.runtime.clock.now() + pause
    progress.intent_recorded, progress.feedback, progress.goes_on = False, feedback, goes_on
    said = AttemptFailed(
        attempt=progress.attempt, lineage=progress.lineage, due=progress.due, kind=failure.kind, type=failure.type,
        message=failure.message, fallen=progress.fallback_index, first=progress.first_attempt, why=progress.why,
        feedback=feedback, goes_on=goes_on, causes=() if goes_on is None else failure.causes,
        traceback=failure.traceback,
    )  # fmt: skip
    active.journal.append(said, open_call.key)
    active.history.attempt_failed(open_call.key, said)


def _try_again(open_call: OpenCall, agent: AnyAgent, failure: Failure) -> bool:
    """Record that another attempt follows, if the retry rule allows one."""
    progress, card, retry = open_call.progress, open_call.card_of(agent), open_call.retry_of(agent)
    tries = progress.attempt - progress.first_attempt + 1
    happened = failure.kind is FailureKind.VALIDATION and card.effects == "once"
    if happened or not retry.allows(failure.kind, tries):
        return False
    chance = open_call.active.chance(f"{open_call.key}/{progress.attempt}").random()
    pause = max(retry.pause(failure.kind, tries, chance), failure.retry_after or 0.0)
    unfit = failure.kind is FailureKind.VALIDATION and retry.feedback
    feedback = failure.message if unfit else ""
    if not (card.traits.runs_inline and go_on(open_call, failure, pause)):
        next_attempt(open_call, failure, pause, feedback=feedback)
    return True


def go_on(open_call: OpenCall, failure: Failure, pause: float) -> bool:
    """Have an inline workflow go on with what it recorded, but for what failed; not where it undid what it had done."""
    active, key = open_call.active, open_call.inline_key
    active.keep_log(key)  # a rule may have turned it away before it was entered
    done = active.journal.logs[key]
    if any(fact.kind is FactKind.ASKED and fact.key.endswith(".undo") for fact in done):
        return False
    next_attempt(open_call, failure, pause, goes_on=key)
    active.go_over(key, reopened(done, failure.causes, under=key).void)
    return True
