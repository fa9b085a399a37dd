"""Calls of other agents that the steps of a call need: they are made below it while its agent is left."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.engine.calls.open_call import OpenCall
from podium.engine.primitives.joins import Gather, check_fan_out
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.asked_in_steps import AskedInStep, asked_in_steps
from podium.engine.run.caller import Undo
from podium.engine.run.keys import context_of
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import CallProgress
from podium.errors import CallRefused
from podium.model.call import Call
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.step import lineage_of
from podium.store.codec import decode


class CalledInSteps:
    """The calls that steps of a call asked for, as one attempt of it sees them."""

    __slots__ = ("_active", "_call", "_progress")

    def __init__(self, active: ActiveRun, call: Call, progress: CallProgress) -> None:
        self._active = active
        self._call = call
        self._progress = progress

    def find(self, path: str, agent: str, input: Json) -> AskedInStep | None:
        """Return the call that a step asked for, if it has been made; else the same one of an earlier attempt.

        That is one whose answer came when that attempt was over, so that no step of it has kept the answer.
        """
        called = self._progress.called
        known = called.get(path)
        if known is not None and (known.agent, known.input) == (agent, input):
            return known if known.error is None or self._is_of_this_attempt(known.key) else None
        lineage = lineage_of(path)
        for at, each in called.items():
            same = each.error is None and (each.agent, each.input) == (agent, input)
            if same and lineage_of(at) != lineage and not self._is_done(at):
                called[path] = called.pop(at)
                return each
        return None

    def _is_of_this_attempt(self, key: str) -> bool:
        call = self._call
        return context_of(key) == (call.key if call.attempt == 1 else f"{call.key}.r{call.attempt}")

    def _is_done(self, path: str) -> bool:
        record = self._active.history.step(self._call.key, path)
        return record is not None and record.done is not None


@dataclass(frozen=True, slots=True)
class _AgentAsCaller:
    """The caller of what an agent calls in its steps: whoever called the agent, with the agent on the way."""

    open_call: OpenCall

    @property
    def callers(self) -> tuple[str, ...]:
        """Those on the way to the agent, and the agent itself."""
        above, agent = self.open_call.caller.callers, self.open_call.present()
        if isinstance(agent, FallbackValue) or agent.card.anonymous:
            return above
        return (*above, agent.card.name)

    @property
    def deadline(self) -> float | None:
        """That of the agent's own call."""
        return self.open_call.deadline

    def adopt(self, undos: list[Undo]) -> None:
        """Leave compensations to the workflow around: an agent undoes nothing."""
        self.open_call.caller.adopt(undos)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A call that is made for a step: its agent, what that is handed, and how it is made."""

    agent: str
    input: Json
    call: Primitive[Json]

    def ended(self, error: Exception | None, value: Json = None) -> AskedInStep:
        """Return how it ended."""
        return AskedInStep(self.call.key, self.agent, self.input, value, error)


async def make_wanted(open_call: OpenCall) -> None:
    """Make the calls that steps need, side by side, each under a key below that of the call."""
    progress, caller, under = open_call.progress, _AgentAsCaller(open_call), open_call.inline_key
    wanted, progress.wanted = progress.wanted, {}
    progress.until, progress.intent_recorded = None, False
    made = dict[str, _Asking]()
    for number, (path, each) in enumerate(wanted.items(), _next_number(open_call)):
        call = open_call.below(f"{under}.{number}", f"{open_call.key}/{path}", each.agent, each.input, caller)
        made[path] = _Asking(each.agent.card.name, each.input, call)
    try:
        check_fan_out(open_call.active, [each.call for each in made.values()], open_call.key)
    except CallRefused as refused:
        progress.called.update({path: each.ended(refused) for path, each in made.items()})
    else:
        await _have_answered(open_call, made)


async def take_up_calls(open_call: OpenCall) -> None:
    """Hand back what recorded calls of steps gave, and have those end that are open: no code asks for them."""
    caller, made = _AgentAsCaller(open_call), dict[str, _Asking]()
    for key, record, asked in list(asked_in_steps(open_call.active.history, open_call.key)):
        step, opened = asked.step or "", record.opened
        given = None if opened is None else decode(opened.payload)
        call = open_call.below(key, step, asked.agent, given, caller)
        made[step.partition("/")[2]] = _Asking(asked.agent, given, call)
    if made:
        await _have_answered(open_call, made)


async def _have_answered(open_call: OpenCall, made: Mapping[str, _Asking]) -> None:
    place = open_call.active, open_call.branch, open_call.key, f"{open_call.inline_key}.calls"
    calls = [each.call for each in made.values()]
    ended = await Gather(*place, calls, return_exceptions=True).perform(open_call.branch)
    for (path, each), end in zip(made.items(), ended, strict=True):
        open_call.progress.called[path] = each.ended(end) if isinstance(end, Exception) else each.ended(None, end)


def _next_number(open_call: OpenCall) -> int:
    """Return the next place below the call where nothing stands."""
    under = f"{open_call.inline_key}."
    known = [each.key.removeprefix(under) for each in open_call.progress.called.values()]
    return 1 + max((int(each) for each in known if each.isdecimal()), default=-1)
