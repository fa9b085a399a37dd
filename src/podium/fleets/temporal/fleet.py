"""The fleet whose runs are placed by workflows of Temporal, and driven by the workers that Temporal hands them to."""

import asyncio
import hashlib
import logging
import math
from collections.abc import Iterable, Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from podium.engine.fleet import Driver
from podium.fleets.temporal.placement import DriveRequest, PlaceRun, priority_of, request_of
from podium.fleets.temporal.queue_worker import InMemory, QueueWorker
from podium.model.clock import Clock
from podium.model.run import DEFAULT_QUEUE
from podium.store.operations import Placed
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")

_AT_ONCE = 32
"""Placements that are under way at once."""
_ANSWERS_WITHIN = timedelta(seconds=10)
_AWAY = 1.0
"""Seconds after which a server that did not answer is asked again."""
_LEASES = 3
"""After so many leases a run that is still ready is placed again, should Temporal have lost it."""
_LONGEST_ID = 200


class TemporalFleet:
    """Places each run that is ready as a workflow of Temporal, whose one activity is driving it.

    The workflow's id is made of the run and the epoch in which it is ready, so a run that is placed twice is placed
    once. Each of Podium's queues is a task queue. The worker that Temporal hands an activity to claims the run in the
    store as any other would; where it is not to be had, the activity ends, since whoever takes the run from a lost
    worker has it placed anew.
    """

    def __init__(
        self, client: Client, store: Store, clock: Clock, *, name: str, slots: int, queues: Iterable[str], lease: float
    ) -> None:
        self._client = client
        self._store = store
        self._clock = clock
        self._name = name
        self._slots = slots
        self._named = tuple(queues)
        self._lease = lease
        self._rooms = {queue: asyncio.Semaphore(slots) for queue in self._named}
        self._room = asyncio.Semaphore(slots)
        self._here: InMemory | None = None
        self._workers: dict[str, QueueWorker] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._ending: list[asyncio.Task[None]] = []
        self._wanted: dict[tuple[int, int], Placed] = {}
        self._known: dict[tuple[int, int], float] = {}
        """When what was ready was last placed from here; at no time again, where Temporal refuses it."""
        self._something = asyncio.Event()
        self._closed = False

    @property
    def queues(self) -> frozenset[str] | None:
        """Those it was given; None are all."""
        return frozenset(self._named) or None

    @property
    def slots(self) -> int:
        """Those of all its queues."""
        return self._slots * max(1, len(self._named))

    @property
    def affinity_wait(self) -> float:
        """None is left to anybody: Temporal decides who is asked."""
        return 0.0

    @property
    def settled(self) -> bool:
        """Whether Temporal knows of all that was to be placed."""
        return not self._wanted

    def place(self, runs: Sequence[Placed]) -> None:
        """Have Temporal told of runs, whoever serves them."""
        for run in runs:
            self._wanted[run.n, run.epoch] = run
        if runs:
            self._something.set()

    def recover(self, runs: Sequence[Placed]) -> None:
        """Have Temporal told of those that this process has not placed, or placed long ago."""
        now = self._clock.monotonic()
        old = now - _LEASES * self._lease
        self._known = {each: at for each, at in self._known.items() if at > old}
        self.place([run for run in runs if (run.n, run.epoch) not in self._known])

    def reserve(self, queue: str) -> bool:
        """Give no slot: Temporal has the count of them."""
        return False

    def release(self, queue: str, run: int | None = None) -> None:
        """End the activity of a run that has left memory."""
        if self._here is not None and run is not None:
            self._here.release(run)

    async def run(self, driver: Driver) -> None:
        """Take on what Temporal hands over, and tell it what is ready, for ever."""
        self._here = InMemory(driver, self._store, probation=self._lease)
        for queue in self._named or (DEFAULT_QUEUE,):
            self._serve(queue)
        telling = asyncio.create_task(self._tell())
        try:
            while True:
                ended, _ = await asyncio.wait([telling, *self._running], timeout=_AWAY, return_when="FIRST_COMPLETED")
                for task in ended:
                    task.result()
                self._running.difference_update(ended)
        finally:
            telling.cancel()
            await asyncio.wait([telling])

    def drain(self) -> None:
        """Have Temporal hand over nothing more."""
        if self._here is not None:
            self._here.draining = True
        self._ending += [asyncio.create_task(worker.stop()) for worker in self._workers.values()]
        self._workers.clear()

    async def close(self, left: Sequence[Placed]) -> None:
        """Place for others what was handed back, and leave Temporal."""
        self.drain()
        self.place(left)
        if not self._closed or left:
            await self._tell_all()
        self._closed = True
        ending = [*self._ending, *self._running]
        self._ending, self._running = [], set()
        await asyncio.gather(*ending, return_exceptions=True)

    def _serve(self, queue: str) -> None:
        """Take on runs of a queue from now on."""
        if queue in self._workers or self._here is None or self._here.draining:
            return
        room = self._rooms.get(queue, self._room)
        worker = self._workers[queue] = QueueWorker(
            self._client, self._task_queue(queue), self._slots, self._here, room
        )
        self._running.add(asyncio.create_task(worker.run()))

    async def _tell(self) -> None:
        """Tell Temporal of what is ready, for ever; while it does not answer, runs wait in the store."""
        away = False
        while True:
            await self._something.wait()
            self._something.clear()
            why = await self._tell_all()
            if why is not None and not away:
                _LOG.warning("Temporal cannot be told which runs are ready, so they wait: %s", why)
            away = why is not None
            if away:
                asyncio.get_running_loop().call_later(_AWAY, self._something.set)

    async def _tell_all(self) -> str | None:
        """Tell Temporal of all that is ready, the most urgent first; returns why it did not take some."""
        why = None
        while self._wanted and why is None:
            urgent = sorted(self._wanted.values(), key=lambda run: (-run.priority, run.n))[:_AT_ONCE]
            whys = await asyncio.gather(*[self._tell_of(run) for run in urgent])
            why = next((each for each in whys if each is not None), None)
        return why

    async def _tell_of(self, run: Placed) -> str | None:
        if not self._named:  # whoever serves all queues serves those that it hears of
            self._serve(run.queue)
        request = request_of(run, self._lease)
        try:
            await self._client.start_workflow(
                PlaceRun.run, request, id=self._id(request), task_queue=self._task_queue(run.queue),
                priority=priority_of(run.priority), rpc_timeout=_ANSWERS_WITHIN, static_summary=_summary(run),
                task_timeout=timedelta(seconds=self._lease),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )  # fmt: skip
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                return f"{error.status.name}, {error.message}"
            _LOG.error(
                "Temporal refuses to take run %s, of the queue %r, and is not asked again by this process: %s. The run "
                "waits in the store. Correct what it says, then start the worker anew.",
                run.id, run.queue, error.message,
            )  # fmt: skip
            self._placed(run, math.inf)
            return None
        self._placed(run, self._clock.monotonic())
        return None

    def _placed(self, run: Placed, at: float) -> None:
        self._wanted.pop((run.n, run.epoch), None)
        self._known[run.n, run.epoch] = at

    def _task_queue(self, queue: str) -> str:
        return f"{self._name}.{queue}"

    def _id(self, request: DriveRequest) -> str:
        run = request.run
        if len(run.encode()) > _LONGEST_ID:
            run = hashlib.sha256(run.encode()).hexdigest()
        return f"{self._name}/{run}/{request.epoch}"


def _summary(run: Placed) -> str:
    """Return what Temporal shows of a run: it refuses a long one."""
    return f"run {run.id}".encode()[:_LONGEST_ID].decode(errors="ignore")
