"""One run in memory: its facts so far, its strands, and what they wait for."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.deadline import deadline_of
from podium.engine.run.escrow import Escrows
from podium.engine.run.history import History
from podium.engine.run.runtime import Runtime
from podium.errors import Blocked, Diverged, Evicted, StoreError
from podium.model.budget import BudgetLine, lines_of
from podium.model.chance import Chance, chance_of
from podium.model.fact import Fact, FactKind
from podium.model.fallback import Degraded
from podium.model.json import Json
from podium.model.run import Run, Signal
from podium.secrets.masking import MASKING
from podium.services.group_commit import CommitBatch
from podium.services.timers import Timer
from podium.store.codec import encode
from podium.store.operations import (
    Block,
    Close,
    Committed,
    CommitVerdict,
    Effect,
    FinishRun,
    NewFact,
    Park,
    Settle,
    TakeSignal,
    Tell,
    WithdrawQuestion,
    Write,
)
from podium.store.protocol import Claimed

_MOST_IN_A_ROW = 16
"""A run that is alone commits so often without a turn of the event loop; then others of the program get theirs."""

_LOG = logging.getLogger("podium")


@dataclass(slots=True)
class Wait:
    """A strand that waits durably."""

    future: asyncio.Future[Signal | None]
    kind: str
    name: str
    due: float | None


class ActiveRun:
    """Drives one run: hands out what is recorded, records what is new, and lets go when everything waits."""

    def __init__(
        self, claimed: Claimed, runtime: Runtime, *, closed: Callable[["ActiveRun"], None], dry: bool = False
    ) -> None:
        self.n = claimed.n
        self.run: Run = claimed.run
        self.runtime = runtime
        self.history = History(claimed.facts)
        self.replaying = self.history.unseen
        self.main = BranchTask(claimed.facts[0].at)
        started = claimed.facts[0].body
        self.seed: int = started["seed"]
        self.callers: tuple[str, ...] = tuple(started.get("callers", ()))
        """The workflows above this run, where it is a child."""
        self.due = deadline_of(claimed.facts)
        """When it has to be done."""
        self.budget: Json = started.get("budget", {})
        """Its own budget, as it was started with."""
        self.lines: tuple[BudgetLine, ...] = lines_of(started)
        """The budgets that what it does counts against: its own, and those above it."""
        self.escrows = Escrows(self)
        self.degraded: dict[str, Degraded] = {}
        """The calls that somebody else answered than was asked, by key."""
        self.closed = False
        self.blocked: str | None = None
        self.broken: StoreError | None = None
        self.finished: FinishRun | None = None
        self.uncompensated: list[str] = []
        """What could not be undone after a cancel, in words."""
        self._on_closed = closed
        self._dry = dry
        self._wake = claimed.wake
        self._count = len(claimed.facts)
        self._warn_at = runtime.max_facts // 2
        self._mailbox = [] if dry else list(claimed.signals)
        self._busy = 1
        self._gate: list[asyncio.Future[None]] = []
        self._when_live: list[asyncio.Future[None]] = []
        self._waits: dict[str, Wait] = {}
        self._in_a_row = 0
        self._handed: set[str] = set()
        """Signals that somebody was given; the store may not know yet that they were taken."""
        self._writes: list[Write] = []
        self._batch: CommitBatch | None = None
        self._parking = False
        self._alarm: Timer | None = None
        """Rings when the run has to be done."""

    @property
    def deadline(self) -> float | None:
        """The time after which its result is of no use."""
        return None if self.due is None else self.due.at

    @property
    def late(self) -> str:
        """What there is to say of a run that fails after its time was up; empty while it is not."""
        return "" if self.due is None or self.runtime.clock.now() < self.due.at else self.due.reason

    def chance(self, where: str) -> Chance:
        """Return the run's own source of randomness for a place in it: the same on every replay."""
        return chance_of(f"{self.seed}/{where}")

    # Recording

    def append(
        self, kind: FactKind, key: str, body: bytes, payload: bytes | None = None, effects: Sequence[Effect] = ()
    ) -> float:
        """Record a fact with this loop turn's commit; returns its time. Raises Evicted once the run is let go."""
        if self.closed:
            raise Evicted
        at = self.runtime.clock.now()
        if self._dry:
            return at
        self._count += 1
        if self._count >= self._warn_at:
            self._check_count()
        self.writing().facts.append(NewFact(kind, key, at, body, payload))
        if effects:
            self._writes[-1].effects.extend(effects)
        return at

    def counted(self) -> float:
        """Count a fact that goes its own way into the journal; returns the time for it. Raises Evicted."""
        if self.closed:
            raise Evicted
        self._count += 1
        return self.runtime.clock.now()

    def _check_count(self) -> None:
        """Warn of a run that has half of the facts it may have; raise Blocked where it has them all."""
        most = self.runtime.max_facts
        if self._count > most:
            raise Blocked(
                f"it has {most} facts, as many as most_facts allows. Raise the setting and retry the run, "
                "or divide the work among child runs."
            )
        if self._warn_at < most:
            _LOG.warning("run %s has %s facts; at %s it will be blocked", self.run.id, self._count, most)
            self._warn_at = most

    async def committed(self) -> None:
        """Return once all that was appended is in the store; raises Evicted where the store refused it."""
        batch = self._batch
        if batch is not None and not batch.done:
            self.hurry()
            if not batch.done:
                self._in_a_row = 0
                await batch.wait()
        if self.closed:
            raise Evicted

    def hurry(self) -> None:
        """Commit at once, without a turn of the loop, where nobody else has anything to commit with it."""
        if self._busy == 1 and self._in_a_row < _MOST_IN_A_ROW and self.runtime.alone():
            self._in_a_row += 1
            self.runtime.commits.flush_alone()

    def writing(self) -> Write:
        """Return what this run has committed with this loop turn."""
        batch = self.runtime.commits.batch
        if self._batch is not batch or not self._writes:
            self._writes.append(Write(self.n, self.run.epoch))
            self._batch = batch
            self.runtime.commits.put(self._writes[-1], self._settled)
        return self._writes[-1]

    def _settled(self, verdict: CommitVerdict | StoreError, committed: Committed) -> None:
        write = self._writes.pop(0)
        if committed.drawn_on:
            self.escrows.drawn_on(committed.drawn_on)
        if isinstance(verdict, StoreError):
            self.lose(verdict)
        elif verdict is CommitVerdict.AWAKE:
            self._parking = False
            self.reload()
            self._check_time()
            if not self._busy:
                self._quiet()
        elif verdict is CommitVerdict.STALE or write.close is not None:
            self._gone(write, stale=verdict is CommitVerdict.STALE)

    def _gone(self, write: Write, *, stale: bool) -> None:
        """The run is no longer ours: taken by somebody else, or parked, blocked or ended by this write."""
        if not stale and isinstance(write.close, Park) and write.close.wake_at is not None:
            self.runtime.timers.park(write.close.wake_at)
        if not stale and isinstance(write.close, FinishRun):
            self.finished = write.close
        self.drop()

    def drop(self) -> None:
        """Let go of the run: every strand is unwound, and nothing it still does is recorded."""
        if not self.closed:
            self.closed = True
            if self._alarm is not None:
                self._alarm.cancel()
            self.main.evict()
            self._on_closed(self)

    def finish(self, end: FinishRun) -> None:
        """End the run with this loop turn's commit; nothing is recorded after it."""
        if self._dry:
            self.finished = end
            self.drop()
        else:
            self._close(end)

    def _close(self, close: Close) -> None:
        """Leave memory with this loop turn's commit; what was set aside ahead goes back with it."""
        self.escrows.give_back()
        self.writing().close = close

    def lose(self, error: StoreError) -> None:
        """The store cannot be used: let go of the run, which stays as far as it was recorded."""
        self.broken = error
        self.drop()

    def block(self, reason: str) -> None:
        """Stop: code and journal do not agree."""
        if self.blocked is None and not self.closed:
            self.blocked = MASKING.text(reason)
            if self._dry:
                self.drop()
            else:
                self._close(Block(self.blocked))

    # Replaying

    def begin(self) -> None:
        """Take up a cancel that is already there, where nothing has to be replayed first."""
        if not self.replaying and not self._dry:
            self._go_live()

    async def gate(self) -> None:
        """Return once all that is recorded was handed out. In a dry replay nothing gets past it."""
        if self.replaying and not self.history.unseen and not self._dry:
            self._go_live()
        if not self.replaying and not self._dry:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gate.append(future)
        self.idle()
        try:
            await future
        except asyncio.CancelledError:
            if self.closed:
                raise Evicted from None
            raise

    def wake_when_live(self, future: "asyncio.Future[None]") -> None:
        """Have the future of a strand that is idle done when replay is over, if it is not done before."""
        self._when_live.append(future)

    def is_live(self, branch: BranchTask) -> bool:
        """Whether a strand may do something new at once: `live` would return without waiting or raising."""
        return not (self.replaying or self._dry) and branch.cancel is not Cancel.REQUESTED

    async def live(self, branch: BranchTask, key: str) -> None:
        """Pass the gate; then deliver, at this key, a cancel that was asked for."""
        if self.replaying or self._dry:
            await self.gate()
        if branch.cancel is Cancel.REQUESTED:
            self.append(FactKind.CANCELLED, key, encode({"keys": [key], "by": branch.cancelled_by}))
            await self.committed()
            branch.deliver(key)

    def _go_live(self) -> None:
        self.replaying = False
        self._settle_doubts()
        gate, self._gate = self._gate, []
        gate.extend(future for future in self._when_live if not future.done())
        self._when_live.clear()
        self._busy += len(gate)
        for future in gate:
            future.set_result(None)
        self._take_cancel()
        if self.history.cancelling is not None:
            self.cancel_branches([self.main], "")
        elif self.due is not None:
            self._alarm = self.runtime.timers.at(self.due.at, self._check_time)
            self._check_time()

    def _settle_doubts(self) -> None:
        """Count as spent what an earlier process had set aside when it died: nobody knows what became of it."""
        for reservation, (key, body) in self.history.reserved.items():
            said = {**body, "in_doubt": True}
            self.append(FactKind.SETTLED, key, encode(said), effects=[Settle(reservation, None, in_doubt=True)])
        self.history.reserved.clear()

    # Busy and quiet

    def idle(self) -> None:
        """One strand fewer has something to do."""
        self._busy -= 1
        if not self._busy:
            self._quiet()

    def resume(self, count: int = 1) -> None:
        """So many strands more have something to do."""
        self._busy += count

    def _quiet(self) -> None:
        """Every strand waits: go on to what is new, or park, or find that the code does not fit the journal."""
        if self.closed or self.blocked is not None or self._parking:
            return
        if self.history.unseen and (self.replaying or self._dry):
            key, recorded = self.history.first_unseen()
            self.block(str(Diverged(key, recorded, "nothing under this key")))
            return
        if self._dry:
            self.drop()
            return
        if self.replaying:
            self._go_live()
            if self._busy:
                return
        now = self.runtime.clock.now()
        for wait in [wait for wait in self._waits.values() if wait.due is not None and wait.due <= now]:
            self._release(wait, None)
        if not self._busy:
            dues = [wait.due for wait in self._waits.values() if wait.due is not None]
            if self.due is not None and self.history.cancelling is None:
                dues.append(self.due.at)
            self._parking = True
            self._close(Park(self._wake, min(dues, default=None)))

    # Waiting

    async def wait(self, branch: BranchTask, key: str, kind: str, name: str, due: float | None) -> Signal | None:
        """Wait durably for a signal of this kind and name; None once the time `due` has come."""
        if (signal := self._from_mailbox(kind, name, due)) is not None:
            return signal
        future: asyncio.Future[Signal | None] = asyncio.get_running_loop().create_future()
        self._waits[key] = Wait(future, kind, name, due)
        timer = None if due is None else self.runtime.timers.at(due, lambda: self._due(key))
        self.idle()
        try:
            return await branch.at(key, future)
        except BaseException:
            if future.done() and not future.cancelled() and (unused := future.result()) is not None:
                self._handed.discard(unused.id)
                self._mailbox.insert(0, unused)
            raise
        finally:
            self._waits.pop(key, None)
            if timer is not None:
                timer.cancel()

    def _from_mailbox(self, kind: str, name: str, due: float | None = None) -> Signal | None:
        """Take the oldest signal of a kind and name that came before `due`, even if nobody was here at that time."""
        for index, signal in enumerate(self._mailbox):
            if signal.kind == kind and signal.name == name and (due is None or signal.at < due):
                self._handed.add(signal.id)
                return self._mailbox.pop(index)
        return None

    def _release(self, wait: Wait, signal: Signal | None) -> None:
        if not wait.future.done():
            self.resume()
            wait.future.set_result(signal)

    def _due(self, key: str) -> None:
        """A timer rang: signals that came before it go first."""
        wait = self._waits.get(key)
        if wait is None or self.closed or self._parking or wait.due is None:
            return
        self.reload()
        if wait.due <= self.runtime.clock.now():
            self._release(wait, None)

    def reload(self) -> None:
        """Read the inbox again and hand out what somebody waits for."""
        if self.closed or self._dry:
            return
        self._wake, signals = self.runtime.store.signals(self.n)
        self._mailbox = [signal for signal in signals if signal.id not in self._handed]
        if self.replaying:
            return
        self._take_cancel()
        for wait in list(self._waits.values()):
            if not wait.future.done() and (signal := self._from_mailbox(wait.kind, wait.name, wait.due)) is not None:
                self._release(wait, signal)

    # Cancelling

    def _take_cancel(self) -> None:
        signal = self._from_mailbox("cancel", "cancel")
        if signal is not None:
            self._cancel(signal, [TakeSignal(signal.id)])

    def _cancel(self, signal: Signal, effects: list[Effect]) -> None:
        """Record that the run is to stop, tell its children, and cut it where it stands."""
        effects.extend(Tell(child, signal) for child in self.history.spawned)
        at = self.append(FactKind.CANCELLING, "", encode(signal.body), effects=effects)
        self.main.last_at = at
        if self.history.cancelling is None:
            self.history.cancelling = Fact(-1, FactKind.CANCELLING, "", at, self.run.epoch, signal.body)
        self.cancel_branches([self.main], "")

    def _check_time(self) -> None:
        """Stop the run once its time is up, unless it is stopped already, or about to leave memory."""
        closing = any(write.close is not None for write in self._writes)
        if self.due is None or self.closed or closing or self.history.cancelling is not None:
            return
        now = self.runtime.clock.now()
        if now >= self.due.at:
            self._cancel(Signal("cancel", "cancel", "cancel", self.due.body, now), [])

    def cancel_branches(self, branches: Iterable[BranchTask], by: str) -> None:
        """Cancel strands: those that stand at a key are cut there, the others at their next."""
        keys: list[str] = []
        for branch in branches:
            branch.request_cancel(by, keys)
        if not keys:
            return
        cut = [wait for key in keys if (wait := self._waits.pop(key, None)) is not None]
        effects = [WithdrawQuestion(wait.name) for wait in cut if wait.kind == "answer"]
        self.append(FactKind.CANCELLED, "", encode({"keys": keys, "by": by}), effects=effects)
        self.resume(sum(wait.future.cancelled() for wait in cut))
