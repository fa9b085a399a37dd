"""A run that another system's task starts and waits for, under an id that a retry of the task comes to again."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from podium.agents.shape import free_json
from podium.app import App
from podium.errors import NotPossible, PodiumError, RunError
from podium.facade.handle import RunHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.expected import NAME, or_none
from podium.model.run import RunState
from podium.store.codec import input_digest

In = TypeVar("In")
Out = TypeVar("Out")

_UNDONE_WITHIN = 10.0
"""Seconds for which a cancelled task waits until its run has undone what it did."""
_DIGITS = 12
_NOT_IN_IDS = re.compile(r"\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The task of another system that runs belong to."""

    system: str
    """The name of the system, with which the ids of its runs begin."""
    task: tuple[str, ...]
    """What the system calls the task: the same whenever it tries the task again."""

    @property
    def prefix(self) -> str:
        """How the ids of all runs of the task begin."""
        return _NOT_IN_IDS.sub("_", ":".join((self.system, *self.task, "")))

    def run_id(self, workflow: Agent[Any, Any] | str, input: Any, key: str | None) -> str:
        """Return the id of a run of the task: that of the `key`, or else of the workflow and its input."""
        or_none(NAME).check("the key of a run", key)
        name = workflow if isinstance(workflow, str) else workflow.card.name
        if key is None:
            given = free_json(input) if isinstance(workflow, str) else workflow.input.dump(input)
            key = input_digest(given)[:_DIGITS]
        return _NOT_IN_IDS.sub("_", f"{self.prefix}{name}:{key}")


async def start_hosted(
    app: App, host: Host, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> RunHandle[Out]:
    """Start the run of a task, or find it; one that has failed goes on from what failed. Options: see `App.start`.

    Raises NotPossible where a failed run cannot go on, as after undoing what it did.
    """
    handle: RunHandle[Out] = await app.start(workflow, input, id=host.run_id(workflow, input, key), **options)
    if (await handle.status()).state is RunState.FAILED:
        try:
            await app.operations.retry(handle.id)
        except NotPossible:
            if (await handle.status()).state is RunState.FAILED:  # else another try of the task was quicker
                raise
    return handle


async def run_hosted(
    app: App, host: Host, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> Out:
    """Run a workflow for a task of another system and return its value; raises RunFailed, RunCancelled or RunBlocked.

    A cancel of the task cancels the run.
    """
    starting = asyncio.create_task(start_hosted(app, host, workflow, input, key=key, **options))
    try:
        return await result_of(starting)
    except asyncio.CancelledError:
        await cancel_and_wait(starting, f"its task in {host.system} was cancelled")
        raise


async def result_of(starting: "asyncio.Task[RunHandle[Out]]") -> Out:
    """Wait for the value of a run that is being started; a cancel meanwhile does not keep it from being started."""
    return await (await asyncio.shield(starting)).result()


async def cancel_all(store: str | Path, host: Host, agents: Iterable[AnyAgent] = ()) -> None:
    """Cancel all runs of a task that have not ended; they undo what they did, here where their workflows are given."""
    async with App.open(store, agents=agents) as app:
        cancelled: list[RunHandle[Any]] = []
        cursor = None
        while True:
            page = await app.runs.list(prefix=host.prefix, cursor=cursor)
            for run in page:
                if not run.state.ended:
                    cancelled.append(await app.handle(run.id))
                    await _cancel(cancelled[-1], f"its task in {host.system} was cancelled")
            if (cursor := page.cursor) is None:
                break
        if agents:
            await asyncio.gather(*[_has_ended(handle) for handle in cancelled])


async def cancel_run(store: str | Path, run_id: str, why: str) -> None:
    """Cancel one run, unless it has ended; whoever drives it undoes what it did."""
    async with App.open(store) as app:
        await _cancel(await app.handle(run_id), why)


async def _cancel(handle: RunHandle[Any], why: str) -> None:
    with suppress(NotPossible):  # it has ended meanwhile
        await handle.cancel(why)


async def cancel_and_wait(starting: "asyncio.Task[RunHandle[Any]]", why: str) -> None:
    """Cancel a run once it is started, unless it has ended or cannot be, and give it a moment to undo what it did."""
    try:
        handle = await starting
    except PodiumError:
        return
    await _cancel(handle, why)
    await _has_ended(handle)


async def _has_ended(handle: RunHandle[Any]) -> None:
    """Wait until a run has ended as cancelled, for a moment: it may go on undoing where it is driven."""
    with suppress(RunError, TimeoutError):
        async with asyncio.timeout(_UNDONE_WITHIN):
            await handle.result()
