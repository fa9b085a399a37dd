"""One drive of a run, from its first line to its end, its next wait, or its being taken away."""

import asyncio
from dataclasses import asdict

from podium.engine.calls.inline import causes_of
from podium.engine.run.active_run import ActiveRun
from podium.engine.worker.admission import admit
from podium.engine.workflow import Workflow, is_workflow
from podium.errors import Blocked, CallCancelled, Evicted, Interrupt, StoreError, UnknownAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import readable
from podium.model.run import RunState
from podium.secrets.masking import MASKING
from podium.store.codec import NULL, decode, encode
from podium.store.operations import FinishRun

_REASON_CHARACTERS = 2_000


async def execute(active: ActiveRun) -> None:
    """Drive a run. Whatever happens in it is recorded as its end; nothing of it reaches the caller."""
    run, registry = active.run, active.runtime.dispatcher.registry
    try:
        if not registry.has(run.workflow, run.version):
            active.block(missing_version(run.workflow, run.version))
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
        active.block(str(error))
    except asyncio.CancelledError:
        if not active.closed:
            raise


async def _to_the_end(active: ActiveRun, workflow: "Workflow[Json, Json]", input: Json) -> None:
    state, reason, value, causes = RunState.DONE, "", None, tuple[str, ...]()
    try:
        value = await admit(active, workflow, input)
    except CallCancelled as error:
        state, reason = RunState.CANCELLED, str(error)
    except (UnknownAgent, StoreError):
        raise
    except asyncio.CancelledError as error:
        if active.closed:
            raise Evicted from None
        state, reason = RunState.FAILED, f"the workflow cancelled itself: {error}"
    except Exception as error:  # a run's failure is data, whatever it is
        state, reason = RunState.FAILED, _told(error)
        causes = causes_of(error)
    except (Interrupt, GeneratorExit):
        raise
    except BaseException as error:
        state, reason = RunState.FAILED, _told(error)
    if state is RunState.CANCELLED:
        await _children_ended(active)
        state, reason = _cancelled(active, reason)
    elif state is RunState.FAILED and active.late:
        reason = f"{active.late} ({reason})"[:_REASON_CHARACTERS]
    await active.gate.passed()
    _end(active, state, reason, value, causes)


def _cancelled(active: ActiveRun, reason: str) -> tuple[RunState, str]:
    """Return how a cancelled run ends: one whose time was up, or that could not undo what it did, has failed."""
    cancelling = active.history.cancelling
    said = {"reason": reason} if cancelling is None else cancelling.body
    late = bool(said.get("deadline"))
    if active.uncompensated:
        why = said["reason"] if late else "cancelled"
        return RunState.FAILED, f"{why}; not undone: {'; '.join(active.uncompensated)}"
    return RunState.FAILED if late else RunState.CANCELLED, said["reason"]


async def _children_ended(active: ActiveRun) -> None:
    """Wait for the child runs that were told to stop."""
    for child in list(active.history.spawned):
        await active.mailbox.wait(active.main, f"end:{child}", "child", child, None)


def _end(active: ActiveRun, state: RunState, reason: str, value: Json, causes: tuple[str, ...]) -> None:
    reason, value = MASKING.text(readable(reason)), MASKING.json(value)
    body: dict[str, Json] = {"state": state, "reason": reason, "causes": causes}
    if active.degraded:
        body["degraded"] = [asdict(each) for _, each in sorted(active.degraded.items())]
    payload = NULL if value is None else encode(value)
    at = active.journal.append(FactKind.ENDED, "", encode(body), payload)
    outcome = {"state": state, "value": value, "reason": reason}
    active.finish(FinishRun(state, reason, at, outcome))


def _told(error: BaseException) -> str:
    """Return what a run's end says of an exception, cut to a length only after what is secret was masked."""
    return MASKING.text(f"{type(error).__name__}: {error}")[:_REASON_CHARACTERS]


def missing_version(name: str, version: str) -> str:
    """Return the reason of a run that is blocked because nobody has its workflow's version."""
    return f"no worker has {name} version {version}: register it, or `podium runs repin` the run to one that is there"
