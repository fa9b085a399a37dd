"""The way of a call from its first attempt to its outcome."""

from podium.engine.calls.called import make_wanted
from podium.engine.calls.doubt import do_once, resolve_doubt, resolved_by_person
from podium.engine.calls.ending import record_spent
from podium.engine.calls.given import Given, accepted, fallback_value, given_by, lacking
from podium.engine.calls.inline import run_inline
from podium.engine.calls.kept import keep, kept_answer
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.permission import Permission, PermissionReply
from podium.engine.calls.retries import end_of, fall_back, improved
from podium.engine.calls.steps import CallSteps
from podium.engine.calls.taking_turns import said_with, take_turn
from podium.engine.calls.tracing import traced, traced_inline
from podium.engine.primitives.questions import asked_again
from podium.engine.run.mailbox import TIMER
from podium.errors import CallCancelled
from podium.model.agent import AnyAgent
from podium.model.facts.calls import Held
from podium.model.facts.waits import QuestionAsked
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.outcome import CallWanted, Cancelled, Done, Enter, Failed, Failure, Outcome, Pending, Refused, Until
from podium.model.retry import FailureKind
from podium.model.said import SaidInTurn, said_by_people


async def outcome_of(open_call: OpenCall, first: Outcome | None = None) -> Given | Failed | Refused | Cancelled:
    """Try until there is an answer, or no further try is allowed; `first` came of the first attempt, if it was made."""
    try:
        return await _in_its_turn(open_call, first)
    except CallCancelled:  # of a workflow that was cut inside, nothing is recorded but where
        open_call.active.journal.act(open_call.active.mailbox.close((open_call.key,)))
        raise
    finally:
        open_call.active.journal.forget_logs(open_call.key)


async def _in_its_turn(open_call: OpenCall, first: Outcome | None) -> Given | Failed | Refused | Cancelled:
    """Do so in the conversation in which the call is to have its turn, if it is to have one."""
    if open_call.options.conversation is None:
        return await _tried(open_call, first)
    outcome = await take_turn(open_call) or await _tried(open_call, first)
    no = await said_with(open_call, outcome) if isinstance(outcome, Given) else None
    return outcome if no is None else no


async def _tried(open_call: OpenCall, first: Outcome | None) -> Given | Failed | Refused | Cancelled:
    most = open_call.active.runtime.max_payload_bytes
    while True:
        asked = open_call.present()
        if isinstance(asked, FallbackValue):
            outcome = Done(fallback_value(open_call, asked))
        else:
            outcome, first = await _attempt(open_call, asked) if first is None else first, None
            if isinstance(outcome, Enter):
                inline = run_inline(open_call, asked, outcome)
                ended = await traced_inline(open_call.active, open_call.key, open_call.progress.attempt, inline)
                outcome = await _check(open_call, outcome, ended)
            elif isinstance(outcome, Pending):
                outcome = await _wait_for(open_call, outcome)
            elif isinstance(outcome, Failed) and outcome.failure.answer is not None:
                keep(open_call, asked, outcome.failure.answer)
                open_call.progress.final = True
        if isinstance(outcome, Done):
            outcome = _judged(open_call, asked, given_by(open_call.agent, outcome, most, lacking(open_call, asked)))
        match outcome:
            case Given() | Cancelled():
                return outcome
            case Failed() | Refused():
                record_spent(open_call.active, open_call.key, open_call.progress)
                if (ended := end_of(open_call, asked, outcome)) is not None:
                    return ended
            case _:
                pass  # once more


def _judged(open_call: OpenCall, asked: AnyAgent | FallbackValue, given: Given | Failed) -> Given | Failed | None:
    """Return an answer where it stands; None where another one is asked for, since it is not accepted."""
    return None if isinstance(given, Given) and improved(open_call, asked, given) else given


async def _attempt(open_call: OpenCall, agent: AnyAgent) -> Outcome:
    """Dispatch once, unless an answer is under way already."""
    active, branch, progress = open_call.active, open_call.branch, open_call.progress
    if progress.denied is not None:
        progress.final = True
        return progress.denied
    if progress.due is not None and (late := await _pause(open_call)):
        return late
    if progress.asked:
        about_call = progress.about_call()
        if about_call is not None and _asked_of_answer(open_call) is None:
            return _pending_again(about_call)
        _permission(open_call).take_what_came()
    await active.may_begin()
    progress.wanted.clear()
    call = open_call.request(agent)
    if progress.doubtful and (known := await resolve_doubt(open_call, agent, call)) is not None:
        return known
    if open_call.key in active.history.steps and (kept := kept_answer(open_call, agent)) is not None:
        return kept
    steps = CallSteps(active, branch, call, agent, progress, resumed=open_call.resumed, turn=open_call.turn)
    dispatcher = active.runtime.dispatcher
    if open_call.resumed and agent.card.traits.runs_inline and active.history.has_under(open_call.inline_key):
        rules = dispatcher.run_rules(agent, admitted=True, delegated=False) or agent.run
        work = rules(call, steps)  # it was admitted before, and stays so
        return await branch.at(open_call.key, traced(active, agent.card, call, work))
    if agent.card.effects != "once":
        work = dispatcher.dispatch(agent, call, steps)
        return await branch.at(open_call.key, traced(active, agent.card, call, work))
    return await do_once(open_call, agent, call, steps)


async def _check(open_call: OpenCall, enter: Enter, outcome: Done | Failed) -> Outcome | None:
    """Have the rules check the answer of an inline workflow, and wait for the people whom they ask."""
    while isinstance(outcome, Done) and enter.after is not None:
        known = _asked_of_answer(open_call)
        granted = open_call.progress.granted
        checked = known or await open_call.branch.at(open_call.key, enter.after(outcome, granted))
        if not isinstance(checked, Pending):
            return checked
        if (said := await _wait_for(open_call, checked)) is not None:
            return said
    return outcome


def _asked_of_answer(open_call: OpenCall) -> Pending | None:
    """Return the recorded question about the answer of an inline workflow, if it is open."""
    asked = open_call.progress.about_call()
    if asked is None or not open_call.agent.card.traits.runs_inline or asked.step is None:
        return None
    return _pending_again(asked)


def _pending_again(asked: QuestionAsked) -> Pending:
    return Pending(asked_again(asked), asked.step, asked.rule)


async def _pause(open_call: OpenCall) -> Failed | None:
    """Wait until the next attempt is due; if that is past the deadline, fail at once."""
    active, progress = open_call.active, open_call.progress
    due, progress.due = progress.due, None
    if due is None or active.runtime.clock.now() >= due:
        return None
    if open_call.deadline is not None and due >= open_call.deadline:
        message = "the next attempt would begin only after the deadline"
        return _fail_for_good(open_call, Failure(FailureKind.TIMEOUT, "DeadlinePassed", message))
    await active.mailbox.wait(open_call.branch, open_call.key, TIMER, open_call.key, due)
    return None


async def _wait_for(open_call: OpenCall, pending: Pending) -> Outcome | None:
    """Wait for people, a time or other agents; returns the outcome that came of it, None to run the agent (again)."""
    active, key, progress, ask = open_call.active, open_call.key, open_call.progress, pending.ask
    if isinstance(ask, CallWanted) or progress.wanted:
        await make_wanted(open_call)  # what people are asked beside stays open
        return None
    permission = _permission(open_call)
    if isinstance(ask, Until) and not progress.asked:
        progress.until = None
        progress.due, progress.intent_recorded = ask.at, False
        active.journal.append(Held(until=ask.at, why=ask.why, rule=pending.rule), key)
        return None
    if isinstance(ask, Until):
        progress.until = ask.at if progress.until is None else min(progress.until, ask.at)
        reply = await permission.first()
    else:
        reply = await permission.ask(pending, ask)
    return await _take(open_call, reply) if isinstance(reply, PermissionReply) else reply


def _permission(open_call: OpenCall) -> Permission:
    return Permission(
        active=open_call.active, branch=open_call.branch, key=open_call.key, progress=open_call.progress,
        deadline=open_call.deadline,
    )  # fmt: skip


async def _take(open_call: OpenCall, reply: PermissionReply) -> Outcome | None:
    """Take what people said to the agent's own question, or about a call in doubt."""
    ask, answers = reply.ask, reply.answers
    if answers is None:
        why = f"nobody answered; asked were {ask.to}: {ask.text}"
        if fall_back(open_call, f"QuestionExpired: {why}"):
            return None
        return _fail_for_good(open_call, Failure(FailureKind.FINAL, "QuestionExpired", why))
    values = [each.value for each in answers]
    if ask.kind != "in_doubt":
        answer = accepted(open_call.agent, values[0] if ask.quorum == 1 else values)
        return Done(answer, said=await _said(open_call, reply, answer))
    return await resolved_by_person(open_call, values[0])


async def _said(open_call: OpenCall, reply: PermissionReply, answer: Json) -> SaidInTurn | None:
    """Return what is said where a person was asked: what they were shown, which their guards had let through."""
    if open_call.options.conversation is None:
        return None
    shown = await open_call.active.runtime.store.question(reply.question)
    return None if shown is None else said_by_people(shown.ask.subject, answer, reply.answers or ())


def _fail_for_good(open_call: OpenCall, failure: Failure) -> Failed:
    """Return a failure after which neither the agent nor a fallback is asked."""
    open_call.progress.final = True
    return Failed(failure)
