"""Calls with `once` effects: what may have happened is repeated only once `verify` or a person says it did not."""

from podium.dispatch.invoke import is_foreign
from podium.engine.calls.given import accepted
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.retries import next_attempt
from podium.engine.calls.steps import CallSteps
from podium.engine.calls.tracing import traced
from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.facts.calls import EffectIntended
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Failure, Outcome, Pending, text_of
from podium.model.question import IN_DOUBT_SCHEMA, Ask
from podium.model.retry import FailureKind


async def do_once(open_call: OpenCall, agent: AnyAgent, call: Call, steps: CallSteps) -> Outcome:
    """Dispatch a call that must not happen twice: what does not say how it ended is in doubt."""
    active, branch, progress = open_call.active, open_call.branch, open_call.progress
    active.effects[open_call.key] = call.agent
    try:
        if not progress.intent_recorded:
            active.journal.append(EffectIntended(name=call.agent, epoch=active.run.epoch), open_call.key)
            progress.intent_recorded = True
        await active.journal.committed()
        await branch.shielded(active.runtime.fresh())
        work = active.runtime.dispatcher.dispatch(agent, call, steps)
        outcome = await branch.shielded(traced(active, agent.card, call, work))
    finally:
        del active.effects[open_call.key]
    if isinstance(outcome, Failed) and _is_doubtful(failure := outcome.failure):
        return await _verify(open_call, agent, call, f"it ended with {failure.type}: {failure.message}")
    return outcome


def _is_doubtful(failure: Failure) -> bool:
    """Whether nobody knows if it happened: the agent was asked, and neither says that it did not nor has answered."""
    return not (failure.not_done or failure.unavailable or failure.answer is not None)


async def resolve_doubt(open_call: OpenCall, agent: AnyAgent, call: Call) -> Outcome | None:
    """Find out what became of a call that an earlier process began; None if it did not happen and is still to do."""
    open_call.progress.doubtful = False
    known = await _verify(open_call, agent, call, "this process does not know how it ended")
    not_done = isinstance(known, Failed) and known.failure.not_done
    if not_done or isinstance(known, Pending):
        await open_call.active.live(open_call.branch, open_call.key)
    return None if not_done else known


async def resolved_by_person(open_call: OpenCall, value: Json) -> Outcome | None:
    """Take what a person says of a call in doubt; None if it was not done, so that another attempt follows."""
    if "happened" in value:
        return Done(accepted(open_call.agent, value["happened"]))
    if "fail" in value:
        open_call.progress.final = True
        return Failed(Failure(FailureKind.FINAL, "GivenUp", value["fail"]))
    next_attempt(open_call, Failure(FailureKind.TRANSPORT, "NotDone", "a person said that it was not done"), 0.0)
    await open_call.active.journal.committed()
    return None


async def _verify(open_call: OpenCall, agent: AnyAgent, call: Call, why: str) -> Outcome:
    """Ask the agent's `verify` what became of the call, or else a person."""
    try:
        known = await open_call.branch.shielded(agent.verify(call))
    except BaseException as error:
        if not is_foreign(error):
            raise
        known, why = None, f"{why}; its verify failed with {type(error).__name__}: {text_of(error)}"
    if known is not None:
        return known
    text = f"Did {call.agent} happen (run {call.run}, key {call.key})? {why}."
    return Pending(Ask(text=text, subject=call.input, schema=IN_DOUBT_SCHEMA, kind="in_doubt", to="operators"))
