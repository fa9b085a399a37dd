"""The runs of one queue that Temporal hands to this process: activities for as long as they are in memory here."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from podium.engine.fleet import Driver
from podium.errors import StoreError
from podium.fleets.temporal.heartbeats import heartbeats
from podium.fleets.temporal.placement import DRIVE, DriveRequest, PlaceRun
from podium.model.run import SUSPECTED, RunState
from podium.services.to_the_end import to_the_end
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")

_ELSEWHERE = timedelta(seconds=1)
"""After which another worker is asked for a run that this one cannot take."""
_ENDS_WITHIN = timedelta(days=1)
"""How long activities may take to end once a worker takes no more: the engine cuts them, within its grace time."""


class InMemory:
    """The runs that were claimed here, and who waits until they have left memory."""

    def __init__(self, driver: Driver, store: Store, *, probation: float) -> None:
        self._driver = driver
        self._store = store
        self._probation = probation
        self._left: dict[int, asyncio.Event] = {}
        self._suspects = asyncio.Lock()
        self.draining = False

    async def drive(self, request: DriveRequest) -> None:
        """Claim a run and wait until it has left memory; nothing happens if it is not ready in that epoch.

        A cancel by Temporal takes no run away: what is being claimed, or is here, holds its slot until it has left.
        Suspects are begun one after the other. Raises ApplicationError where the run is ready, and others are to be
        asked.
        """
        if request.crash_count < SUSPECTED:
            await to_the_end(self._drive(request))
            return
        await self._suspects.acquire()
        trial = _Trial(self._suspects)
        ends = asyncio.get_running_loop().call_later(self._probation, trial.end)
        try:
            await to_the_end(self._drive(request))
        finally:
            ends.cancel()
            trial.end()

    def release(self, run: int) -> None:
        """Note that a run has left memory."""
        if (left := self._left.pop(run, None)) is not None:
            left.set()

    async def _drive(self, request: DriveRequest) -> None:
        if self.draining or not await self._driver.drive([request.placed]):
            await self._leave_to_others(request)
            return
        left = self._left[request.n] = asyncio.Event()
        await left.wait()

    async def _leave_to_others(self, request: DriveRequest) -> None:
        try:
            run = await self._store.run(request.run)
        except StoreError as error:
            raise _another(f"the store cannot be read here: {error}") from error
        if run is not None and run.state is RunState.READY and run.epoch == request.epoch:
            raise _another(f"run {request.run} of {run.workflow} is not served here, or this worker stops")


class _Trial:
    """The time in which one suspect is alone: until it has left memory, or its probation is over."""

    def __init__(self, turn: asyncio.Lock) -> None:
        self._turn: asyncio.Lock | None = turn

    def end(self) -> None:
        """Let the next suspect begin; nothing happens the second time."""
        if self._turn is not None:
            self._turn.release()
            self._turn = None


def _another(why: str) -> ApplicationError:
    return ApplicationError(why, type="NotHere", next_retry_delay=_ELSEWHERE)


class QueueWorker:
    """The worker of Temporal for one queue, which takes on as many runs as there are slots."""

    def __init__(self, client: Client, task_queue: str, slots: int, here: InMemory, room: asyncio.Semaphore) -> None:
        """`room` bounds what several lines take on together."""
        self._here = here
        self._room = room
        self._worker = Worker(
            client, task_queue=task_queue, workflows=[PlaceRun], activities=[self._activity()],
            workflow_runner=UnsandboxedWorkflowRunner(), max_concurrent_activities=slots,
            graceful_shutdown_timeout=_ENDS_WITHIN, disable_eager_activity_execution=True,
            max_cached_workflows=0,  # one that is kept in memory is waited for, where its worker is lost
            on_fatal_error=self._fails,
        )  # fmt: skip
        self._task_queue = task_queue
        self._has_failed = False
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Take on runs until `stop`, and wait for a server that is away as it begins; raises what makes it end."""
        away = False
        while True:
            try:
                await self._worker.run()
            except RuntimeError as error:
                if self._has_failed:
                    raise
                if not away:  # it looks first whether the server is there; where not it may be run anew
                    _LOG.warning("runs of the task queue %s cannot be taken on yet: %s", self._task_queue, error)
                away = True
            else:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _ELSEWHERE.total_seconds())
                return

    async def stop(self) -> None:
        """Take on nothing more; `run` ends when what was taken on has left memory."""
        self._stopping.set()
        await self._worker.shutdown()

    async def _fails(self, _: BaseException) -> None:
        self._has_failed = True

    def _activity(self) -> Callable[[DriveRequest], object]:
        @activity.defn(name=DRIVE)
        async def drive(request: DriveRequest) -> None:
            with heartbeats(request.lease):
                async with self._room:
                    await self._here.drive(request)

        return drive
