"""A workflow that runs under a key of the run that calls it."""

from collections.abc import Sequence
from typing import Protocol, cast

from podium.dispatch.failure import kind_of
from podium.engine.calls.open_call import OpenCall
from podium.engine.primitives.joins import Race
from podium.engine.primitives.waits import Sleep
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.caller import Undo
from podium.engine.run.primitive import Primitive
from podium.errors import CallFailed, PodiumError, StoreError, TooFew
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.calls import UndoRegistered
from podium.model.facts.waits import SleepBegun
from podium.model.json import Json
from podium.model.outcome import Done, Enter, Failed, Failure
from podium.model.retry import FailureKind
from podium.model.said import SaidInTurn
from podium.model.traceback import message_of, traceback_of
from podium.store.codec import decode

_DEEPEST = 100
"""Into groups of errors that are nested deeper nobody looks for causes."""


class Inline(Protocol):
    """A workflow that can be run under a key of the calling run."""

    async def run_inline(
        self, active: ActiveRun, branch: BranchTask, path: str, input: Json, *, callers: tuple[str, ...],
        deadline: float | None,
    ) -> tuple[Json, list[Undo]]:  # fmt: skip
        """Run it; returns its value as JSON and its compensations. Raises what it failed with."""
        ...


class InlineRun(Primitive[tuple[Done | Failed, list[Undo]]]):
    """A workflow that runs under a key of the calling run."""

    __slots__ = ("callers", "deadline", "input", "workflow")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, workflow: Inline, input: Json,
        callers: tuple[str, ...], deadline: float | None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.workflow = workflow
        self.input = input
        self.callers = callers
        self.deadline = deadline

    async def perform(self, branch: BranchTask) -> tuple[Done | Failed, list[Undo]]:
        """Return its outcome and the compensations that it leaves to its caller."""
        try:
            value, undos = await self.workflow.run_inline(
                self.active, branch, self.key, self.input, callers=self.callers, deadline=self.deadline
            )
        except StoreError:
            raise
        except Exception as error:  # a workflow's failure is data
            return Failed(_failure_of(error)), []
        return Done(value, said=SaidInTurn(self.input, value)), undos


def _failure_of(error: Exception) -> Failure:
    type_ = error.type if isinstance(error, CallFailed) else type(error).__qualname__
    return Failure(kind_of(error), type_, message_of(error), causes=causes_of(error), traceback=traceback_of(error))


async def run_inline(open_call: OpenCall, agent: AnyAgent, enter: Enter) -> Done | Failed:
    """Run a workflow under the key of its call; with a time limit, against a durable timer."""
    active, branch, path, key = open_call.active, open_call.branch, open_call.path, open_call.inline_key
    branch.last_at = open_call.since  # a replay knows nothing of what happened in attempts that were given up
    falls_back = open_call.progress.fallback_index < len(open_call.fallbacks)
    if open_call.retry_of(agent).tries_again or falls_back or open_call.options.accept is not None:
        active.keep_log(key)
    limits = (open_call.timeout_of(agent), open_call.options.within)
    seconds = min((each for each in limits if each is not None), default=None)
    inline = InlineRun(
        active, branch, path, key, workflow=enter.workflow, input=enter.input, callers=open_call.caller.callers,
        deadline=open_call.deadline if seconds is None else _deadline(open_call, f"{key}.timeout", seconds),
    )  # fmt: skip
    timer, first = f"{key}.timeout", f"{key}.first"
    if seconds is None and not _had_ended(active, first):
        active.history.take(timer)  # of a time limit that was removed meanwhile
        ended = await inline.perform(branch)
    else:
        limit = Sleep(active, branch, path, timer, seconds or 0.0)
        ended = await Race(active, branch, path, first, [inline, limit])
    if ended is None:
        time = "its time" if seconds is None else f"{seconds:g} s"
        return Failed(Failure(FailureKind.TIMEOUT, "TimeoutError", f"no answer within {time}"))
    outcome, undos = ended
    await active.gate.passed()
    open_call.caller.adopt(undos)
    return outcome


def _had_ended(active: ActiveRun, first: str) -> bool:
    """Whether it is recorded what came first: the end of the workflow, or that of its time."""
    record = active.history.records.get(first)
    return record is not None and record.opened is not None


def _deadline(open_call: OpenCall, timer: str, seconds: float) -> float:
    """Return when an inline workflow has to be done: the deadline above, or the time of its own timer if sooner."""
    record = open_call.active.history.records.get(timer)
    known = None if record is None or record.opened is None else record.opened.content
    own = known.due if isinstance(known, SleepBegun) else open_call.active.runtime.clock.now() + seconds
    return own if open_call.deadline is None else min(own, open_call.deadline)


def causes_of(error: BaseException) -> tuple[str, ...]:
    """Return the keys of the calls, and of the results of child runs, that an exception is about.

    Where it does not say so itself, those of what it was raised from, or raised while that was handled; none where it
    cannot be looked at.
    """
    try:
        return tuple(dict.fromkeys(_causes_of(error, set())))
    except Exception:
        return ()


def _causes_of(error: BaseException | None, seen: set[int], nested: int = 0) -> list[str]:
    while error is not None and id(error) not in seen and nested < _DEEPEST:
        seen.add(id(error))
        if isinstance(error, PodiumError) and error.keys:
            return list(error.keys)
        found = [key for each in _members(error) for key in _causes_of(each, seen, nested + 1)]
        if found:
            return found
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return []


def _members(error: BaseException) -> Sequence[BaseException]:
    if isinstance(error, TooFew):
        return error.failures
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).exceptions
    return ()


def undo_of(fact: Fact) -> Undo:
    """Return the compensation that a fact registered."""
    said = fact.content
    if not isinstance(said, UndoRegistered):
        raise TypeError(f"expected the fact at {fact.key} to be UNDO, got {fact.kind.name}")
    told = decode(fact.payload)
    return Undo(fact.key, said.agent, said.version, told, judged_anew=said.judged_anew, registered_by=said.callers)
