"""The fleet that DBOS's queues decide for."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import islice

from podium.engine.fleet import Driver
from podium.errors import StoreError
from podium.fleets.dbos.arrivals import Arrivals
from podium.fleets.dbos.executor import Executor
from podium.fleets.dbos.options import DbosOptions
from podium.fleets.dbos.placements import UNAVAILABLE, Placement, Placements
from podium.fleets.dbos.schedules import Schedules
from podium.fleets.dbos.sightings import Sightings
from podium.fleets.dbos.ticking import Ticking
from podium.fleets.request import FleetRequest
from podium.fleets.store import StoreFleet
from podium.in_threads import in_thread
from podium.model.run import RunState
from podium.services.supervision import run_together
from podium.store.operations import Placed

_LOG = logging.getLogger("podium")
_BATCH = 500
"""Placements that are made in one transaction."""
_KEPT_SECONDS = 60.0
"""So long a placement that is over is kept, for people to see, and to be counted where runs are counted over a time."""
_LEAVING_SECONDS = 5.0
"""Real seconds for which a process that stops places what others could find by themselves."""


class DbosFleet:
    """Puts what is ready into DBOS's queues, and has driven what comes out of them here.

    A process takes nothing out of the queues before it has seen a run that it can drive: one that only answers or
    looks, or lacks the workflows, leaves them to others.
    """

    def __init__(
        self, request: FleetRequest, options: DbosOptions, placements: Placements, url: str, schema: str
    ) -> None:
        self._request = request
        self._options = options
        self._placements = placements
        self._where = url, schema
        self._loop = asyncio.get_running_loop()
        self._line = StoreFleet(request.slots, queues=request.queues, probation=request.lease)
        self._arrivals = Arrivals(self._left)
        self._sightings = Sightings()
        self._ticking = Ticking(Schedules(placements.client, options.schedules), request.starter)
        self._executor: Executor | None = None
        self._driver: Driver | None = None
        self._outbox: dict[str, Placement] = {}
        """What is to be placed, by id."""
        self._in_doubt: list[Placement] = []
        """What was not driven: if its run is ready all the same, it is to be placed again."""
        self._to_place = asyncio.Event()
        self._wanted = False
        """Whether there was something yet that can be driven here."""
        self._draining = False
        self._closed = False

    @property
    def queues(self) -> frozenset[str] | None:
        """Those it was given; None are all."""
        return self._line.queues

    @property
    def slots(self) -> int:
        """Those of all its queues."""
        return self._line.slots

    @property
    def affinity_wait(self) -> float:
        """None is left to anybody: DBOS decides who is asked."""
        return 0.0

    @property
    def unplaced(self) -> int:
        """How many runs are still to be placed."""
        return len(self._outbox)

    @property
    def takes(self) -> bool:
        """Whether it takes placements out of the queues: not before there was something that can be driven here."""
        return self._executor is not None

    def place(self, runs: Sequence[Placed]) -> None:
        """Put runs into DBOS's queues, soon."""
        self._send(Placement(run) for run in runs)

    def recover(self, runs: Sequence[Placed]) -> None:
        """Look at runs that stay ready: whoever made them ready may have died before it placed them."""
        if runs:
            self._wanted = True
        self._sightings.see(runs, self._loop.time())

    def reserve(self, queue: str) -> bool:
        """Give no slot: whether a run may begin is for DBOS to say."""
        if self.queues is None or queue in self.queues:
            self._wanted = True
        return False

    def release(self, queue: str, run: int | None = None) -> None:
        """Give a slot back, and tell DBOS that the placement is over."""
        self._line.release(queue, run)
        if run is not None:
            self._arrivals.gone(run)

    async def run(self, driver: Driver) -> None:
        """Place, have driven what comes out of the queues, and look after what is lost, for ever."""
        self._driver = driver
        await run_together(
            lambda: self._line.run(self._arrivals.driver(driver)),
            self._place_all,
            self._look_after_placements,
            self._ticking.run,
            lambda: self._keep_launched(driver),
            self._look_after_executors,
        )

    def drain(self) -> None:
        """Take nothing more out of the queues."""
        self._draining = True
        if self._executor is not None:
            self._executor.take_nothing_more()

    async def close(self, left: Sequence[Placed]) -> None:
        """Place what was handed back and what waited here, and end DBOS."""
        if self._closed:
            return
        self._closed = self._draining = True
        self._arrivals.end()
        self._send(Placement(run) for run in left)
        self._send(_once_more(each) for each in self._in_doubt)
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                await self._place_what_is_there()
        except (*UNAVAILABLE, TimeoutError) as error:
            _LOG.warning("%s runs could not be placed any more, others will find them: %s", len(self._outbox), error)
        if self._executor is not None:
            await in_thread(self._executor.stop)
        await in_thread(self._placements.close)

    def _send(self, placements: Iterable[Placement]) -> None:
        self._outbox.update((each.id, each) for each in placements)
        self._to_place.set()

    def _left(self, placement: Placement) -> None:
        self._in_doubt.append(placement)

    def _arrived(self, placement: Placement, done: "Future[bool]") -> None:
        """Take in a placement that came out of a queue; called in a thread of DBOS."""
        self._loop.call_soon_threadsafe(self._come, placement, done)

    def _come(self, placement: Placement, done: "Future[bool]") -> None:
        self._arrivals.come(placement, done, self._line)
        if self._draining or not self._is_under_its_name():
            self._arrivals.give_up()

    def _is_under_its_name(self) -> bool:
        """Whether what DBOS has for the worker's is: else it is resumed by others, while it is driven here."""
        executor, driver = self._executor, self._driver
        return executor is not None and driver is not None and executor.worker == driver.id

    async def _place_all(self) -> None:
        """Place what became ready, for ever; what cannot be placed now is tried again."""
        while True:
            await self._to_place.wait()
            self._to_place.clear()
            try:
                await self._place_what_is_there()
            except UNAVAILABLE as error:
                _LOG.warning("%s runs cannot be placed for now: %s", len(self._outbox), error)
                await self._pause()
                self._to_place.set()

    async def _place_what_is_there(self) -> None:
        while batch := dict(islice(self._outbox.items(), _BATCH)):
            await in_thread(self._placements.enqueue, batch.values())
            for name in batch:
                self._outbox.pop(name, None)

    async def _look_after_placements(self) -> None:
        """Place again what was lost, or came here and was not driven, for ever."""
        while True:
            await self._pause()
            try:
                await self._look_into_doubts()
                if due := self._sightings.due(self._loop.time()):
                    self._send(await in_thread(self._placements.lost, due))
            except (*UNAVAILABLE, StoreError) as error:
                _LOG.warning("it cannot be seen now whether placements were lost: %s", error)

    async def _look_into_doubts(self) -> None:
        while self._in_doubt:
            placement = self._in_doubt[0]
            run = await self._request.store.run(placement.run.id)
            self._in_doubt.remove(placement)  # others may have come meanwhile
            if run is not None and run.state is RunState.READY and run.epoch == placement.run.epoch:
                self._send([_once_more(placement, delay=self._options.poll)])

    async def _keep_launched(self, driver: Driver) -> None:
        """Launch DBOS once there is something to drive, and anew when the worker has another name, for ever."""
        while True:
            is_launched = self._executor is not None and self._executor.worker == driver.id
            wanted = self._executor is not None or self._wanted or self._ticking.is_for_here()
            if wanted and not is_launched and not self._draining:
                try:
                    await self._launch(driver.id)
                except UNAVAILABLE as error:
                    _LOG.warning("DBOS cannot be launched now, and will be tried again: %s", error)
            await self._pause()

    async def _launch(self, worker: str) -> None:
        if self._executor is not None:
            await in_thread(self._executor.stop)
        executor = Executor(
            *self._where, worker, self._request.queues, self._arrived, self._ticking.arrived, self._request.lease
        )
        await in_thread(self._prepare)
        self._executor = executor  # it is stopped also where it is just being launched
        try:
            await in_thread(executor.launch)
        except UNAVAILABLE:
            await in_thread(executor.stop)
            self._executor = None
            raise
        if self._draining:  # since a moment ago
            executor.take_nothing_more()

    def _prepare(self) -> None:
        """Have DBOS know the queues and schedules as they are set here."""
        self._placements.set_up(self._request.queues)
        self._ticking.schedules.apply()

    async def _look_after_executors(self) -> None:
        """Have the placements of dead workers resumed, and forget those that are over, for ever."""
        while True:
            await self._pause(self._request.lease / 2)
            if self._executor is None:
                continue
            try:
                await in_thread(self._resume_those_of_the_dead, self._executor)
                kept = max(_KEPT_SECONDS, 2 * self._options.longest)
                await in_thread(self._placements.forget, self._request.clock.now() - kept)
            except (*UNAVAILABLE, StoreError) as error:
                _LOG.warning("placements of dead workers cannot be resumed now: %s", error)

    def _resume_those_of_the_dead(self, executor: Executor) -> None:
        others = self._placements.executors() - {executor.worker}
        executor.resume([each for each in others if self._request.store.workers.is_fenced(each)])

    async def _pause(self, seconds: float | None = None) -> None:
        await asyncio.sleep(self._options.poll if seconds is None else seconds)  # noqa: TID251 - DBOS lives in real time


def _once_more(placement: Placement, *, delay: float = 0.0) -> Placement:
    return Placement(placement.run, placement.attempt + 1, delay)
