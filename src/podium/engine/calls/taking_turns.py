"""Taking a turn in a conversation: waiting for it durably, and saying in it what a call came to."""

from collections.abc import Sequence
from dataclasses import replace

from podium.engine.calls.given import Given
from podium.engine.calls.open_call import OpenCall
from podium.engine.calls.retries import next_attempt
from podium.engine.calls.turn_of_call import TurnOfCall
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.errors import CallFailed, CallRefused
from podium.model.conversation import TURN, ConversationTurn, exchange, is_asked, narrower
from podium.model.conversation_state import AGENT
from podium.model.facts.runs import Started
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.outcome import Failed, Failure, Refused
from podium.model.retry import FailureKind
from podium.model.rule_names import CONVERSATION
from podium.model.run import START, Signal
from podium.model.said import SaidInTurn
from podium.model.storable import check_name
from podium.store.codec import decode, encode
from podium.store.conversing import AppendTurn, NewMessage, WantTurn
from podium.store.operations import Effect, TakeSignal


def first_want(active: ActiveRun, key: str, turn: ConversationTurn | None) -> Sequence[Effect]:
    """Return what asks for a turn with the fact that begins its call.

    None where it is to join one that the run has to be given once more: that comes first.
    """
    turns = active.mailbox.turns
    if turn is None or ((around := turns.around(key, turn.name)) is not None and not turns.has(around)):
        return ()
    check_name("the name of the conversation", turn.name)
    turns.wanted.add(key)
    return [_wanted(active, key, turn)]


async def take_turn(open_call: OpenCall) -> Failed | Refused | None:
    """Wait until a call has its turn, if it wants one; returns why it has none."""
    active, key, turn = open_call.active, open_call.key, open_call.options.conversation
    if turn is None:
        return None
    before = active.mailbox.turns.known(key)
    inside = before is not None and open_call.card.traits.runs_inline and active.history.has_under(open_call.inline_key)
    if inside:  # what it goes over once more was said: the turn is taken once something new is to be
        return None
    no = await hold(active, open_call.branch, key, key, turn, open_call.deadline)
    if no is not None:
        open_call.progress.final = True
        return no
    taken = active.mailbox.turns.known(key)
    assert taken is not None  # it was just given
    if before is not None and (before.n, before.revision) != (taken.n, taken.revision) and key in active.history.steps:
        next_attempt(open_call, Failure(FailureKind.BUG, "Resumed", "the conversation has gone on since"), 0.0)
    open_call.turn = TurnOfCall(taken.name, taken.revision, active.runtime.store, active.run.tenant)
    return None


async def hold(
    active: ActiveRun, branch: BranchTask, at: str, key: str, turn: ConversationTurn, due: float | None
) -> Failed | Refused | None:
    """Wait, in a branch that stands `at` a key, until the run has its turn under `key`; returns why it has not."""
    turns = active.mailbox.turns
    while not turns.has(key):
        around = turns.around(key, turn.name)
        if around is not None and not turns.has(around):
            if (no := await hold(active, branch, at, around, ConversationTurn(turn.name), due)) is not None:
                return no
            continue
        if key not in turns.wanted:
            turns.wanted.add(key)
            active.journal.act([_wanted(active, key, turn)])
        active.journal.hurry()
        signal = await active.mailbox.wait(branch, at, TURN, key, due)
        if signal is not None:
            if (no := _took(active, key, turn, signal)) is not None:
                return no
        elif not turns.has(key):
            why = f"others had their turns in conversation {turn.name!r} all the time"
            return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", why))
    return None


def _took(active: ActiveRun, key: str, turn: ConversationTurn, signal: Signal) -> Refused | None:
    """Record that a turn was given; or return why it is refused."""
    turns, told = active.mailbox.turns, signal.body
    if "refused" in told:
        turns.wanted.discard(key)
        active.journal.act([TakeSignal(signal.id)])
        return Refused(CONVERSATION, told["refused"])
    said = turns.taken(key, turn, told)
    turns.given(key, said)
    active.journal.append(said, key, effects=[TakeSignal(signal.id)])
    active.mailbox.end_waits(TURN, key)
    return None


async def said_with(open_call: OpenCall, given: Given) -> Failed | Refused | None:
    """Have what was said in the turn of a call be appended with its answer; returns why it cannot be."""
    active, key, turn = open_call.active, open_call.key, open_call.options.conversation
    if turn is None:
        return None
    known, answered = active.mailbox.turns.known(key), open_call.present()
    if known is not None:
        if known.said and not isinstance(answered, FallbackValue) and answered.card.traits.runs_inline:
            return None
        no = await hold(active, open_call.branch, key, key, ConversationTurn(known.name), None)
        if no is not None:
            return no
    by = open_call.agent if isinstance(answered, FallbackValue) else answered
    says = turn.says if known is None else known.says
    people = () if given.said is None else given.said.people
    given.effects = [_append(active, key, by.card.name, _words(open_call, given, replace(turn, says=says)), people)]
    return None


def _words(open_call: OpenCall, given: Given, turn: ConversationTurn) -> Sequence[Json]:
    """Return what is said with an answer.

    Where no agent gave it, as it is a fallback value or what is known of a call in doubt, what guards would have let
    through of the input is known only once an agent was handed that.
    """
    answer, own, handed = decode(given.payload), open_call.turn, open_call.handed(open_call.present())
    if given.said is not None:
        return given.said.with_answer(answer).worded(turn, handed)
    if own is not None and own.begun:
        return SaidInTurn(own.asked, answer).worded(turn, handed)
    unknown = bool(open_call.card.guards)
    turn = replace(turn, says=narrower(turn.says, "answer")) if unknown else turn
    return SaidInTurn(open_call.input, answer).worded(turn, open_call.input)


async def begin_turn(active: ActiveRun) -> None:
    """Wait until the run has its turn, if it was started with one; raises CallRefused where it is refused."""
    if (turn := _own_turn(active)) is None or active.mailbox.turns.known(START) is not None:
        return
    record = active.history.take(START)
    if record is not None and record.cancelled:
        active.main.deliver(START)
    await active.live(active.main, START)
    await _hold_own(active, turn)


async def end_turn(active: ActiveRun, agent: str, input: Json, value: Json) -> Sequence[Effect]:
    """Return what appends the input of a run and its value, where it has its turn and no call in it said anything."""
    known = active.mailbox.turns.known(START)
    if _own_turn(active) is None or known is None or known.said:
        return ()
    await active.gate.passed()
    await _hold_own(active, ConversationTurn(known.name))
    return [_append(active, START, agent, exchange(input, value))]


async def _hold_own(active: ActiveRun, turn: ConversationTurn) -> None:
    match await hold(active, active.main, START, START, turn, active.deadline):
        case Refused(rule, reason):
            raise CallRefused(reason, rule=rule, key=START)
        case Failed(failure):
            raise CallFailed(failure.message, kind=failure.kind, type=failure.type, key=START)
        case None:
            pass


def _own_turn(active: ActiveRun) -> ConversationTurn | None:
    started = None if active.history.started is None else active.history.started.content
    if not isinstance(started, Started) or started.conversation is None:
        return None
    return ConversationTurn(started.conversation, busy=started.busy)


def _wanted(active: ActiveRun, key: str, turn: ConversationTurn) -> WantTurn:
    run = active.run
    return WantTurn(
        tenant=run.tenant, principal=run.principal, name=turn.name, key=key, at=active.runtime.clock.now(),
        busy=turn.busy, within=active.mailbox.turns.around(key, turn.name),
    )  # fmt: skip


def _append(
    active: ActiveRun, key: str, agent: str, messages: Sequence[Json], people: Sequence[str] = ()
) -> AppendTurn:  # fmt: skip
    """Return what appends messages; what people said is theirs, and names the agent in whose place they were asked."""
    answers = sum(not is_asked(each) for each in messages)
    authors = iter(people if len(people) == answers else [*people[:1], agent][:1] * answers)
    said: list[NewMessage] = []
    for each in messages:
        author = active.run.principal if is_asked(each) else next(authors)
        by_person = {"metadata": {AGENT: agent}} if people and not is_asked(each) else {}
        said.append(NewMessage(author, encode({**each, **by_person})))
    return AppendTurn(key=key, messages=said, at=active.runtime.clock.now())
