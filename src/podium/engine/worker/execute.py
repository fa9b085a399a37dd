"""One drive of a run, from its first line to its end, its next wait, or its being taken away."""

import asyncio

from podium.dispatch.invoke import passes_through
from podium.engine.calls.inline import causes_of
from podium.engine.run.active_run import ActiveRun
from podium.engine.worker.admission import admit
from podium.engine.workflow import Workflow, is_workflow
from podium.errors import Blocked, CallCancelled, Evicted, StoreError, UnknownAgent
from podium.model.facts.runs import RUN_TIMED_OUT, Cancelling, Ended
from podium.model.json import Json
from podium.model.outcome import readable, text_of
from podium.model.run import BlockedReason, RunState
from podium.model.workflow_code import BRANCH
from podium.secrets.masking import MASKING
from podium.store.codec import NULL, decode, encode
from podium.store.operations import FinishRun

_REASON_CHARACTERS = 2_000


async def execute(active: ActiveRun) -> None:
    """Drive a run. Whatever happens in it is recorded as its end; nothing of it reaches the caller."""
    BRANCH.set(active.main)
    if active.trace is None:
        await _drive(active)
    else:
        with active.trace.inside_run():
            await _drive(active)


async def _drive(active: ActiveRun) -> None:
    run, registry = active.run, active.runtime.dispatcher.registry
    try:
        if not registry.has(run.workflow, run.version):
            active.block(missing_version(run.workflow, run.version), BlockedReason.MISSING_VERSION)
            return
        workflow = registry.get(run.workflow, run.version)
        assert is_workflow(workflow)  # only workflows are started as runs
        active.begin()
        started = active.history.started
        await _to_the_end(active, workflow, None if started is None else decode(started.payload))
    except Evicted:
        pass
    except StoreError as error:
        active.lose(error)
    except (Blocked, UnknownAgent) as error:
        active.block_for(error)
    except asyncio.CancelledError:
        if not active.closed:
            raise


async def _to_the_end(active: ActiveRun, workflow: "Workflow[Json, Json]", input: Json) -> None:
    state, reason, value, causes, error_type = RunState.DONE, "", None, tuple[str, ...](), ""
    try:
        value = await admit(active, workflow, input)
    except CallCancelled as error:
        state, reason = RunState.CANCELLED, text_of(error)
    except (UnknownAgent, StoreError):
        raise
    except asyncio.CancelledError as error:
        if active.closed:
            raise Evicted from None
        state, reason = RunState.FAILED, f"the workflow cancelled itself: {text_of(error)}"
    except Exception as error:  # a run's failure is data, whatever it is
        state, reason, error_type = RunState.FAILED, _told(error), type(error).__name__
        causes = causes_of(error)
    except BaseException as error:
        if passes_through(error):
            raise
        state, reason, error_type = RunState.FAILED, _told(error), type(error).__name__
    if state is RunState.CANCELLED:
        await _children_ended(active)
        state, reason, error_type = _cancelled(active, reason)
    elif state is RunState.FAILED and active.late:
        reason, error_type = f"{active.late} ({reason})"[:_REASON_CHARACTERS], RUN_TIMED_OUT
    await active.gate.passed()
    degraded = tuple(each for _, each in sorted(active.degraded.items()))
    reason = MASKING.text(readable(reason))
    said = Ended(state=state, reason=reason, causes=causes, degraded=degraded, error_type=error_type)
    _end(active, said, MASKING.json(value))


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


def _end(active: ActiveRun, said: Ended, value: Json) -> None:
    active.escrows.give_back()  # before its end, which is the last that a run says
    at = active.journal.append(said, payload=NULL if value is None else encode(value))
    outcome = {"state": said.state, "value": value, "reason": said.reason}
    active.finish(FinishRun(said.state, said.reason, at, outcome))


def _told(error: BaseException) -> str:
    """Return what a run's end says of an exception, cut to a length only after what is secret was masked."""
    return MASKING.text(f"{type(error).__name__}: {text_of(error)}")[:_REASON_CHARACTERS]


def missing_version(name: str, version: str) -> str:
    """Return the reason of a run that is blocked because no worker has its workflow's version."""
    return f"no worker has {name} version {version}: register it, or `podium runs repin` the run to one that is there"
