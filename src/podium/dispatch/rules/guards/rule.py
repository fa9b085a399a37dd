"""What goes into an agent, and what comes out, passes its guards."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import NamedTuple, cast

from podium.dispatch.dispatcher import Handler, StepHandler
from podium.dispatch.failure import failure_of
from podium.dispatch.invoke import is_foreign
from podium.errors import BadAnswer, Forbidden, Suspended
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.guard import NOT_IN_CONVERSATION, Checked, Guard, GuardPlace, Objected, Passed, Repaired
from podium.model.json import Json, is_array, is_object
from podium.model.outcome import Done, Enter, Failed, Outcome, Pending, Refused, Usage
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.model.rule_names import guard_rule
from podium.model.rule_steps import RuleSteps
from podium.model.said import kept_said
from podium.model.step import StepCall, grant_of, is_check, is_under_guard, tool_of
from podium.model.steps import Steps

OUTPUT = "output"
"""The part of a call under which people are asked about what came out of it."""

_MODEL = "model"
_ROUNDS = 2
"""What was repaired is checked again, by all guards; by then nothing may be left to repair."""

_WORDS: Mapping[GuardPlace, str] = {
    "input": "the input of {0}", "output": "the answer of {0}", "tool_input": "what {0} hands to {1}",
    "tool_output": "what {1} gives to {0}", "model_input": "what {0} asks its model",
}  # fmt: skip


class _NothingHeld(Exception):
    """No answer waits for a person's word."""


class _Let(NamedTuple):
    """The value may go on."""

    value: Json
    back: Mapping[str, str]


class _Stopped(NamedTuple):
    """It may not."""

    guard: str
    reason: str
    ask: str | None
    value: Json
    """As it was when the guard looked at it."""

    @property
    def rule(self) -> str:
        return guard_rule(self.guard)


class Guards:
    """The rule for calls and the rule for steps."""

    def __init__(self, named: Callable[[str], Guard]) -> None:
        self._named = named

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Have the input and the output of an agent checked."""
        inward, outward = self._of(card, "input"), self._of(card, "output")
        if not inward and not outward:
            return handler
        return _GuardedCalls(card, handler, inward, outward)

    def steps(self, card: Card, handler: StepHandler) -> StepHandler:
        """Have checked what an agent hands to its tools and its model, and what its tools give."""
        places: tuple[GuardPlace, ...] = ("tool_input", "tool_output", "model_input")
        guards = {place: self._of(card, place) for place in places}
        if not any(guards.values()):
            return handler

        async def guarded(step: StepCall, steps: RuleSteps) -> Json:
            if is_under_guard(step.path):
                return await handler(step, steps)
            if step.name == _MODEL:
                await _check_sent(guards["model_input"], _checked(step, steps, "model_input", step.input), step)
            if tool_of(step.name) is None or is_check(step.path):
                return await handler(step, steps)
            await _check_sent(guards["tool_input"], _checked(step, steps, "tool_input", step.input), step)
            value = await handler(step, steps)
            match await _judged(guards["tool_output"], _checked(step, steps, "tool_output", value), ()):
                case _Let(value=let):
                    return let
                case _Stopped() as stopped:  # no person is asked: the tool would have to be used again
                    _note(steps, stopped._replace(ask=None), "tool_output", step.name)
                    raise Forbidden(stopped.rule, stopped.reason, done=True)

        return guarded

    def judges_input(self, card: Card) -> bool:
        """Whether an agent is asked to judge what goes into an agent with that card."""
        return any(getattr(each, "judge", None) is not None for each in self._of(card, "input"))

    def _of(self, card: Card, place: GuardPlace) -> list[Guard]:
        if card.traits.exists_for_one_call:
            return []
        every = [self._named(each) if isinstance(each, str) else each for each in card.guards]
        return [each for each in every if place in each.on]


def _outcome_of(error: BaseException) -> Outcome:
    """Return what a call comes to whose guard raised: it is foreign code, whose errors are data."""
    match error:
        case Suspended():
            return Pending(error.ask, error.step, error.rule)
        case Forbidden():
            return Refused(error.rule, error.reason)
        case _ if is_foreign(error):
            return Failed(failure_of(error))
        case _:
            raise error


class _GuardedCalls:
    """Does the calls of one agent."""

    def __init__(self, card: Card, handler: Handler, inward: Sequence[Guard], outward: Sequence[Guard]) -> None:
        self._card = card
        self._handler = handler
        self._inward = inward
        self._outward = outward

    async def __call__(self, call: Call, steps: RuleSteps) -> Outcome:
        """Check the input, have the call done, check the answer; who screens for a guard is not screened itself."""
        screens = is_under_guard(call.key.partition("/")[2])
        return await (self._handler(call, steps) if screens else self._guarded(call, steps))

    async def _guarded(self, call: Call, steps: RuleSteps) -> Outcome:
        try:
            let = await _judged(
                self._inward, Checked(value=call.input, place="input", call=call, steps=steps), call.granted
            )
            if isinstance(let, _Stopped):
                return self._stopped(let, "input", steps)
            outcome = await self._held(call, steps)
        except BaseException as error:
            return _outcome_of(error)
        if outcome is not None:
            return await self._out(call, steps, let.back, outcome, _of_output(call.granted))
        outcome = await self._handler(call if let.value is call.input else replace(call, input=let.value), steps)
        match outcome:
            case Done():
                return await self._out(call, steps, let.back, outcome, ())
            case Enter():
                return replace(outcome, input=let.value, after=partial(self._after, call, steps, let.back))
            case _:
                return outcome

    async def _after(
        self, call: Call, steps: RuleSteps, back: Mapping[str, str], done: Done, granted: Mapping[str, Json]
    ) -> Outcome:
        """Check the answer of a workflow that ran inline. It is not held: its calls are recorded, and replayed."""
        return await self._out(call, steps, back, done, _of_output(granted), hold=False)

    async def _out(
        self, call: Call, steps: RuleSteps, back: Mapping[str, str], done: Done, granted: Sequence[str], *,
        hold: bool = True,
    ) -> Outcome:  # fmt: skip
        """Check an answer, and put back into it what was masked in the input."""
        try:
            let = await _judged(
                self._outward, Checked(value=done.value, place="output", call=call, steps=steps), granted
            )
            if isinstance(let, _Let):
                return replace(done, value=_restored(let.value, back))
            if hold and let.ask is not None:
                await self._hold(let, done, steps)
            return self._stopped(let, "output", steps)
        except BaseException as error:
            return _outcome_of(error)

    def _stopped(self, stopped: _Stopped, place: GuardPlace, steps: RuleSteps) -> Outcome:
        _note(steps, stopped, place)
        if stopped.ask is None:
            return Refused(stopped.rule, stopped.reason)
        step = OUTPUT if place == "output" else None
        return Pending(_question(stopped, place, self._card.name), step=step, rule=stopped.rule)

    async def _hold(self, stopped: _Stopped, done: Done, steps: RuleSteps) -> None:
        """Record an answer that waits for a person's word: the agent is not to work, or to act, once more for it."""
        held: Json = {"value": stopped.value, "usage": None if done.usage is None else asdict(done.usage)}
        if done.said is not None:
            held |= {"said": done.said.with_answer(stopped.value).kept()}

        async def answer() -> Json:
            return held

        await steps.once(f"held/{stopped.guard}", answer, key="answer")

    async def _held(self, call: Call, steps: RuleSteps) -> Done | None:
        """Return the answer that a person let pass, as the last guard that asked saw it."""
        granted = _of_output(call.granted)
        for guard in reversed(self._outward):
            if guard_rule(guard.name) not in granted:
                continue
            try:
                held = await steps.once(f"held/{guard.name}", _nothing, key="answer")
            except _NothingHeld:
                continue
            usage, said = held["usage"], held.get("said")
            return Done(
                held["value"], None if usage is None else Usage(**usage),
                None if said is None else kept_said(said, held["value"]),
            )  # fmt: skip
        return None


async def _nothing() -> Json:
    raise _NothingHeld


def _of_output(granted: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the rules that were told by people to let the answer pass."""
    return tuple(each.removeprefix(grant_of("", OUTPUT)) for each in granted if each.startswith(grant_of("", OUTPUT)))


async def _judged(
    guards: Sequence[Guard], checked: Checked, granted: Sequence[str] | Mapping[str, Json]
) -> _Let | _Stopped:
    """Have a value pass its guards, one after the other; what they repaired passes all of them again."""
    value, back = checked.value, dict[str, str]()
    for again in range(_ROUNDS):
        before = value
        for guard in guards:
            match await _look(guard, replace(checked, value=value)):
                case Passed():
                    pass
                case Objected(reason, ask):
                    if guard_rule(guard.name) not in granted:
                        return _Stopped(guard.name, reason, ask, value)
                case Repaired(value=new) if new == value:
                    pass
                case Repaired(reason=reason) if again == _ROUNDS - 1:
                    return _Stopped(guard.name, f"its repair does not hold: {reason}", None, value)
                case Repaired(value=new, reason=reason, back=more):
                    _tell(checked, guard.name, "repaired", reason)
                    value, back = new, back | dict(more)
                case unknown:
                    raise _no_finding(guard.name, unknown)
        if value == before:
            break
    return _Let(value, back)


async def _look(guard: Guard, checked: Checked) -> object:
    """Return what a guard says of a value: whatever that is, as a guard is foreign code."""
    looked = guard.check(checked)
    finding = cast("object", await looked if inspect.isawaitable(looked) else looked)
    restores = isinstance(finding, Repaired) and finding.back and checked.call.conversation is not None
    return Objected(NOT_IN_CONVERSATION) if restores else finding


def _no_finding(guard: str, said: object) -> BadAnswer:
    return BadAnswer(f"the guard {guard} gave {said!r:.100}: it has to return Passed, Objected or Repaired")


async def _check_sent(guards: Sequence[Guard], checked: Checked, step: StepCall) -> None:
    """Check what an agent hands to a tool or its model: by then it cannot be repaired any more, only let or not."""
    match await _judged(guards, checked, step.granted):
        case _Let(value=let) if let != checked.value:
            stopped = _Stopped(guards[0].name, "it would have to be repaired, which cannot be done here", None, let)
        case _Let():
            return
        case _Stopped() as stopped:
            pass
    if stopped.rule not in step.asked:
        _note(checked.steps, stopped, checked.place, step.name)
    if stopped.ask is None:
        raise Forbidden(stopped.rule, stopped.reason)
    raise Suspended(_question(stopped, checked.place, step.call.agent, step.name), step.path, stopped.rule)


def _checked(step: StepCall, steps: RuleSteps, place: GuardPlace, value: Json) -> Checked:
    return Checked(value=value, place=place, call=step.call, steps=steps, step=step.name)


def _tell(checked: Checked, guard: str, did: str, reason: str) -> None:
    body: dict[str, Json] = {"place": checked.place, "did": did, "reason": reason}
    checked.steps.note(guard_rule(guard), body | {"step": checked.step} if checked.step else body)


def _note(steps: Steps, stopped: _Stopped, place: GuardPlace, step: str = "") -> None:
    body: dict[str, Json] = {"place": place, "did": "asked" if stopped.ask else "refused", "reason": stopped.reason}
    steps.note(stopped.rule, body | {"step": step} if step else body)


def _question(stopped: _Stopped, place: GuardPlace, agent: str, step: str = "") -> Ask:
    assert stopped.ask is not None  # the caller has checked it
    what = _WORDS[place].format(agent, tool_of(step) or step)
    text = f"{stopped.guard} objects to {what}: {stopped.reason}. May it go on?"
    return Ask(text=text, subject=stopped.value, schema=APPROVAL_SCHEMA, to=stopped.ask, kind="permission")


def _restored(value: Json, back: Mapping[str, str]) -> Json:
    """Return a value with what was masked in it put back."""
    if not back:
        return value
    masks = re.compile("|".join(map(re.escape, back)))

    def restored(part: Json) -> Json:
        if isinstance(part, str):
            return masks.sub(lambda found: back[found[0]], part)
        if is_array(part):
            return [restored(each) for each in part]
        if is_object(part):
            return {restored(key): restored(each) for key, each in part.items()}
        return part

    return restored(value)
