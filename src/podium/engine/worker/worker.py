"""Drives runs: takes ownership of them, keeps them in memory while they have something to do, and lets go."""

import asyncio
import gc
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from podium.dispatch.dispatcher import Dispatcher
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.recalls import Recalls
from podium.engine.run.runtime import Runtime
from podium.engine.settings import EngineSettings
from podium.engine.worker.execute import execute
from podium.engine.worker.in_process import InProcessFleet
from podium.errors import Evicted, NotPossible, StoreBusy, StoreError, Unwritable, WorkerFailed
from podium.in_threads import in_thread
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind
from podium.model.facts.notices import RunQuarantined
from podium.model.facts.runs import Redacted
from podium.model.ids import Ids
from podium.model.run import BlockedReason, Run, RunState
from podium.services.group_commit import GroupCommit
from podium.services.heartbeat import Heartbeat
from podium.services.isolation import CommitAnswer
from podium.services.stream import Streams
from podium.services.supervision import run_services
from podium.services.timers import Timers
from podium.store.codec import decode
from podium.store.operations import Block, Committed, CommitVerdict, FinishRun, NewFact, NewRun, Placed, Start, Write
from podium.store.protocol import Claimed, Store

_LOG = logging.getLogger("podium")

_LOOKED_AT = 500
"""So many runs that others may have ended are looked at in one go."""
_PYTHON_THRESHOLD = 2_000
_THRESHOLD = 50_000


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, for those who wait for it in this process."""

    state: RunState
    outcome: Any
    reason: str


class Worker:
    """The runs that this process drives."""

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Clock, ids: Ids, settings: EngineSettings) -> None:
        self.id = ids.new("w")
        self.store = store
        self.dispatcher = dispatcher
        self.streams = Streams()
        self.fleet = InProcessFleet(settings.slots, probation=settings.lease)
        self.commits = GroupCommit(store, self.id, self)
        self.timers = Timers(clock, self._wake_parked)
        self._recalls = Recalls()
        self._clock = clock
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._drives: dict[int, ActiveRun] = {}
        self._lost: dict[str, StoreError] = {}
        """Why runs were let go that are ours still, for those who come to wait for them only then."""
        self._driven: set[str] = set()
        """The ids of the runs in `_drives`."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, list[asyncio.Future[End]]] = {}
        self._versions: dict[str, set[str]] = {}
        self._orphans: set[int] = set()
        """Runs that are ours in the store, but were let go because the store could not be written."""
        self._stopping = False
        self._services: asyncio.Task[None] | None = None
        self._gave_up: WorkerFailed | None = None
        self._collector = gc.get_threshold()
        self._heartbeat = Heartbeat(
            store.workers, self.id, clock, settings.lease,
            found=lambda placed: self._soon(self.placed, placed),
            reborn=lambda worker: self._soon(self._begin_anew, worker), new_id=lambda: ids.new("w"),
            failed=lambda error: self._soon(self._give_up, error),
        )  # fmt: skip
        self.runtime = Runtime(
            commits=self.commits, dispatcher=dispatcher, clock=clock, timers=self.timers, streams=self.streams,
            ids=ids, store=store,
            alone=lambda: len(self._drives) == 1, fresh=self._fresh, serve=self.serve, recalls=self._recalls,
            max_facts=settings.max_facts,
            max_payload_bytes=settings.max_payload_bytes, max_depth=settings.max_depth, prices=settings.prices,
            watches_loops=settings.watches_loops,
        )  # fmt: skip

    # Life

    def start(self) -> None:
        """Begin to beat and to drive what is ready."""
        self._collector = relax_collector()
        self._heartbeat.start()
        self._services = run_services(
            self.timers.run, lambda: self.fleet.run(self), self._look_around, failed=self._give_up
        )

    async def stop(self) -> None:
        """Let go of every run, record what is done, and hand the rest back."""
        self._stopping = True
        await self._end_services()
        await asyncio.sleep(0)  # noqa: TID251 - what has just ended is still recorded
        self._recalls.give_back()
        for active in list(self._drives.values()):
            active.drop()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.commits.close()
        await in_thread(self._heartbeat.stop)
        gc.set_threshold(*self._collector)

    def check(self) -> None:
        """Raise WorkerFailed where one of the services has failed: nothing is driven in this process any more."""
        if self._gave_up is not None:
            raise self._gave_up

    def _give_up(self, error: BaseException) -> None:
        """A service failed: let go of every run, hand them back, and tell whoever waits or comes to wait."""
        if self._stopping:
            return
        told = f"the worker of this process stopped: {type(error).__name__}: {error}. Its runs were handed back."
        self._gave_up, self._stopping = WorkerFailed(f"{told} Correct the cause and open the app anew."), True
        _LOG.critical("%s", told, exc_info=error)
        for active in list(self._drives.values()):
            active.drop()
        waiting, self._waiting = self._waiting, {}
        for future in (future for futures in waiting.values() for future in futures if not future.done()):
            future.set_exception(self._gave_up)
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
            await in_thread(self._heartbeat.stop)
        except StoreError as error:
            _LOG.critical("its runs could not be handed back, others take them when its beat is old: %s", error)

    async def _look_around(self) -> None:
        """Find what other processes left for this one, for ever."""
        looked = False
        while True:
            try:
                self._adopt_orphans()
                if self.store.changed_elsewhere() or not looked:
                    looked = False
                    self._look()
                    await self._look_after_waiting()
                    looked = True
            except StoreError:
                pass  # a store that cannot be read now: the next look tries again
            self._recalls.look()
            await asyncio.sleep(self._settings.poll)  # noqa: TID251 - other processes live in real time

    def _adopt_orphans(self) -> None:
        """Drive on the runs that were let go, now that the store may be written again."""
        if self._orphans:
            self.fleet.place(self.store.hand_back(self.id, [n for n in self._orphans if n not in self._drives]))
            self._orphans.clear()
            self._lost.clear()

    def _look(self) -> None:
        for name, versions in self._versions.items():
            self.fleet.place(self.store.unblock(name, list(versions)))
        self.fleet.place(self.store.ready(list(self._versions), self._settings.slots))
        self.woken(self.store.woken(self.id))
        if (due := self.store.next_due()) is not None:
            self.timers.park(due)

    async def _look_after_waiting(self) -> None:
        """Tell those who wait for runs that other processes ended."""
        for run_id in [run_id for run_id in self._waiting if run_id not in self._driven][:_LOOKED_AT]:
            await self._tell_ended(run_id)

    def _wake_parked(self) -> None:
        try:
            self.fleet.place(self.store.wake_due(self._clock.now()))
            if (due := self.store.next_due()) is not None:
                self.timers.park(due)  # of a run that was parked by another process
        except StoreBusy:
            self.timers.park(self._clock.now() + 0.01)
        except StoreError:
            self.timers.park(self._clock.now() + self._settings.poll)

    def _soon(self, function: Any, *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _begin_anew(self, worker: str) -> None:
        """Another worker declared this one dead and took its runs: drop them all, and go on under a new name."""
        for active in list(self._drives.values()):
            active.drop()
        self.id = self.commits.worker = worker
        self._orphans.clear()
        self._lost.clear()
        self._look()

    async def _fresh(self) -> None:
        worker = self.id
        if self._heartbeat.fresh(worker):
            return
        if not await in_thread(self._heartbeat.beat) or not self._heartbeat.fresh(worker):
            raise Evicted  # declared dead: our runs are somebody else's by now

    # Runs

    def serve(self, workflow: AnyAgent) -> None:
        """Drive runs of a workflow from now on, also those that wait already."""
        card = workflow.card
        versions = self._versions.setdefault(card.name, set())
        if card.version not in versions:
            versions.add(card.version)
            self._unblock(card.name)

    def try_blocked_again(self) -> None:
        """Have the blocked runs of all workflows tried again: an agent was added that they may have waited for."""
        for name in self._versions:
            self._unblock(name)

    def _unblock(self, name: str) -> None:
        """Have blocked runs tried again; while another process writes, a little later."""
        if self._stopping:
            return
        try:
            self.fleet.place(self.store.unblock(name))
        except StoreBusy:
            self._loop.call_later(0.01, self._unblock, name)
        self.fleet.place(self.store.ready([name], self._settings.slots))

    async def begin(self, run: NewRun) -> tuple[str, bool]:
        """Insert a run and drive it; returns its id, or that of the run which has its tag, and whether it is new."""
        self.check()
        here = self.fleet.reserve()
        answer: asyncio.Future[tuple[CommitVerdict, str]] = self._loop.create_future()

        def settled(verdict: CommitAnswer, committed: Committed) -> None:
            if verdict is CommitVerdict.OK and here:  # it is driven even if nobody waits for this any more
                self._take(Claimed(committed.started[run.id], _fresh_run(run, self.id), 0, [_first(run)], []))
            elif here:
                self.fleet.release()
            if answer.done():
                return
            if isinstance(verdict, StoreError):
                answer.set_exception(verdict)
            else:
                answer.set_result((verdict, committed.known.get(run.id, run.id)))

        self.commits.put(Start(run, here), settled)
        verdict, run_id = await answer
        return run_id, verdict is CommitVerdict.OK

    def drive(self, runs: Sequence[Placed]) -> int:
        """Claim runs and begin to drive them; returns how many were to be had."""
        if self._stopping:
            return 0
        wanted = [run.n for run in runs if run.n not in self._drives]
        try:
            claimed = self.store.claim(self.id, wanted, list(self._versions))
        except StoreError as error:  # busy, or not to be used for a while: the runs keep their place
            self._orphans.update(wanted)  # those that were claimed, and could not be read
            later = 0.01 if isinstance(error, StoreBusy) else self._settings.poll
            self._loop.call_later(later, self.fleet.place, runs)
            return 0
        healthy = [each for each in claimed if each.run.crash_count < self._settings.quarantine_after]
        for each in healthy:
            self._take(each)
        for each in claimed:
            if each.run.crash_count >= self._settings.quarantine_after:
                self._quarantine(each)
        return len(healthy)

    def _quarantine(self, claimed: Claimed) -> None:
        """Set a run aside that kills its processes: nobody drives it until a person has it tried again."""
        run = claimed.run
        reason = (
            f"quarantined: {run.crash_count} processes in a row died while they drove it. Find out why "
            f"(memory? a crash in native code?), then `podium dead-letters requeue {run.id}`, or discard it."
        )

        notice = NewFact.saying(RunQuarantined(strikes=run.crash_count), "", self._clock.now())
        self._block(claimed.n, run, Block(reason, BlockedReason.QUARANTINED), [notice])

    def _block(self, number: int, run: Run, block: Block, facts: Sequence[NewFact] = ()) -> None:
        """Block a run of ours that is not in memory, then tell those who wait for it."""

        def blocked(answer: CommitAnswer, _: Committed) -> None:
            if answer is CommitVerdict.OK:
                self._tell(run.id, FinishRun(RunState.BLOCKED, block.reason, 0.0, None))
            elif isinstance(answer, StoreError):
                self._orphans.add(number)

        self.commits.put(Write(number, run.epoch, list(facts), [], block), blocked)

    def _take(self, claimed: Claimed) -> None:
        active = ActiveRun(claimed, self.runtime, closed=self._closed)
        self._drives[claimed.n] = active
        self._driven.add(claimed.run.id)
        self._lost.pop(claimed.run.id, None)
        task = asyncio.create_task(execute(active))
        active.main.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _closed(self, active: ActiveRun) -> None:
        if self._drives.get(active.n) is active:
            del self._drives[active.n]
            self._driven.discard(active.run.id)
            self.fleet.release(active.n)
        if active.finished is not None:
            self._tell(active.run.id, active.finished)
        elif active.blocked is not None:
            self._tell(active.run.id, FinishRun(RunState.BLOCKED, active.blocked, 0.0, None))
        elif isinstance(active.broken, Unwritable):
            reason = f"what it recorded cannot be stored: {active.broken}. Correct the code, then retry the run."
            self._block(active.n, active.run, Block(reason))
        elif active.broken is not None:
            self._orphans.add(active.n)
            self._lost[active.run.id] = active.broken
            for future in self._waiting.pop(active.run.id, ()):
                if not future.done():
                    future.set_exception(active.broken)

    def _tell(self, run: str, end: FinishRun) -> None:
        self.streams.end(run)
        for future in self._waiting.pop(run, ()):
            if not future.done():
                future.set_result(End(end.state, end.outcome, end.reason))

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
        future: asyncio.Future[End] = self._loop.create_future()
        self._waiting.setdefault(run_id, []).append(future)
        try:
            if run_id in self._lost:
                raise self._lost[run_id]
            if run_id not in self._driven:
                await self._tell_ended(run_id)
            end = await future
            if end.state is RunState.DONE and "redacted" in end.outcome:
                raise NotPossible(f"run {run_id} was redacted by {end.outcome['redacted']}: what it gave is gone.")
            return end
        finally:
            left = [each for each in self._waiting.get(run_id, ()) if each is not future]
            if left:
                self._waiting[run_id] = left
            else:
                self._waiting.pop(run_id, None)

    async def _tell_ended(self, run_id: str) -> None:
        """Tell the waiters of a run that was ended by another process, or before they came."""
        run = await self.store.run(run_id)
        if run is None:
            return
        if run.state.ended:
            last = (await self.store.facts(run_id, after=run.facts - 2))[-1]
            outcome = {"state": run.state, "value": decode(last.payload), "reason": run.reason}
            if isinstance(said := last.content, Redacted):
                outcome["redacted"] = said.by
            self._tell(run_id, FinishRun(run.state, run.reason, 0.0, outcome))
        elif run.state is RunState.BLOCKED:
            self._tell(run_id, FinishRun(run.state, run.reason, 0.0, None))

    # Told by commits

    def placed(self, runs: Sequence[Placed]) -> None:
        """These runs are ready."""
        self.fleet.place(runs)

    def woken(self, runs: Sequence[int]) -> None:
        """These runs have new signals."""
        for number in runs:
            if (active := self._drives.get(number)) is not None:
                active.reload()


def relax_collector() -> tuple[int, int, int]:
    """Have Python look for reference cycles less often: with thousands of runs it took a third of the time.

    Returns the thresholds as they were. A program that has set its own keeps them.
    """
    before = gc.get_threshold()
    if before[0] <= _PYTHON_THRESHOLD:
        gc.set_threshold(_THRESHOLD, *before[1:])
    return before


def _first(run: NewRun) -> Fact:
    return Fact(0, FactKind.STARTED, "", run.at, 1, run.started.body, run.started.payload)


def _fresh_run(run: NewRun, owner: str) -> Run:
    return Run(
        id=run.id, workflow=run.workflow, version=run.version, state=RunState.RUNNING, epoch=1, queue=run.queue,
        priority=run.priority, created_at=run.at, ended_at=None, wake_at=None, parent=run.parent, root=run.root,
        tenant=run.tenant, principal=run.principal, owner=owner, facts=1, reason="", tag=run.tag,
    )  # fmt: skip
