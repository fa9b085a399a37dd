"""One group commit: everything that all runs of a process want to record in one loop turn, in one transaction."""

import sqlite3
from collections.abc import Sequence

from podium.model.budget_ids import budget_of_run
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.model.run import RunState, Signal
from podium.store.codec import content_hash, decode, encode
from podium.store.operations import (
    Block,
    Close,
    Committed,
    CommitVerdict,
    Draw,
    Effect,
    Expire,
    FetchSignals,
    FinishRun,
    HandBack,
    KeepAnswer,
    NewFact,
    NewRun,
    OpenBudget,
    OpenQuestion,
    Operation,
    Park,
    Placed,
    RaiseBudget,
    Redact,
    Release,
    Reply,
    Reserve,
    Send,
    Settle,
    Spawn,
    Start,
    TakeSignal,
    Tell,
    Unblock,
    WithdrawQuestion,
    Write,
)
from podium.store.sqlite.appending import BLOB_BYTES, Head, Salts, chained
from podium.store.sqlite.budgets import is_carved, open_budget, raise_budget, reserve, settle, settle_run
from podium.store.sqlite.cache import keep
from podium.store.sqlite.chain import GENESIS
from podium.store.sqlite.escrows import could_recall, draw
from podium.store.sqlite.ledger import enter
from podium.store.sqlite.ownership import delivery_of
from podium.store.sqlite.redaction import redact
from podium.store.sqlite.rows import placed_of
from podium.store.sqlite.sql import statement

_FENCED = statement("worker_fenced")
_OWNED = statement("run_owned")
_LAST = statement("run_last_fact")
_FACT = statement("fact_insert")
_BLOB = statement("blob_insert")


class CommitTransaction:
    """Carries out operations on a connection that is inside a transaction."""

    __slots__ = ("_fenced", "connection", "heads", "known", "result", "rows", "salts", "woken", "worker")

    def __init__(self, connection: sqlite3.Connection, worker: str, known: dict[int, Head], salts: Salts) -> None:
        self.connection = connection
        self.worker = worker
        self.known = known
        """Heads as they were committed; not changed here, since the transaction may yet fail."""
        self.salts = salts
        self.heads: dict[int, Head | None] = {}
        """Heads as they will be once this is committed; None for runs that are let go."""
        self.result = Committed([])
        self.rows: list[tuple[object, ...]] = []
        self.woken: set[int] = set()
        """Runs of this worker whose deliveries are handed over once all is carried out."""
        self._fenced: bool | None = None

    def perform(self, operations: Sequence[Operation]) -> Committed:
        """Carry them out in order; each gets its verdict."""
        verdicts = self.result.verdicts
        for operation in operations:
            match operation:
                case Write():
                    verdicts.append(self.write(operation))
                case Start():
                    verdicts.append(self.start(operation.run, drive=operation.drive))
                case Send():
                    verdicts.append(self.send(operation.run, operation.signal))
                case Reserve():
                    verdicts.append(self.reserve(operation))
                case Reply() | Expire():
                    verdicts.append(self.of_question(operation))
                case Redact():
                    verdicts.append(self.redact(operation))
                case KeepAnswer():
                    keep(self.connection, operation)
                    verdicts.append(CommitVerdict.OK)
                case FetchSignals() | HandBack() | Unblock():
                    verdicts.append(self.of_ownership(operation))
        self.insert()
        self.result.deliveries = {run: delivery_of(self.connection, run) for run in self.woken}
        return self.result

    def insert(self) -> None:
        """Insert the facts that were appended so far."""
        if self.rows:
            self.connection.executemany(_FACT, self.rows)
            self.rows = []

    def write(self, write: Write) -> CommitVerdict:
        """Append a run's facts if this worker still owns it, with what goes with them.

        Whoever takes a run from a worker changes its owner in the transaction that fences the worker, so the owner
        alone says both.
        """
        owned = self.connection.execute(_OWNED, (write.run, write.epoch, self.worker)).fetchone()
        if owned is None:
            self.heads[write.run] = None
            return CommitVerdict.STALE
        head = self.head(write.run)
        if write.facts:
            head = self.append(write.run, head, write.epoch, write.facts)
        for effect in write.effects:
            self.effect(write.run, effect)
        return CommitVerdict.OK if write.close is None else self.close(write.run, head, write.close, owned[0])

    def of_question(self, operation: Reply | Expire) -> CommitVerdict:
        """Do what is asked from outside about a question."""
        if isinstance(operation, Reply):
            return self.reply(operation.question, operation.answer)
        return self.close_question(operation.question, QuestionState.EXPIRED)

    def of_ownership(self, operation: FetchSignals | HandBack | Unblock) -> CommitVerdict:
        """Do what is asked of those who drive runs, beyond what these write."""
        match operation:
            case FetchSignals():
                return self.fetch_signals(operation)
            case HandBack():
                return self.hand_back(operation.run)
            case Unblock():
                return self.unblock(operation.workflow)

    def fetch_signals(self, wanted: FetchSignals) -> CommitVerdict:
        """Have what came for a run handed over, if this worker drives it."""
        if self.connection.execute(_OWNED, (wanted.run, wanted.epoch, self.worker)).fetchone() is None:
            return CommitVerdict.STALE
        self.woken.add(wanted.run)
        return CommitVerdict.OK

    def hand_back(self, run: int) -> CommitVerdict:
        """Make a run ready that this worker owns."""
        row = self.connection.execute(statement("run_hand_back"), (run, self.worker)).fetchone()
        if row is None:
            return CommitVerdict.STALE
        self.heads[run] = None
        self.result.placed.append(placed_of(row))
        return CommitVerdict.OK

    def unblock(self, workflow: str) -> CommitVerdict:
        """Make the blocked runs of a workflow ready."""
        found = self.connection.execute(statement("runs_blocked"), (workflow, None)).fetchall()
        self.connection.executemany(statement("run_make_ready"), [(row[0],) for row in found])
        self.result.placed += [placed_of(row) for row in found]
        return CommitVerdict.OK

    def reserve(self, wanted: Reserve) -> CommitVerdict:
        """Set money aside for a run that this worker owns, and append the fact that says so."""
        if self.connection.execute(_OWNED, (wanted.run, wanted.epoch, self.worker)).fetchone() is None:
            return CommitVerdict.STALE
        if is_carved(self.connection, wanted.id):
            return CommitVerdict.DUPLICATE
        scarce = reserve(self.connection, wanted.run, wanted)
        if scarce is not None:
            self.result.scarce[wanted.id] = scarce
            limits = next(line.limits for line in wanted.lines if line.id == scarce.id)
            if not wanted.escrow and could_recall(self.connection, scarce, wanted.amount.under(limits)):
                self.result.recallable.add(wanted.id)
            return CommitVerdict.SCARCE
        self.append(wanted.run, self.head(wanted.run), wanted.epoch, [wanted.fact])
        return CommitVerdict.OK

    def redact(self, wanted: Redact) -> CommitVerdict:
        """Delete what an ended run carries; what was appended is inserted first, as it may share a large payload."""
        found = self.connection.execute(statement("run_redactable"), (wanted.run, wanted.epoch)).fetchone()
        if found is None:
            return CommitVerdict.STALE
        self.insert()
        run, state = found
        redact(self.connection, run, wanted)
        epoch = wanted.epoch + 1
        head = self.append(run, self.head(run), epoch, [wanted.fact])
        self.connection.execute(statement("run_redact"), (epoch, wanted.reason, head.count, head.hash, run))
        enter(self.connection, wanted.run, head.count, head.hash, RunState(state))
        self.heads[run] = None
        self.result.deleted = True
        return CommitVerdict.OK

    def effect(self, run: int, effect: Effect) -> None:
        """Do what goes with a fact."""
        match effect:
            case OpenQuestion():
                self.open_question(run, effect.question)
            case WithdrawQuestion():
                self.close_question(effect.id, QuestionState.WITHDRAWN)
            case Spawn():
                self.start(effect.run, drive=False)
            case TakeSignal():
                self.connection.execute(statement("signal_take"), (run, effect.id))
            case Tell():
                self.send(effect.run, effect.signal)
            case _:
                self.pay(run, effect)

    def pay(self, run: int, effect: Settle | Draw | RaiseBudget | OpenBudget) -> None:
        """Do what a fact says of money."""
        match effect:
            case Settle():
                settle(self.connection, effect)
            case Draw():
                if not draw(self.connection, run, effect):
                    self.result.drawn_on.add(effect.escrow)
            case RaiseBudget():
                raise_budget(self.connection, effect)
            case OpenBudget():
                open_budget(self.connection, effect.id, effect.limits)

    def close(self, run: int, head: Head, close: Close, wake: int) -> CommitVerdict:
        """Let go of a run, unless it was to be parked and somebody woke it."""
        match close:
            case Park(wake=seen, wake_at=wake_at):
                if seen != wake:
                    self.woken.add(run)
                    return CommitVerdict.AWAKE
                state = RunState.PARKED
                self.connection.execute(statement("run_park"), (wake_at, head.count, head.hash, run))
            case FinishRun() as end:
                state = end.state
                self.finish(run, head, end)
            case Block(reason=reason, cause=cause):
                state = RunState.BLOCKED
                self.connection.execute(statement("run_block"), (cause, reason, head.count, head.hash, run))
            case Release(state=state) as to:
                row = self.connection.execute(
                    statement("run_release"), (to.state, to.reason, to.version, to.ended_at, head.count, head.hash, run)
                ).fetchone()
                if to.state is RunState.READY:
                    self.result.placed.append(placed_of(row))
        enter(self.connection, head.name.decode(), head.count, head.hash, state)
        self.heads[run] = None
        return CommitVerdict.OK

    def is_fenced(self) -> bool:
        """Whether somebody declared this worker dead; asked once a transaction, which holds the write lock."""
        if self._fenced is None:
            row = self.connection.execute(_FENCED, (self.worker,)).fetchone()
            self._fenced = row is None or bool(row[0])
        return self._fenced

    def head(self, run: int) -> Head:
        """Return where a run's journal ends."""
        head = self.heads.get(run) or self.known.get(run)
        if head is None:
            name, seq, last = self.connection.execute(_LAST, (run,)).fetchone()
            head = Head(name.encode(), seq + 1, last)
        return head

    def append(self, run: int, head: Head, epoch: int, facts: Sequence[NewFact]) -> Head:
        """Chain facts to a run's journal; returns where it ends now."""
        for fact in facts:
            if fact.payload is not None and len(fact.payload) > BLOB_BYTES:
                self.connection.execute(_BLOB, (content_hash(fact.payload), fact.payload))
        rows, head = chained(run, head, epoch, facts, self.salts)
        self.rows.extend(rows)
        self.heads[run] = head
        return head

    def start(self, run: NewRun, *, drive: bool) -> CommitVerdict:
        """Insert a run unless its id, or its tag of this tenant and workflow, is there already."""
        wanted = (run.id, run.tenant, run.workflow, run.tag)
        same = self.connection.execute(statement("run_find_same"), wanted).fetchone()
        if same is not None:
            self.result.started[run.id], self.result.known[run.id] = same
            return CommitVerdict.DUPLICATE
        drive = drive and not self.is_fenced()
        number = self.connection.execute(
            statement("run_insert"),
            (run.id, run.workflow, run.version, RunState.RUNNING if drive else RunState.READY, int(drive),
             self.worker if drive else None, run.queue, run.priority, 0, GENESIS, run.tenant, run.principal,
             run.parent, run.root, run.tag, run.at),
        ).lastrowid  # fmt: skip
        assert number is not None  # an INSERT always has one
        if run.limits is not None:
            open_budget(self.connection, budget_of_run(run.id), run.limits)
        self.append(number, Head(run.id.encode(), 0, GENESIS), int(drive), [run.started, *run.facts])
        self.result.started[run.id] = number
        if not drive:
            self.heads[number] = None
            self.result.placed.append(Placed(number, run.priority, queue=run.queue))
        return CommitVerdict.OK

    def send(self, run_id: str, signal: Signal) -> CommitVerdict:
        """Put a signal into an inbox and wake the run; a signal whose id is known stops here."""
        row = self.connection.execute(statement("run_for_signal"), (run_id,)).fetchone()
        if row is None:
            return CommitVerdict.UNKNOWN
        number, state, owner = row[0], RunState(row[4]), row[5]
        if state.ended:
            return CommitVerdict.ENDED
        inserted = self.connection.execute(
            statement("signal_insert"),
            (number, signal.id, signal.kind, signal.name, signal.at, encode(signal.body)),
        ).rowcount
        if not inserted:
            return CommitVerdict.DUPLICATE
        self.connection.execute(statement("run_wake"), (number,))
        if state is RunState.PARKED:
            self.result.placed.append(placed_of(row[:4]))
        elif state is RunState.RUNNING and owner == self.worker:
            self.woken.add(number)
        return CommitVerdict.OK

    def finish(self, run: int, head: Head, end: FinishRun) -> None:
        """End a run, take back its open questions, and tell its parent."""
        row = self.connection.execute(
            statement("run_finish"), (end.state, end.at, end.reason, head.count, head.hash, run)
        ).fetchone()
        self.connection.execute(statement("questions_withdraw_run"), (run,))
        settle_run(self.connection, run, head.name.decode(), row[0])
        if row[0] is not None:
            name = head.name.decode()
            end_id = f"child:{name}:{head.count}"  # a run that was retried ends once more
            self.send(row[0], Signal(end_id, "child", name, end.outcome, end.at))

    def open_question(self, run: int, question: Question) -> None:
        """Put a question into the inbox."""
        ask = question.ask
        self.connection.execute(
            statement("question_insert"),
            (question.id, run, question.run, question.key, ask.kind, ask.text, encode(ask.subject), encode(ask.schema),
             ask.to, ask.quorum, question.asked_at, question.deadline, question.tenant, question.principal),
        )  # fmt: skip

    def close_question(self, question: str, state: QuestionState) -> CommitVerdict:
        """Move a question out of `open`, if it still is."""
        done = self.connection.execute(statement("question_close"), (state, question)).rowcount
        return CommitVerdict.OK if done else CommitVerdict.CLOSED

    def reply(self, question: str, answer: PersonAnswer) -> CommitVerdict:
        """Record one person's answer; the last one needed closes the question and wakes its run."""
        row = self.connection.execute(statement("question_get"), (question,)).fetchone()
        if row is None:
            return CommitVerdict.UNKNOWN
        run_id, quorum, deadline, state = row[1], row[8], row[10], row[12]
        if state != QuestionState.OPEN or (deadline is not None and answer.at >= deadline):
            return CommitVerdict.CLOSED
        inserted = self.connection.execute(
            statement("answer_insert"), (question, answer.by, encode(answer.value), answer.at)
        ).rowcount
        if not inserted:
            return CommitVerdict.DUPLICATE
        answers = self.connection.execute(statement("answers_list"), (question,)).fetchall()
        if len(answers) < quorum:
            return CommitVerdict.OK
        self.close_question(question, QuestionState.ANSWERED)
        body = [{"by": by, "value": decode(value), "at": at} for by, value, at in answers]
        self.send(run_id, Signal(f"answer:{question}", "answer", question, body, answer.at))
        return CommitVerdict.OK
