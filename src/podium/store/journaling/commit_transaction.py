"""One group commit: everything that all runs of a process want to record in one loop turn, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from podium.model.budget_ids import budget_of_run, share_of_run
from podium.model.event_types import EventType
from podium.model.question import QuestionState
from podium.model.run import RunState, child_ended
from podium.store.asking import Expire, KeepRemark, OpenQuestion, Reply, WithdrawQuestion
from podium.store.conversing import AppendTurn, ReleaseTurn, WantTurn
from podium.store.inserting import NewFact, NewRun
from podium.store.journaling.appending import Head, Salts
from podium.store.journaling.books import Books
from podium.store.journaling.budgets import settle_run
from podium.store.journaling.chain import GENESIS
from podium.store.journaling.deleting import Deletions
from podium.store.journaling.escrows import pay
from podium.store.journaling.events import EventEntries
from podium.store.journaling.inbox import InboxWriter
from podium.store.journaling.journals import Journals
from podium.store.journaling.ledger import LedgerEntries
from podium.store.journaling.lookahead import Lookahead, is_worthwhile
from podium.store.journaling.recorded_changes import RecordedChange, RecordedChanges
from podium.store.journaling.recording import ChangeRecords
from podium.store.journaling.reserving import Reserving
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.standings import Newcomers, Standings
from podium.store.journaling.transaction import Owned, Transaction
from podium.store.journaling.turns import Turns
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import (
    BeginGeneration,
    Block,
    Close,
    Committed,
    CommitVerdict,
    Effect,
    FetchSignals,
    FinishRun,
    HandBack,
    Operation,
    Park,
    Prune,
    Redact,
    Release,
    Reserve,
    Send,
    Spawn,
    Start,
    StopWaiting,
    TakeSignal,
    Tell,
    Unblock,
    Write,
)


class CommitTransaction:
    """Carries out operations inside a transaction of a backend."""

    __slots__ = (
        "_claims", "_entries", "_events", "_fenced", "_let_go", "_newcomers", "_open_books", "_open_deletions",
        "_open_inbox", "_open_turns", "_standings", "_transaction", "_worker", "journals", "result",
    )  # fmt: skip

    def __init__(self, transaction: Transaction, worker: str, known: Mapping[int, Head], salts: Salts) -> None:
        """Begin with the heads that are known; they are not changed here, since the transaction may yet fail."""
        self._transaction = transaction
        self._worker = worker
        self.result = Committed([])
        self.journals = Journals(transaction, known, salts)
        self._standings = Standings(transaction)
        self._newcomers = Newcomers(transaction)
        self._open_inbox: InboxWriter | None = None
        self._open_books: Books | None = None
        self._open_turns: Turns | None = None
        self._open_deletions: Deletions | None = None
        self._entries = LedgerEntries(transaction, salts)
        self._events = EventEntries(transaction)
        self._claims: dict[tuple[int, int], Owned | None] = {}
        self._let_go: set[int] = set()
        """The runs that this worker owned until now."""
        self._fenced: bool | None = None

    @property
    def _inbox(self) -> InboxWriter:
        """Most commits need none; nor books."""
        if self._open_inbox is None:
            self._open_inbox = InboxWriter(
                self._transaction, self._worker, self._standings, self._entries, self._events, self.result
            )
        return self._open_inbox

    @property
    def _books(self) -> Books:
        if self._open_books is None:
            self._open_books = Books(self._transaction)
        return self._open_books

    @property
    def _turns(self) -> Turns:
        if self._open_turns is None:
            self._open_turns = Turns(self._transaction, self._standings, self._inbox, self.journals)
        return self._open_turns

    @property
    def _deletions(self) -> Deletions:
        if self._open_deletions is None:
            self._open_deletions = Deletions(
                self._transaction, self._standings, self.journals, self._entries, self._events
            )
        return self._open_deletions

    def perform(self, operations: Sequence[Operation]) -> Committed:
        """Carry them out in order; each gets its verdict."""
        self._look_ahead(operations)
        verdicts = self.result.verdicts
        for operation in operations:
            match operation:
                case Write():
                    verdicts.append(self._write(operation))
                case Start():
                    verdicts.append(self._start(operation.run, drive=operation.drive))
                case Send():
                    verdicts.append(self._inbox.send(operation.run, operation.signal, place=len(verdicts)))
                case Reserve():
                    verdicts.append(self._reserve(operation))
                case Reply() | KeepRemark() | Expire():
                    verdicts.append(self._of_question(operation))
                case Redact() | Prune():
                    verdicts.append(self._delete(operation))
                case KeepAnswer() | KeepEvents():
                    verdicts.append(self._keep(operation))
                case FetchSignals() | HandBack() | Unblock():
                    verdicts.append(self._of_ownership(operation))
                case _:
                    verdicts.append(self._change_recorded(operation))
        self._complete()
        return self.result

    def _complete(self) -> None:
        """Write what waited to be written together, then hand over what came for runs."""
        if self._open_books is not None:
            self._open_books.write()
            self.result.drawn_on = self._open_books.drawn_on
        self.journals.insert()
        if self._open_deletions is not None:
            self._open_deletions.enter()
        self._entries.insert()
        self.result.noteworthy = self._events.insert()
        if self._open_inbox is not None:
            self._open_inbox.hand_over()
        if self._open_deletions is not None:
            self._open_deletions.finish()

    def _look_ahead(self, operations: Sequence[Operation]) -> None:
        """Ask in sets for what the operations need: over a network each question is a way there and back."""
        if not is_worthwhile(operations):
            return
        ahead = Lookahead()
        ahead.see(operations)
        self._claim(ahead.claims)
        if ahead.quoting:
            self.journals.learn([claim[0] for claim in ahead.quoting if self._claims[claim] is not None])
        finishing: list[int] = []
        ending: list[str] = []
        for claim in ahead.finishing:
            if (owned := self._claims[claim]) is not None:
                finishing.append(claim[0])
                ending.append(self.journals.head(claim[0]).name.decode())
                ahead.reservations.add(share_of_run(ending[-1]))
                if owned.parent is not None:
                    ahead.addressed.add(owned.parent)
        if ahead.addressed:
            self._standings.load(ahead.addressed)
        if ahead.starting:
            self._newcomers.load(ahead.starting)
        if ahead.reservations or finishing:
            self._books.load(ahead.reservations, finishing)
        if ending:
            self._turns.load(ending)

    def _claim(self, claims: Collection[tuple[int, int]]) -> None:
        """Learn which runs this worker owns, and where their journals end."""
        if claims:
            owned = self._transaction.owned(self._worker, claims)
            self._claims.update(dict.fromkeys(claims))
            self._claims.update(owned)
            self.journals.load([run for run, _ in owned])

    def _owned(self, run: int, epoch: int) -> Owned | None:
        """Return a run, if this worker owns it in this epoch."""
        claim = run, epoch
        if claim not in self._claims:
            self._claims[claim] = self._transaction.owned(self._worker, (claim,)).get(claim)
        return None if run in self._let_go else self._claims[claim]

    def _free(self, run: int, state: RunState) -> None:
        """This worker owns a run no more."""
        self._let_go.add(run)
        self._standings.let_go(run, state)
        self.journals.heads[run] = None

    def _write(self, write: Write) -> CommitVerdict:
        """Append a run's facts if this worker still owns it, with what goes with them.

        Whoever takes a run from a worker changes its owner in the transaction that fences the worker, so the owner
        alone says both.
        """
        owned = self._owned(write.run, write.epoch)
        if owned is None:
            self.journals.heads.setdefault(write.run, None)
            return CommitVerdict.STALE
        head = self.journals.head(write.run)
        if write.facts:
            head = self.journals.append(write.run, head, write.epoch, write.facts)
        for effect in write.effects:
            self._effect(write.run, effect, write.facts)
        return CommitVerdict.OK if write.close is None else self._close(write, write.close, head, owned)

    def _of_question(self, operation: Reply | KeepRemark | Expire) -> CommitVerdict:
        """Do what is asked from outside about a question."""
        match operation:
            case Reply():
                return self._inbox.reply(operation)
            case KeepRemark():
                return self._inbox.remark(operation.remark)
            case Expire():
                return self._inbox.close(operation.question, QuestionState.EXPIRED, None)

    def _of_ownership(self, operation: FetchSignals | HandBack | Unblock) -> CommitVerdict:
        """Do what is asked of those who drive runs, beyond what these write."""
        match operation:
            case FetchSignals(run=run, epoch=epoch):
                if self._owned(run, epoch) is None:
                    return CommitVerdict.STALE
                self._inbox.fetched.add(run)
            case HandBack(run=run):
                placed = self._transaction.hand_back(self._worker, run)
                if placed is None:
                    return CommitVerdict.STALE
                self._free(run, RunState.READY)
                self.result.placed.append(placed)
            case Unblock(workflow=workflow):
                for placed in self._transaction.unblock(workflow):
                    self._standings.let_go(placed.n, RunState.READY)
                    self.result.placed.append(placed)
        return CommitVerdict.OK

    def _reserve(self, wanted: Reserve) -> CommitVerdict:
        """Set money aside for a run that this worker owns, and append the fact that says so."""
        owned = self._owned(wanted.run, wanted.epoch)
        if owned is None:
            return CommitVerdict.STALE
        reserving = Reserving(self._transaction, self._books, self._standings, self.result)
        head = self.journals.head(wanted.run)
        verdict = reserving.carry_out(wanted, head.name.decode(), owned.parent)
        if verdict is CommitVerdict.OK:
            self.journals.append(wanted.run, head, wanted.epoch, [wanted.fact])
        return verdict

    def _keep(self, wanted: KeepAnswer | KeepEvents) -> CommitVerdict:
        """Keep an answer; or transient events of a run that nobody took up since, if it has left memory too."""
        if isinstance(wanted, KeepAnswer):
            self._transaction.keep_answer(wanted)
            return CommitVerdict.OK
        standing = self._standings.of(wanted.run)
        if standing is None or standing.epoch != wanted.epoch:
            return CommitVerdict.STALE
        self._transaction.keep_events(wanted)
        return CommitVerdict.OK

    def _change_recorded(self, wanted: RecordedChange) -> CommitVerdict:
        """Change something from outside; what was appended is inserted first, for messages may stand in it."""
        self.journals.insert()
        records = ChangeRecords(self._transaction, self._newcomers, self.journals, self._entries, self._events)
        changes = RecordedChanges(self._transaction, self._newcomers, records, self._books)
        verdict = changes.carry_out(wanted)
        self.result.deleted |= verdict is CommitVerdict.OK and changes.deletes(wanted)
        return verdict

    def _delete(self, operation: Redact | Prune) -> CommitVerdict:
        """Delete of ended runs; what was appended is inserted first, for it may be theirs, or share large payloads."""
        self.journals.insert()
        return self._redact(operation) if isinstance(operation, Redact) else self._deletions.prune(operation)

    def _redact(self, wanted: Redact) -> CommitVerdict:
        """Delete what an ended run carries."""
        standing = self._standings.of(wanted.run)
        if standing is None or standing.epoch != wanted.epoch or not standing.state.ended:
            return CommitVerdict.STALE
        self._inbox.deliver_to(standing.n)
        verdict = self._deletions.redact(standing, wanted)
        self.result.deleted |= verdict is CommitVerdict.OK
        return verdict

    def _effect(self, run: int, effect: Effect, facts: Sequence[NewFact]) -> None:
        """Do what goes with facts."""
        match effect:
            case OpenQuestion():
                self._inbox.ask(run, effect)
            case WithdrawQuestion():
                self._inbox.close(effect.id, QuestionState.WITHDRAWN, facts[-1].at if facts else None)
            case Spawn():
                self._spawn(effect.run)
            case TakeSignal():
                self._inbox.take(run, effect.id)
            case Tell():
                self._inbox.send(effect.run, effect.signal)
            case StopWaiting():
                self._transaction.delete_wait(effect.id)
            case WantTurn() | AppendTurn() | ReleaseTurn():
                self._turns.carry_out(run, self.journals.head(run).name.decode(), effect)
            case _:
                pay(self._books, run, effect)

    def _close(self, write: Write, close: Close, head: Head, owned: Owned) -> CommitVerdict:
        """Let go of a run, unless it was to be parked and somebody woke it, or begins again."""
        run = write.run
        self._events.of_close(run, close, write.facts)
        match close:
            case Park(wake=seen):
                if seen != owned.wake + (0 if self._open_inbox is None else self._open_inbox.wakes(run)):
                    self._inbox.fetched.add(run)
                    return CommitVerdict.AWAKE
                state = RunState.PARKED
            case FinishRun(state=state) | Release(state=state):
                pass
            case Block():
                state = RunState.BLOCKED
            case BeginGeneration():
                self._transaction.begin_generation(run, close, head.count - close.facts)
                self._inbox.fetched.add(run)
                return CommitVerdict.OK
        self._transaction.close_run(run, close, head)
        self._free(run, state)
        if state.ended:  # also of one that is left as it was: what was set aside to retry it is given back
            settle_run(self._books, self._standings, self._transaction, run, head.name.decode(), owned.parent)
        if isinstance(close, FinishRun):
            self._finish(run, head, close, owned.parent)
        elif isinstance(close, Release) and state is RunState.READY:
            standing = self._standings.of(head.name.decode())
            assert standing is not None  # it was just released
            self.result.placed.append(replace(standing.placed, crash_count=0))
        self._entries.enter(head, state)
        return CommitVerdict.OK

    def _finish(self, run: int, head: Head, end: FinishRun, parent: str | None) -> None:
        """Take back an ended run's open questions, settle what it holds, and tell its parent."""
        name = head.name.decode()
        self._transaction.withdraw_questions(run)
        self._turns.release_all(run, name, end.at)
        if parent is not None:
            self._inbox.send(parent, child_ended(name, head.count, end.outcome, end.at))

    def _spawn(self, run: NewRun) -> None:
        """Insert a child run. Where a run that is none of its parent's has its id, tell the parent so."""
        if self._start(run, drive=False) is CommitVerdict.OK or run.parent is None:
            return
        there = self._standings.of(run.id)
        if there is not None and there.parent == run.parent:
            return
        why = f"{run.id} is the id of another run, which was started under it: give that one, or its parent, another id"
        outcome = {"state": RunState.FAILED, "value": None, "reason": why}
        self._inbox.send(run.parent, child_ended(run.id, 0, outcome, run.at))

    def _start(self, run: NewRun, *, drive: bool) -> CommitVerdict:
        """Insert a run unless its id, or its tag of this tenant and workflow, is there already."""
        same = self._newcomers.same(run)
        if same is not None:
            self.result.started[run.id], self.result.known[run.id] = same
            return CommitVerdict.DUPLICATE
        n, owner = self._newcomers.admit(run), self._worker if drive and not self._is_fenced() else None
        state, epoch = (RunState.READY, 0) if owner is None else (RunState.RUNNING, 1)
        standing = self._standings.add(RunStanding.of_new(run, n, state, epoch, owner))
        self._transaction.insert_run(n, run, state, epoch, owner)
        if run.limits is not None:
            self._books.open(budget_of_run(run.id), run.limits)
        self.journals.append(n, Head(run.id.encode(), 0, GENESIS), epoch, [run.started, *run.facts])
        self._events.of_run(n, EventType.RUN_STARTED, run.at)
        self.result.started[run.id] = n
        if run.turn is not None:
            self._turns.want(run.id, run.turn)
        if owner is None:
            self.journals.heads[n] = None
            self.result.placed.append(standing.placed)
        return CommitVerdict.OK

    def _is_fenced(self) -> bool:
        """Whether somebody declared this worker dead; asked once a transaction."""
        if self._fenced is None:
            self._fenced = self._transaction.fenced(self._worker)
        return self._fenced
