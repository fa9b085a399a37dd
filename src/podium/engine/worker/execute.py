"""One drive of a run, from its first line to its end, its next wait, or its being taken away."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from podium.dispatch.failure import kind_of
from podium.dispatch.invoke import passes_through
from podium.engine.calls.inline import causes_of
from podium.engine.calls.taking_turns import begin_turn, end_turn
from podium.engine.run.active_run import ActiveRun
from podium.engine.worker.admission import admit
from podium.engine.workflow import Workflow, is_workflow
from podium.errors import Blocked, CallCancelled, Evicted, StoreError, UnknownAgent
from podium.model.fact import Fact
from podium.model.facts.runs import RUN_TIMED_OUT, Cancelling, Ended, outcome_json
from podium.model.json import Json
from podium.model.outcome import cut, readable, text_of
from podium.model.retry import FailureKind
from podium.model.run import PATTERNS_VERSION, BlockedReason, RunState
from podium.model.traceback import traceback_of
from podium.model.workflow_code import BRANCH
from podium.secrets.masking import MASKING
from podium.store.codec import NULL, decode, encode
from podium.store.operations import Effect, FinishRun

_LOG = logging.getLogger("podium")
_REASON_CHARACTERS = 2_000


async def execute(active: ActiveRun, after: "asyncio.Task[None] | None" = None) -> None:
    """Drive a run. Whatever happens in it is recorded as its end; nothing of it reaches the caller.

    It begins when what is driven before it, the generation that it follows, has been unwound.
    """
    if after is not None:
        await asyncio.wait([after])
    BRANCH.set(active.main)
    if active.trace is None:
        await _drive(active)
    else:
        with active.trace.inside_run():
            await _drive(active)


async def _drive(active: ActiveRun) -> None:
    run, registry = active.run, active.runtime.dispatcher.registry
    try:
        if (end := active.history.ended) is not None:
            _stay_ended(active, end)
            return
        if not registry.has(run.workflow, run.version):
            active.block(missing_version(run.workflow, run.version), BlockedReason.MISSING_VERSION)
            return
        if (patterns := active.history.patterns) > PATTERNS_VERSION:
            active.block(missing_patterns(run.workflow, patterns), BlockedReason.MISSING_VERSION)
            return
        workflow = registry.get(run.workflow, run.version)
        assert is_workflow(workflow)  # only workflows are started as runs
        active.begin()
        await _to_the_end(active, workflow, decode(active.history.input))
    except Evicted:
        pass
    except StoreError as error:
        active.lose(error)
    except (Blocked, UnknownAgent) as error:
        active.block_for(error)
    except asyncio.CancelledError:
        if not active.closed:
            raise
    except Exception as error:  # nothing that comes here was to: no run is left without an end for it
        why = f"{type(error).__name__}: {text_of(error)}"
        _LOG.exception("run %s could not be driven: %s", active.run.id, why)
        active.block(f"Podium could not drive it: {why}. Please report that, with the log.", BlockedReason.CODE)


async def _to_the_end(active: ActiveRun, workflow: "Workflow[Json, Json]", input: Json) -> None:
    value, said = None, Ended(state=RunState.DONE, reason="", causes=())
    said_in_turn: Sequence[Effect] = ()
    try:
        await begin_turn(active)
        handed, value = await admit(active, workflow, input)
        said_in_turn = await end_turn(active, workflow.card.name, handed, value)
    except CallCancelled as error:
        said = replace(said, state=RunState.CANCELLED, reason=text_of(error))
    except (UnknownAgent, StoreError):
        raise
    except asyncio.CancelledError as error:
        if active.closed:
            raise Evicted from None
        why = f"the workflow cancelled itself: {text_of(error)}"
        said = Ended(state=RunState.FAILED, reason=why, causes=(), traceback=traceback_of(error))
    except Exception as error:  # a run's failure is data, whatever it is
        said = _failed(error, causes_of(error))
    except BaseException as error:
        if passes_through(error):
            raise
        said = _failed(error)
    if said.state is RunState.CANCELLED:
        await _children_ended(active)
        state, reason, error_type = _cancelled(active, said.reason)
        kind = FailureKind.TIMEOUT if error_type else None
        said = replace(said, state=state, reason=reason, error_type=error_type, kind=kind)
    elif said.state is RunState.FAILED and active.late:
        late = cut(f"{active.late} ({said.reason})", _REASON_CHARACTERS)
        said = replace(said, reason=late, error_type=RUN_TIMED_OUT, kind=FailureKind.TIMEOUT)
    await active.gate.passed()
    degraded = tuple(each for _, each in sorted(active.degraded.items()))
    said = replace(said, reason=MASKING.text(readable(said.reason)), degraded=degraded)
    _end(active, said, MASKING.json(value), said_in_turn)


def _failed(error: BaseException, causes: tuple[str, ...] = ()) -> Ended:
    """Return what a run says that an exception ended; its reason is cut only after what is secret was masked."""
    reason = cut(MASKING.text(f"{type(error).__name__}: {text_of(error)}"), _REASON_CHARACTERS)
    return Ended(
        state=RunState.FAILED, reason=reason, causes=causes, error_type=type(error).__name__,
        traceback=traceback_of(error), kind=kind_of(error),
    )  # fmt: skip


def _cancelled(active: ActiveRun, reason: str) -> tuple[RunState, str, str]:
    """Return how a cancelled run ends, why, and with which type of error.

    One whose time was up, or that could not undo what it did, has failed.
    """
    cancelling = active.history.cancelling
    said = Cancelling(reason=reason) if cancelling is None else cancelling
    error = RUN_TIMED_OUT if said.deadline else ""
    if active.uncompensated:
        why = said.reason if said.deadline else "cancelled"
        return RunState.FAILED, f"{why}; not undone: {'; '.join(active.uncompensated)}", error
    return RunState.FAILED if said.deadline else RunState.CANCELLED, said.reason, error


async def _children_ended(active: ActiveRun) -> None:
    """Wait for the child runs that were told to stop."""
    for child in list(active.history.spawned):
        await active.mailbox.wait(active.main, f"end:{child}", "child", child, None)


def _end(active: ActiveRun, said: Ended, value: Json, effects: Sequence[Effect]) -> None:
    active.escrows.give_back()  # before its end, which is the last that a run says
    at = active.journal.append(said, payload=NULL if value is None else encode(value), effects=effects)
    outcome = outcome_json(said, value)
    if said.state is RunState.FAILED:
        _LOG.info("run %s of %s failed: %s\n%s", active.run.id, active.run.workflow, said.reason, said.traceback)
    active.finish(FinishRun(said.state, said.reason, at, outcome))


def _stay_ended(active: ActiveRun, end: Fact) -> None:
    """Leave a run as it ended: whoever took it to have it go on has died before saying so."""
    said = end.content
    assert isinstance(said, Ended)
    active.finish(FinishRun(said.state, said.reason, end.at, outcome_json(said, decode(end.payload))))


def missing_version(name: str, version: str) -> str:
    """Return the reason of a run that is blocked because no worker has its workflow's version."""
    return f"no worker has {name} version {version}: register it, or `podium runs repin` the run to one that is there"


def missing_patterns(name: str, version: int) -> str:
    """Return the reason of a run that is blocked because it was begun by a newer Podium."""
    return (
        f"this run of {name} was begun with version {version} of the built-in patterns, and this Podium has version "
        f"{PATTERNS_VERSION}: drive it with the Podium that began it, or a newer one"
    )
