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
from podium.errors import NotPossible, PodiumError, RunCancelled, RunError, UnknownRun
from podium.facade.handle import RunHandle
from podium.model.agent import Agent, AnyAgent
from podium.model.expected import NAME, or_none
from podium.model.run import Run, RunState
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

    @property
    def stop(self) -> str:
        """Why the system cancels a run: its task was stopped. Another try of the task begins another run then."""
        return f"its task in {self.system} was stopped"

    def has_stopped(self, run: Run) -> bool:
        """Whether a run was cancelled since the task was stopped, and not by somebody else."""
        return run.state is RunState.CANCELLED and run.reason == self.stop


async def start_hosted(
    app: App, host: Host, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> RunHandle[Out]:
    """Start the run of a task, or find it; one that has failed goes on from what failed. Options: see `App.start`.

    Where it was cancelled since the task was stopped, and the task is tried again, that begins another run: `ID~2`,
    then `ID~3` and so on, to which each try comes until it is stopped too.

    Raises NotPossible where a failed run cannot go on, as after undoing what it did.
    """
    run_id = await _attempt(app, host, host.run_id(workflow, input, key))
    handle: RunHandle[Out] = await app.start(workflow, input, id=run_id, **options)
    if (await handle.status()).state is RunState.FAILED:
        try:
            await app.operations.retry(handle.id)
        except NotPossible:
            if (await handle.status()).state is RunState.FAILED:  # else another try of the task was quicker
                raise
    return handle


async def _attempt(app: App, host: Host, first: str) -> str:
    """Return the id of the run of this try: that after those that were stopped."""
    run_id, number = first, 1
    while (known := await _known(app, run_id)) is not None and host.has_stopped(known):
        number += 1
        run_id = f"{first}~{number}"
    return run_id


async def _known(app: App, run_id: str) -> Run | None:
    try:
        return await app.runs.get(run_id)
    except UnknownRun:
        return None


async def run_hosted(
    app: App, host: Host, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> Out:
    """Run a workflow for a task of another system and return its value; raises RunFailed, RunCancelled or RunBlocked.

    A cancel of the task cancels the run.
    """
    while True:
        starting = asyncio.create_task(start_hosted(app, host, workflow, input, key=key, **options))
        try:
            return await result_of(starting)
        except RunCancelled:
            handle = await starting
            if handle.new or not host.has_stopped(await handle.status()):
                raise
            # it was the run of a try before this one, which was being stopped when this one came
        except asyncio.CancelledError:
            await cancel_and_wait(starting, host.stop)
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
                    await _cancel(cancelled[-1], host.stop)
            if (cursor := page.cursor) is None:
                break
        if agents:
            await asyncio.gather(*[_has_ended(handle) for handle in cancelled])


async def cancel_run(store: str | Path, run_id: str, why: str, **settings: Any) -> None:
    """Cancel one run, unless it has ended; whoever drives it undoes what it did. `settings` go to `App.open`."""
    async with App.open(store, **settings) as app:
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
