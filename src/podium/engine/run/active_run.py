"""One run in memory: takes it through replay, drives it on, and lets go of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from podium.engine.run.activity import Activity
from podium.engine.run.before_fork import DoneBefore
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.cancellation import Cancellation
from podium.engine.run.deadline import deadline_of
from podium.engine.run.describing import blocked_because
from podium.engine.run.escrow import Escrows
from podium.engine.run.generation import KEPT_SIGNALS, generation_in
from podium.engine.run.key_state import Asking
from podium.engine.run.keys import above
from podium.engine.run.mailbox import Mailbox
from podium.engine.run.reopening import history_of, standing
from podium.engine.run.replay_gate import ReplayGate
from podium.engine.run.run_journal import WRITTEN, RunJournal
from podium.engine.run.runtime import Runtime
from podium.engine.run.starting import claimed_anew
from podium.engine.run.unsettled import count_unsettled_as_spent
from podium.engine.run.unwound import warn_of_unwound
from podium.errors import Blocked, Diverged, Evicted, StoreError, UnknownAgent
from podium.model.chance import Chance, chance_of
from podium.model.fact import Fact, started_of
from podium.model.facts.calls import AttemptFailed
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.content import Prepared
from podium.model.facts.runs import Rewound
from podium.model.fallback import Degraded
from podium.model.outcome import readable
from podium.model.run import BlockedReason, Run
from podium.model.traceback import place_of
from podium.secrets.masking import MASKING
from podium.services.isolation import CommitAnswer
from podium.store.operations import (
    BeginGeneration,
    Block,
    Close,
    Committed,
    CommitVerdict,
    Delivery,
    FetchSignals,
    FinishRun,
    Park,
    TakeSignal,
    Write,
)
from podium.store.protocol import Claimed

_MOST_TIMES, _ASK_AGAIN_SECONDS = 6, 0.01
"""What came for a run is asked for so often, each time after twice as long, while the store cannot say."""


class ActiveRun:
    """Drives one run: hands out what is recorded, records what is new, and lets go when every branch waits."""

    def __init__(
        self, claimed: Claimed, runtime: Runtime, *, closed: Callable[["ActiveRun"], None], dry: bool = False
    ) -> None:
        self.n = claimed.n
        self.run: Run = claimed.run
        self.runtime = runtime
        self.history = history_of(claimed.facts)
        self.generation = generation_in(claimed.facts)
        self.main = BranchTask(self.generation.at)
        started = started_of(claimed.facts)
        self.seed = started.seed
        self.callers = started.callers
        """The workflows above this run, if it is a child."""
        self.due = deadline_of(claimed.facts)
        """When it has to be done."""
        self.budget = started.budget
        """Its own budget, as it was started with."""
        self.lines = started.lines
        """The budgets that what it does counts against: its own, and those above it."""
        self.trace = None if dry else runtime.trace_of(claimed.run, claimed.facts)
        """Follows it for an observer; None where there is none."""
        self.degraded: dict[str, Degraded] = {}
        """The calls that were answered by another agent than was asked, by key."""
        self.blocked: str | None = None
        self._raised: BaseException | None = None
        self.broken: StoreError | None = None
        self.finished: FinishRun | None = None
        self.effects: dict[str, str] = {}
        """The `once` effects that may have begun and have not ended, by key: whose they are."""
        self.uncompensated: list[str] = []
        """What could not be undone after a cancel, in words."""
        self.activity = Activity(self._on_quiet)
        self.journal = RunJournal(
            self.n, self.run, runtime, self.activity, facts=claimed.facts, answered=self._on_verdict, dry=dry
        )
        self.escrows = Escrows(self.n, self.run, runtime, self.journal, self.trace)
        self.gate = ReplayGate(self.history, self.activity, self.journal, go_live=self._go_live, dry=dry)
        self.mailbox = Mailbox(() if dry else claimed.signals, claimed.wake, runtime, self.activity, ring=self._end_due)
        self.mailbox.turns.read(claimed.facts)
        self.mailbox.reminders.read(claimed.facts)
        self.cancellation = Cancellation(
            self.run, self.main, self.due, runtime, history=self.history, journal=self.journal, mailbox=self.mailbox,
            activity=self.activity,
        )  # fmt: skip
        self._on_closed = closed
        self.dry = dry
        self.following: Claimed | None = None
        """The run as its next generation begins, once that is in the store."""
        self._parking = self._ending = False
        self._asking = False
        """Whether the store was asked what came, so that waits whose time has come can end."""
        self._known_until = float("-inf")
        """All that came before this time has been received."""
        self._unanswered = 0
        """How often in a row it could not say."""

    @property
    def closed(self) -> bool:
        """Whether this process has let go of the run."""
        return self.journal.closed

    @property
    def deadline(self) -> float | None:
        """The time after which its result is of no use."""
        return None if self.due is None else self.due.at

    @property
    def late(self) -> str:
        """The reason of a run that fails after its time was up; empty before that."""
        return "" if self.due is None or self.runtime.clock.now() < self.due.at else self.due.reason

    def chance(self, where: str) -> Chance:
        """Return the run's own source of randomness for a place in it: the same on every replay."""
        return chance_of(f"{self.seed}/{where}")

    def overturn(self, key: str) -> None:
        """Put aside what was recorded at a key before a retry: the code asks for something else there now."""
        self.history.put_aside(key)
        self.journal.append(Rewound(keys=(key,)), key)

    def taken_over(self, key: str, asking: Asking) -> tuple[str, Fact, Fact | None] | None:
        """Take what was given before a retry for what is asked at a key now: where, its end, and how it began."""
        unclaimed = self.history.unclaimed
        place = unclaimed.like(asking, key) if self.history.retried else None
        if place is None:
            return None
        if place in unclaimed:
            self.overturn(place)
        taken = unclaimed.take(place, asking)
        return None if taken is None or taken.answer is None else (place, taken.answer, taken.opened)

    def keep_log(self, key: str) -> None:
        """Keep in memory what is recorded below a key, so that the workflow there can go over it once more."""
        logs = self.journal.logs
        if key not in logs:
            kept = next((logs[at] for at in above(key) if at in logs), self.history.alive)
            known = (fact for fact in kept if fact.key.startswith(f"{key}."))
            logs[key] = [replace(fact, seq=place) for place, fact in enumerate(known)]

    def try_again(self, call: str, under: str, said: AttemptFailed) -> None:
        """Have a called workflow go once more over what is recorded below a key, or begin anew with what is left."""
        log = self.journal.logs.get(under)
        if not log:
            return
        found = standing(log)
        found.try_again(said, log, under)
        anew = said.goes_on is None
        self.history.go_over(call, under, log, void=found.void | found.lapsed, undone=found.undone, anew=anew)
        kept = (fact for fact in log if fact.seq not in found.void)
        self.journal.logs[under] = [replace(fact, seq=place) for place, fact in enumerate(kept)]

    def begin(self) -> None:
        """Take up a cancel that is already there, if nothing has to be replayed first."""
        if self.gate.is_open:
            self._go_live()

    def is_live(self, branch: BranchTask) -> bool:
        """Whether a branch may do something new at once: `live` would return without waiting or raising."""
        return self.gate.is_open and branch.cancel is not Cancel.REQUESTED

    async def live(self, branch: BranchTask, key: str) -> None:
        """Pass the gate; then deliver, at this key, a cancel that was asked for."""
        await self.gate.passed()
        await self.may_begin()
        if branch.cancel is Cancel.REQUESTED:
            said = KeysCancelled(keys=(key,), by=branch.cancelled_by)
            self.journal.append(said, key, effects=self.cancellation.close((key,)))
            await self.journal.committed()
            branch.deliver(key)

    async def may_begin(self) -> None:
        """Return at once, unless the worker stops: then wait until the run is let go, and raise Evicted."""
        if self.gate.holding:
            await self.gate.held_back()

    def _go_live(self) -> None:
        """Replay is over: open the gate, and take up what came meanwhile."""
        self.gate.end_replay()
        if not self.history.unclaimed:
            self.history.alive = []
        count_unsettled_as_spent(self.history, self.journal)
        self.gate.release()
        self.cancellation.go_live()
        self._end_due()

    # Waiting

    def receive(self, delivery: Delivery) -> None:
        """Take in what came, and hand out what branches wait for."""
        if self.closed or self.dry:
            return
        self.mailbox.refill(delivery)
        if self.gate.replaying or self._ending:
            return
        self.cancellation.take_signal()
        self.mailbox.deliver()
        self._end_due()
        if not self.activity.busy:
            self._on_quiet()

    async def caught_up(self) -> None:
        """Return once all that came until now is in the mailbox; raises Evicted where another process has the run."""
        answer, _ = await self.runtime.commits.submit(FetchSignals(self.n, self.run.epoch))
        if answer is CommitVerdict.STALE:
            self.drop()
            raise Evicted

    def _end_due(self) -> None:
        """End the waits whose time has come: sleeps at once, others when it is known what came before that time."""
        if self.closed or self._parking or self.gate.replaying:
            return
        now = self.runtime.clock.now()
        self.mailbox.end_sleeps(now)
        self.mailbox.end_due(self._known_until)
        if self.mailbox.is_due(now) and not self._asking:
            self._asking = True
            self._ask()

    def _ask(self) -> None:
        """Ask the store what came; it is received like all that comes, when it is told to have been read."""
        now = self.runtime.clock.now()

        def answered(answer: CommitAnswer, _: Committed) -> None:
            self._asking = False
            if self.closed:
                return
            if isinstance(answer, StoreError):
                self._ask_later(answer)
            elif answer is CommitVerdict.STALE:
                self.drop()  # another process has taken the run
            else:
                self._unanswered, self._known_until = 0, now

        if not self.closed:
            self.runtime.commits.put(FetchSignals(self.n, self.run.epoch), answered)

    def _ask_later(self, error: StoreError) -> None:
        """Ask again soon, a few times; then let go of the run until the store can be used."""
        self._unanswered += 1
        if self._unanswered > _MOST_TIMES:
            self.lose(error)
        else:
            self._asking = True
            asyncio.get_running_loop().call_later(_ASK_AGAIN_SECONDS * 2**self._unanswered, self._ask)

    def _on_quiet(self) -> None:
        """Every branch waits: go on to what is new, or park, or find that the code does not fit the journal."""
        if self.closed or self.blocked is not None or self._parking:
            return
        if self.history.unseen and (self.gate.replaying or self.dry):
            key, recorded = self.history.first_unseen()
            raised = "" if self._raised is None else f": it raised {place_of(self._raised)}"
            self.block_for(Diverged(key, recorded, f"nothing under this key{raised}"))
            return
        if self.dry:
            self.drop()
            return
        if self.gate.replaying:
            self._go_live()
            if self.activity.busy:
                return
        self._end_due()
        if self.activity.busy or self._asking:
            return
        if not self.gate.held:
            self._park()
        elif not self.effects:
            self.escrows.give_back()
            self.drop()

    def _park(self) -> None:
        """Leave memory until a signal or the next time comes."""
        dues = [due for due in (self.mailbox.next_due(), self.cancellation.next_due) if due is not None]
        self._parking = True
        self._leave_with(Park(self.mailbox.wake, min(dues, default=None)))

    # Letting go

    def hold(self) -> None:
        """Begin nothing new: what is under way may end, and then the run is let go."""
        if self.gate.replaying:
            self.drop()  # nothing of it is under way yet
        else:
            self.gate.hold()

    def finish(self, end: FinishRun) -> None:
        """End the run with this loop turn's commit; nothing is recorded after it."""
        if self.dry:
            self.finished = end
            self.drop()
        else:
            self._ending = True  # what comes until that is committed comes too late
            self._leave_with(end)

    def restart(self, version: str, input: bytes) -> None:
        """Begin the next generation with this loop turn's commit; nothing more is recorded of this one."""
        self._parking = self._ending = True
        begun = self.mailbox.turns.noted(
            self.generation.next(version, self.due, self.journal.allowed.at(self.generation.path))
        )
        said = DoneBefore(self.history.done_before(), ()).noted(begun)
        unread = [TakeSignal(each.id) for each in self.mailbox.left if each.kind not in KEPT_SIGNALS]
        unwanted = self.mailbox.turns.release([*self.mailbox.turns.wanted], self.runtime.clock.now())
        self.journal.append(said, "", input, [*unread, *unwanted], last=True)
        for fact in self.generation.begun_before:
            self.journal.append(Prepared(fact.kind, fact.text), fact.key, last=True)
        self.journal.close_with(BeginGeneration(said.generation, version, 1 + len(self.generation.begun_before)))

    def note_raised(self, error: BaseException) -> None:
        """Note what code raised before it had asked for all that is recorded: that may be why it does not ask."""
        if self.history.unseen:
            self._raised = error

    def block_for(self, error: Blocked | UnknownAgent) -> None:
        """Stop, for what the code cannot go on with."""
        handled = error.__context__
        while_handling = isinstance(error, Diverged) and error.__cause__ is None and isinstance(handled, Exception)
        reason = f"{error} It was handling {place_of(handled)}." if while_handling and handled else str(error)
        self.block(reason, blocked_because(error))

    def block(self, reason: str, cause: BlockedReason) -> None:
        """Stop: code and journal do not agree."""
        if self.blocked is None and not self.closed:
            self.blocked = readable(MASKING.text(reason))
            if self.dry:
                self.drop()
            else:
                self._ending = True
                self._leave_with(Block(self.blocked, cause))

    def lose(self, error: StoreError) -> None:
        """The store cannot be used, or cannot take what the run recorded: let go of it, as far as it is recorded."""
        self.broken = error
        self.journal.abandon()
        self.drop()

    def drop(self) -> None:
        """Let go of the run: every branch is unwound, and nothing it still does is recorded."""
        if not self.closed:
            self.journal.close()
            self.cancellation.end()
            self.main.evict()
            self._on_closed(self)

    def _leave_with(self, close: Close) -> None:
        """Leave memory with the commit of this loop turn; what the run holds in escrow goes back with it."""
        self.escrows.give_back()
        self.journal.close_with(close)

    def _on_verdict(self, write: Write, verdict: CommitAnswer, committed: Committed) -> None:
        """The store has committed a write of this run, or has refused it."""
        if self.trace is not None and verdict in WRITTEN:
            self.trace.committed(write.facts)
        if committed.drawn_on:
            self.escrows.retire(committed.drawn_on)
        if isinstance(verdict, StoreError):
            self.lose(verdict)
        elif verdict is CommitVerdict.AWAKE:
            self._parking = False  # what woke it is received next
            self.cancellation.check_time()
        elif verdict is CommitVerdict.STALE:
            self.drop()  # another process has taken the run
        elif write.close is not None:
            self._on_left(write, write.close, committed)

    def _on_left(self, write: Write, close: Close, committed: Committed) -> None:
        """The run is parked, blocked or ended, or begins again, by a write that is in the store."""
        if isinstance(close, Park):
            warn_of_unwound(self.main)
            if close.wake_at is not None:
                self.runtime.timers.park(close.wake_at)
        elif isinstance(close, FinishRun):
            self.finished = close
        elif isinstance(close, BeginGeneration) and self.history.started is not None:
            came, count = committed.deliveries[self.n], self.journal.emitter.facts
            self.following = claimed_anew(self.run, self.n, self.history.started, write, close, came, count)
        self.drop()
