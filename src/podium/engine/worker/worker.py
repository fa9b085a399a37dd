"""Drives runs: takes ownership of them, keeps them in memory while they have something to do, and lets go."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from podium.dispatch.dispatcher import Dispatcher
from podium.engine.fleet import Fleet
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.budget_queues import BudgetQueues
from podium.engine.run.recalls import Recalls
from podium.engine.run.runtime import Runtime, cannot_retry
from podium.engine.run.sent_steps import SentSteps
from podium.engine.run.starting import claimed_at_start
from podium.engine.settings import EngineSettings
from podium.engine.worker.alive import AliveFile
from podium.engine.worker.backlog import Backlog
from podium.engine.worker.collector import relax_collector
from podium.engine.worker.draining import Emptying, cut, drain
from podium.engine.worker.execute import execute
from podium.engine.worker.orphans import Orphans
from podium.engine.worker.quarantine import quarantine
from podium.engine.worker.queue_watch import QueueWatch
from podium.engine.worker.rates import BeginRates
from podium.engine.worker.served import ServedWorkflows
from podium.engine.worker.waiters import End, Waiters
from podium.errors import Evicted, StoreError, StoreLost, StoreMoved, Unwritable, WorkerFailed
from podium.in_threads import in_thread
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.run import Run, RunState
from podium.model.version import VERSION
from podium.services.cost_keeping import CostKeeping
from podium.services.expiry import Expiry
from podium.services.group_commit import GroupCommit
from podium.services.heartbeat import BeatListener, Heartbeat
from podium.services.isolation import CommitAnswer
from podium.services.last_write import LastWrite
from podium.services.streams.streams import Streams
from podium.services.supervision import run_services
from podium.services.timers import Timers
from podium.services.to_the_end import to_the_end
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import Block, Committed, CommitVerdict, Delivery, FinishRun, Placed, Start, Write
from podium.store.protocol import Claimed, Serves, Store

if TYPE_CHECKING:
    from podium.telemetry.guarded import GuardedObserver

_LOG = logging.getLogger("podium")


class Worker:
    """The runs that this process drives."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, clock: Clock, ids: Ids, settings: EngineSettings, fleet: Fleet,
        observer: "GuardedObserver | None" = None,
    ) -> None:  # fmt: skip
        self.id = ids.new("w")
        self.store = store
        self.dispatcher = dispatcher
        self.fleet = fleet
        self.last_write = LastWrite(clock)
        self.commits = GroupCommit(store, self.id, self, self.last_write, observer)
        self._look_now = asyncio.Event()
        """Set to have the store looked at now, rather than with the next poll."""
        self.timers = Timers(clock, self._look_now.set)
        self._recalls = Recalls(BudgetQueues(self.timers, clock, settings.budget_wait))
        self._clock = clock
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._drives: dict[int, ActiveRun] = {}
        self._driven: set[str] = set()
        """The ids of the runs in `_drives`."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiters = Waiters(store, driven=self._driven.__contains__, look_soon=self._look_now.set)
        self._backlog = Backlog(self._look_now.set)
        self.streams = Streams(store.streams, self.commits, clock, owner=self.id, driven=self._driven.__contains__)
        self._costs = CostKeeping(store)
        self._expiry = Expiry(store, clock, keep_events=settings.keep_events)
        self._served = ServedWorkflows(fleet, self.commits, settings.poll)
        self._orphans = Orphans()
        self.draining = False
        """Whether nothing new is begun: what is under way may still end."""
        self._rates = BeginRates(clock)
        self._alive = AliveFile(settings.alive_file)
        self._emptying = Emptying(self._empty)
        self._queues = QueueWatch(store, clock, observer)
        self._stopping = False
        self._services: asyncio.Task[None] | None = None
        self._gave_up: WorkerFailed | StoreLost | StoreMoved | None = None
        self._collector = gc.get_threshold()
        self.retry_run: Callable[[str], Awaitable[None]] = cannot_retry
        """Has a failed run go on: an operator's work, which whoever makes the worker hands in."""
        told = BeatListener(
            found=lambda placed: self._soon(self.streams.look_first, lambda: self.placed(placed)),
            reborn=lambda name: self._soon(self._anew, name),
            failed=lambda error: self._soon(self.give_up, error), drain=lambda by: self._soon(self._emptying.ask, by),
            rates=self._rates.now, wrote=self.last_write.note, beaten=lambda: self._soon(self._alive.touch),
        )  # fmt: skip
        slots = fleet.slots // max(1, len(fleet.queues or ()))
        serves = Serves(version=VERSION, queues=fleet.queues, slots=slots, lease=settings.lease)
        self.heartbeat = Heartbeat(store.workers, self.id, clock, serves, new_id=lambda: ids.new("w"), told=told)
        self.runtime = Runtime(
            commits=self.commits, dispatcher=dispatcher, clock=clock, timers=self.timers, streams=self.streams,
            ids=ids, store=store, alone=lambda: len(self._drives) == 1, fresh=self._fresh, serve=self.serve,
            recalls=self._recalls, retry_run=self._retry_run, max_facts=settings.max_facts,
            max_payload_bytes=settings.max_payload_bytes, max_depth=settings.max_depth, prices=settings.prices,
            people=settings.people, watches_loops=settings.watches_loops, observer=observer,
            sent=SentSteps(clock, self.timers) if settings.keep_messages else None,
        )  # fmt: skip

    async def _retry_run(self, run_id: str) -> None:
        await self.retry_run(run_id)

    def start(self) -> None:
        """Begin to beat and to drive what is ready."""
        self._collector = relax_collector()
        self.heartbeat.start()
        self.store.listen(work=self._look_now.set, ends=self._waiters.ended_elsewhere)
        self._services = run_services(
            self.timers.run, lambda: self.fleet.run(self), self._look_around, self._wake_when_due,
            self._queues.run, failed=self.give_up,
        )  # fmt: skip

    async def stop(self) -> None:
        """Begin nothing new, let what is under way end within the grace time, cut the rest, and hand it all back.

        Cancelled meanwhile, it cuts at once; handing back is done all the same.
        """
        self.draining = True
        self.fleet.drain()
        try:
            await drain(self._drives.values(), self._tasks, self._clock, self._settings.grace, self._recalls.queues)
        finally:
            await to_the_end(self._cut())

    async def drained(self) -> None:
        """Return once somebody had this worker drained; raises as `check` does where it failed."""
        await self._emptying.done.wait()
        self.check()

    async def _empty(self) -> None:
        """Begin nothing new from now on, let what is under way end within the grace time, and hand the rest back.

        The worker goes on to beat, and the app to read and to start runs, which others drive.
        """
        self.draining = True
        self.fleet.drain()
        await drain(self._drives.values(), self._tasks, self._clock, self._settings.grace, self._recalls.queues)
        self._recalls.give_back()
        await cut(self._drives.values(), self._tasks)
        self._hand_back_orphans()
        await self.commits.settled()
        await in_thread(self.store.workers.drained, self.id, self._clock.now())
        self._alive.remove()

    async def _cut(self) -> None:
        self._stopping = self._served.ended = True
        self._alive.remove()
        await self._emptying.stop()
        await self._end_services()
        await asyncio.sleep(0)  # noqa: TID251 - what has just ended is still recorded
        self._recalls.give_back()
        await cut(self._drives.values(), self._tasks)
        await self.commits.close()
        await self.fleet.close(await in_thread(self.heartbeat.stop))
        gc.set_threshold(*self._collector)

    def check(self) -> None:
        """Raise WorkerFailed, or StoreLost, where nothing is driven in this process any more: a service has failed."""
        if self._gave_up is not None:
            raise self._gave_up

    def give_up(self, error: BaseException) -> None:
        """A service failed: let go of every run, hand them back, and tell whoever waits or comes to wait."""
        if self._stopping:
            return
        told = f"the worker of this process stopped: {type(error).__name__}: {error}"
        failed = WorkerFailed(f"{told}. Its runs were handed back. Correct the cause and open the app anew.")
        self._gave_up = error if isinstance(error, StoreLost | StoreMoved) else failed
        self._stopping = self._served.ended = True
        _LOG.critical("%s", told, exc_info=error)
        for active in list(self._drives.values()):
            active.drop()
        self._waiters.give_up(self._gave_up)
        self._emptying.done.set()
        self._alive.remove()
        leaving = asyncio.create_task(self._leave())
        self._tasks.add(leaving)
        leaving.add_done_callback(self._tasks.discard)

    async def _end_services(self) -> None:
        if self._services is not None:
            self._services.cancel()
            await asyncio.wait([self._services])

    async def _leave(self) -> None:
        await self._end_services()
        try:
            await self.fleet.close(await in_thread(self.heartbeat.stop))
        except StoreError as error:
            _LOG.critical("its runs could not be handed back, others take them when its beat is old: %s", error)

    async def _look_around(self) -> None:
        """Find what other processes left for this one, for ever."""
        while True:
            self._hand_back_orphans()
            await self._wake()
            self._recalls.look()
            await self._expiry.look()
            await self._costs.look()
            await asyncio.sleep(self._settings.poll)  # noqa: TID251 - other processes live in real time

    async def _wake_when_due(self) -> None:
        """Look at once when the time of a parked run has come, or there is more to look for, for ever."""
        while True:
            await self._look_now.wait()
            self._look_now.clear()
            if not await self._wake():
                self._loop.call_later(self._settings.poll, self._look_now.set)

    def _hand_back_orphans(self) -> None:
        self._orphans.hand_back(self._drives, self.commits, self._waiters.found)

    async def _wake(self) -> bool:
        """Take up what there is to do; False where the store cannot be read now."""
        try:
            woken = await self.store.wake(self.id, self._served.serving, self._clock.now())
            await self.streams.look()
            self.fleet.place(woken.placed)
            self.fleet.recover(woken.ready)
            self._backlog.told(len(woken.ready), self._served.serving.limit)
            for delivery in woken.deliveries:
                self.received(delivery)
            if woken.next_due is not None:
                self.timers.park(woken.next_due)
            await self._waiters.look(changed=woken.changed)
        except StoreError:
            return False
        return True

    def _soon(self, function: Any, *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _anew(self, worker: str) -> None:
        """Another worker declared this one dead and took its runs: drop them all, and go on under a new name."""
        for active in list(self._drives.values()):
            active.drop()
        self.id = self.commits.worker = worker
        self._orphans.clear()
        self._waiters.found()
        self._look_now.set()

    async def _fresh(self) -> None:
        worker = self.id
        if self.heartbeat.fresh(worker):
            return
        if not await in_thread(self.heartbeat.beat) or not self.heartbeat.fresh(worker):
            raise Evicted  # declared dead: our runs are somebody else's by now

    def serve(self, workflow: AnyAgent) -> None:
        """Drive runs of a workflow from now on, also those that wait already."""
        if self._served.add(workflow.card):
            self._look_now.set()

    def try_blocked_again(self) -> None:
        """Have the blocked runs of all workflows tried again: an agent was added that they may have waited for."""
        self._served.try_blocked_again()

    async def begin(self, run: NewRun) -> tuple[str, bool]:
        """Insert a run and drive it; returns its id, or that of the run which has its tag, and whether it is new."""
        self.check()
        sticky = run.affinity is not None and self.fleet.affinity_wait > 0
        here = not (self.draining or sticky) and self.fleet.reserve(run.queue)
        answer: asyncio.Future[tuple[CommitVerdict, str]] = self._loop.create_future()

        def settled(verdict: CommitAnswer, committed: Committed) -> None:
            if verdict is CommitVerdict.OK and here:  # it is driven even if nobody waits for this any more
                self._take(claimed_at_start(run, committed.started[run.id], self.id))
            elif here:
                self.fleet.release(run.queue)
            if answer.done():
                return
            if isinstance(verdict, StoreError):
                answer.set_exception(verdict)
            else:
                answer.set_result((verdict, committed.known.get(run.id, run.id)))

        self.commits.put(Start(run, here), settled)
        verdict, run_id = await answer
        return run_id, verdict is CommitVerdict.OK

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        """Claim runs and begin to drive them; returns the numbers of those that were to be had."""
        if self.draining or self._stopping:
            return ()
        self._backlog.taken(len(runs))
        wanted = [run.n for run in runs if run.n not in self._drives]
        try:
            claimed = await self.store.claim(self.id, wanted, self._served.names)
        except StoreError:  # it cannot be used for a while: the runs keep their place
            self._orphans.update(wanted)  # those that were claimed, and could not be read
            self._loop.call_later(self._settings.poll, self.fleet.place, runs)
            return ()
        if self.draining or self._stopping:  # meanwhile: others are to drive what was claimed
            self._orphans.update(each.n for each in claimed)
            return ()
        healthy = [each for each in claimed if each.run.crash_count < self._settings.quarantine_after]
        for each in healthy:
            self._take(each)
            if (trace := self._drives[each.n].trace) is not None:
                trace.claimed(each.signals)
        for each in claimed:
            if each.run.crash_count >= self._settings.quarantine_after:
                block, notice = quarantine(each.run, self._clock.now())
                self._block(each.n, each.run, block, [notice])
        return [each.n for each in healthy]

    def _block(self, number: int, run: Run, block: Block, facts: Sequence[NewFact] = ()) -> None:
        """Block a run of ours that is not in memory, then tell those who wait for it."""

        def blocked(answer: CommitAnswer, _: Committed) -> None:
            if answer is CommitVerdict.OK:
                self._tell(run.id, FinishRun(RunState.BLOCKED, block.reason, 0.0, None))
            elif isinstance(answer, StoreError):
                self._orphans.add(number)

        self.commits.put(Write(number, run.epoch, list(facts), [], block), blocked)

    def _take(self, claimed: Claimed, after: "asyncio.Task[None] | None" = None) -> None:
        if after is None:
            self._rates.begun(claimed.run.queue)
        active = ActiveRun(claimed, self.runtime, closed=self._closed)
        self._drives[claimed.n] = active
        self._driven.add(claimed.run.id)
        self._waiters.found(claimed.run.id)
        task = active.main.task = asyncio.create_task(execute(active, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.draining:  # it was started just before
            active.hold()

    def _closed(self, active: ActiveRun) -> None:
        mine = self._drives.get(active.n) is active
        if mine and active.following is not None and not (self.draining or self._stopping):
            self._take(active.following, active.main.task)
            return
        if mine:
            del self._drives[active.n]
            self._driven.discard(active.run.id)
            self.fleet.release(active.run.queue, active.n)
            self._recalls.queues.changed()
        if active.finished is not None:
            self._tell(active.run.id, active.finished)
        elif active.blocked is not None:
            self._tell(active.run.id, FinishRun(RunState.BLOCKED, active.blocked, 0.0, None))
        elif isinstance(active.broken, Unwritable):
            reason = f"what it recorded cannot be stored: {active.broken}. Correct the code, then retry the run."
            self._block(active.n, active.run, Block(reason))
        elif active.broken is not None:
            self._orphans.add(active.n)
            self._waiters.lose(active.run.id, active.broken)
        elif self.draining:
            self._orphans.add(active.n)  # others need not wait until this worker has left

    def _tell(self, run: str, end: FinishRun) -> None:
        self.streams.ring(run)
        self._waiters.tell(run, end)

    async def replays(self, claimed: Claimed) -> str:
        """Replay a run dry, which records and starts nothing; returns what does not fit, or an empty text."""
        ended: asyncio.Future[None] = self._loop.create_future()
        active = ActiveRun(claimed, self.runtime, closed=lambda _: ended.set_result(None), dry=True)
        active.main.task = asyncio.create_task(execute(active))
        await ended
        await asyncio.wait([active.main.task])
        return active.blocked or ""

    async def end_of(self, run_id: str) -> End:
        """Wait until a run has ended or is blocked, whoever drives it.

        Raises NotPossible if its value was redacted, WorkerFailed if this process can no longer tell.
        """
        self.check()
        await self.commits.settled()  # a run that is blocked may just be tried again
        return await self._waiters.end_of(run_id)

    def placed(self, runs: Sequence[Placed]) -> None:
        """These runs are ready."""
        self.fleet.place(runs)
        if self.fleet.affinity_wait and any(run.sticky for run in runs):
            self._look_now.set()  # the store tells whose turn it is

    def received(self, delivery: Delivery) -> None:
        """This is what came for a run."""
        if (active := self._drives.get(delivery.run)) is not None:
            active.receive(delivery)
