"""A backend of dicts: a second implementation of `Transaction`, which answers and writes and decides nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy

import pytest

from podium.model.audit import Pruning
from podium.model.budget import Amount, BudgetLimits, BudgetState
from podium.model.budget_ids import run_of_share
from podium.model.question import QuestionState
from podium.model.run import BlockedReason, RunState, Signal
from podium.store.codec import decode, encode
from podium.store.inserting import NewRun
from podium.store.journaling import commit_transaction
from podium.store.journaling.appending import FactRow, Head, Salts
from podium.store.journaling.assigning import RemarkRow
from podium.store.journaling.chain import GENESIS, PLACE_BITS, ChainRow
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.journaling.conversations import ConversationRow, MessageRow, TurnRow
from podium.store.journaling.events import EventRow, QuestionsLeft
from podium.store.journaling.quoted import quotes
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.transaction import (
    Amounts,
    AnswerRow,
    AskedQuestion,
    BudgetChange,
    EmptiedFact,
    EntryRow,
    Limits,
    Owned,
    QuestionRow,
    ReservationRow,
    SignalRow,
)
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import (
    BeginGeneration,
    Block,
    Committed,
    Delivery,
    FinishRun,
    Leave,
    Operation,
    Park,
    Placed,
    Release,
)
from tests.unit.store.journaling.tables import (
    BudgetData,
    ConversationData,
    FactData,
    QuestionData,
    RunRow,
    SharedQuestion,
    Tables,
)

AMOUNTS = ("usd", "tokens", "calls")


def take_heads(known: dict[int, Head], group: CommitTransaction) -> None:
    """Learn from a commit where journals end."""
    for n, head in group.journals.heads.items():
        if head is None:
            known.pop(n, None)
        else:
            known[n] = head


class DictBackend:
    """Commits all or nothing, and knows heads from one commit to the next."""

    def __init__(self, salts: Salts) -> None:
        self.tables = Tables()
        self._salts = salts
        self._heads: dict[int, Head] = {}

    def commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        transaction = DictTransaction(deepcopy(self.tables))  # it is undone by forgetting the copy
        group = CommitTransaction(transaction, worker, self._heads, self._salts)
        result = self._perform(group, operations)
        self.tables = transaction.tables
        take_heads(self._heads, group)
        return result

    def _perform(self, group: CommitTransaction, operations: Sequence[Operation]) -> Committed:
        return group.perform(operations)

    def ready(self) -> list[int]:
        return [n for n, row in self.tables.runs.items() if row.state is RunState.READY]

    def strike(self, n: int) -> None:
        self.tables.runs[n].crash_count += 1

    def claim(self, worker: str, n: int) -> None:
        row = self.tables.runs[n]
        row.state, row.owner, row.wake_at, row.epoch = RunState.RUNNING, worker, None, row.epoch + 1
        self._heads.pop(n, None)


class UnseeingBackend(DictBackend):
    """Is asked nothing ahead."""

    def _perform(self, group: CommitTransaction, operations: Sequence[Operation]) -> Committed:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(commit_transaction, "is_worthwhile", nothing_ahead)
            return group.perform(operations)


def nothing_ahead(_: Sequence[Operation]) -> bool:
    return False


class DictTransaction:
    """Asks and writes dicts."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._left = QuestionsLeft()

    # Ownership and journals

    def fenced(self, worker: str) -> bool:
        return worker in self.tables.fenced or worker not in self.tables.workers

    def owned(self, worker: str, claims: Collection[tuple[int, int]]) -> dict[tuple[int, int], Owned]:
        found: dict[tuple[int, int], Owned] = {}
        for n, epoch in claims:
            row = self.tables.runs.get(n)
            if row is not None and row.epoch == epoch and row.owner == worker:
                found[n, epoch] = Owned(row.wake, row.run.parent)
        return found

    def heads(self, runs: Collection[int]) -> dict[int, Head]:
        found: dict[int, Head] = {}
        for n in runs:
            last = max(place for place in self.tables.facts if place >> PLACE_BITS == n)
            count = last - (n << PLACE_BITS) + 1
            found[n] = Head(self.tables.runs[n].run.id.encode(), count, self.tables.facts[last].hash)
        return found

    def large_payloads(self, runs: Collection[int], size: int, count: int) -> Mapping[int, Sequence[tuple[int, bytes]]]:
        return {run: self._large(run, size, count) for run in runs}

    def _large(self, run: int, size: int, count: int) -> Sequence[tuple[int, bytes]]:
        places = sorted((place for place in self.tables.facts if place >> PLACE_BITS == run), reverse=True)
        found = [(place - (run << PLACE_BITS), self.payload(run, place - (run << PLACE_BITS))) for place in places]
        large = [(seq, text) for seq, text in found if text is not None and (len(text) >= size or quotes(text))]
        return large[:count]

    def payload(self, run: int, seq: int) -> bytes | None:
        fact = self.tables.facts.get((run << PLACE_BITS) + seq)
        if fact is None or fact.blob is None:
            return None if fact is None else fact.payload
        return self.tables.blobs.get(fact.blob)

    def insert_blobs(self, blobs: Mapping[bytes, bytes]) -> None:
        self.tables.blobs = {**blobs, **self.tables.blobs}

    def insert_facts(self, rows: Sequence[FactRow]) -> None:
        for row in rows:
            assert row[0] not in self.tables.facts, "a fact of this place is there already"
            self.tables.facts[row[0]] = FactData(*row[1:6], None, *row[6:])

    # Runs

    def find_runs(self, runs: Sequence[NewRun]) -> Sequence[tuple[int, str] | None]:
        return [self._find(run) for run in runs]

    def _find(self, run: NewRun) -> tuple[int, str] | None:
        tag = (run.tenant, run.workflow, run.tag)
        same = self._of(run.id) or next(
            (
                row
                for row in self.tables.runs.values()
                if run.tag is not None and (row.run.tenant, row.run.workflow, row.run.tag) == tag
            ),
            None,
        )
        return None if same is None else (same.n, same.run.id)

    def _of(self, run_id: str) -> RunRow | None:
        return next((row for row in self.tables.runs.values() if row.run.id == run_id), None)

    def numbers(self, count: int) -> Sequence[int]:
        last = max(*self.tables.runs, *self.tables.pruned, 0, 0)
        return range(last + 1, last + 1 + count)

    def insert_run(self, n: int, run: NewRun, state: RunState, epoch: int, owner: str | None) -> None:
        assert n not in self.tables.runs
        row = self.tables.runs[n] = RunRow(n, run, state, epoch, owner, run.version)
        row.generation, row.since = run.generation, int(run.generation > 1)

    def hand_back(self, worker: str, run: int) -> Placed | None:
        row = self.tables.runs.get(run)
        if row is None or row.owner != worker or row.state is not RunState.RUNNING:
            return None
        row.state, row.owner = RunState.READY, None
        return row.placed

    def unblock(self, workflow: str) -> Sequence[Placed]:
        blocked = (RunState.BLOCKED, 0, workflow)
        rows = [row for row in self.tables.runs.values() if (row.state, row.crash_count, row.run.workflow) == blocked]
        for row in rows:
            row.state, row.wake_at, row.reason = RunState.READY, None, ""
        return [row.placed for row in rows]

    def begin_generation(self, n: int, begun: BeginGeneration, since: int) -> None:
        row = self.tables.runs[n]
        row.generation, row.since, row.version, row.wake = begun.generation, since, begun.version, row.wake + 1

    def close_run(self, n: int, close: Leave, head: Head) -> None:
        row = self.tables.runs[n]
        row.owner, row.wake_at, row.head = None, None, (head.count, head.hash)
        quarantined = isinstance(close, Block) and close.cause is BlockedReason.QUARANTINED
        if not quarantined and not (isinstance(close, Release) and close.state is not RunState.READY):
            row.crash_count = 0
        match close:
            case Park():
                row.state, row.wake_at = RunState.PARKED, close.wake_at
            case FinishRun():
                row.state, row.ended_at, row.reason = close.state, close.at, close.reason
            case Block():
                row.state, row.blocked, row.reason = RunState.BLOCKED, close.cause, close.reason
            case Release():
                row.state, row.reason, row.version = close.state, close.reason, close.version
                row.ended_at = close.ended_at

    def standings(self, runs: Collection[str]) -> dict[str, RunStanding]:
        rows = ((run, self._of(run)) for run in runs)
        return {run: row.standing for run, row in rows if row is not None}

    def is_alive(self, run: str) -> bool:
        row = self._of(run)
        below = [each.run.id for each in self.tables.runs.values() if each.run.parent == run]
        return row is not None and (not row.state.ended or any(self.is_alive(each) for each in below))

    # The inbox

    def insert_signals(self, rows: Sequence[SignalRow]) -> Sequence[bool]:
        new: list[bool] = []
        for row in rows:
            inbox = self.tables.signals.setdefault(row.run, {})
            new.append(row.id not in inbox)
            inbox.setdefault(row.id, row)
        return new

    def wake(self, runs: Sequence[int]) -> None:
        for n in runs:
            row = self.tables.runs[n]
            row.wake += 1
            if row.state is RunState.PARKED:
                row.state, row.wake_at = RunState.READY, None

    def deliveries(self, runs: Collection[int]) -> Sequence[Delivery]:
        return [Delivery(n, self.tables.runs[n].wake, self._waiting(n)) for n in runs]

    def _waiting(self, n: int) -> list[Signal]:
        return [
            Signal(row.id, row.kind, row.name, decode(row.body), row.at)
            for row in self.tables.signals.get(n, {}).values()
            if (n, row.id) not in self.tables.taken
        ]

    def take_signal(self, run: int, id: str) -> None:
        if id in self.tables.signals.get(run, {}):
            self.tables.taken.add((run, id))

    def drop_signal(self, run: int, id: str) -> None:
        self.tables.signals.get(run, {}).pop(id, None)
        self.tables.taken.discard((run, id))

    def insert_question(self, row: QuestionRow) -> None:
        self.tables.questions.setdefault(row.id, QuestionData(row))

    def close_question(self, id: str, state: QuestionState) -> bool:
        question = self.tables.questions.get(id)
        if question is None or question.state is not QuestionState.OPEN:
            return False
        question.state = state
        return True

    def withdraw_questions(self, run: int) -> None:
        shown = [name for name, each, _ in self._open() if each.run == run and each.lead == name]
        for name, question in self.tables.questions.items():
            if question.row.run == run and question.state is QuestionState.OPEN:
                question.state = QuestionState.WITHDRAWN
                self._left.withdrawn.append((run, name))
        self._left.shown.extend(each for lead in shown if (each := self.show_next(lead)) is not None)

    def question(self, id: str) -> AskedQuestion | None:
        question = self.tables.questions.get(id)
        if question is None:
            return None
        return AskedQuestion(question.row.run_id, question.row.quorum, question.row.deadline, question.state)

    def insert_budget_question(self, id: str, run: int, budget: str, lead: str) -> None:
        self.tables.budget_questions.setdefault(id, SharedQuestion(run, budget, lead))

    def _open(self) -> list[tuple[str, SharedQuestion, QuestionRow]]:
        """Return the open questions about budgets, oldest first."""
        known = [(name, each, self.tables.questions[name]) for name, each in self.tables.budget_questions.items()]
        found = [(name, each, asked.row) for name, each, asked in known if asked.state is QuestionState.OPEN]
        return sorted(found, key=lambda each: (each[2].asked_at, each[0]))

    def shown_question(self, budget: str, to: str, at: float) -> str | None:
        return next(
            (
                name for name, each, row in self._open()
                if each.budget == budget and each.lead == name and row.to == to
                and (row.deadline is None or row.deadline > at)
            ),
            None,
        )  # fmt: skip

    def lead_of(self, question: str) -> str | None:
        each = self.tables.budget_questions.get(question)
        return None if each is None else each.lead

    def questions_behind(self, lead: str) -> Sequence[str]:
        return [name for name, each, _ in self._open() if each.lead == lead != name]

    def show_next(self, lead: str) -> str | None:
        behind = self.questions_behind(lead)
        for name, each in self.tables.budget_questions.items():
            if behind and each.lead == lead != name:
                each.lead = behind[0]
        return behind[0] if behind else None

    def take_raise(self, question: str) -> bool:
        each = self.tables.budget_questions.get(question)
        if each is None:
            return True
        lead = self.tables.budget_questions.get(each.lead)
        if lead is None or lead.raised:
            return False
        lead.raised = True
        return True

    def add_answer(self, question: str, answer: AnswerRow) -> Sequence[AnswerRow] | None:
        answers = self.tables.questions[question].answers
        if answer.by in answers:
            return None
        answers[answer.by] = answer
        return self.answers(question)

    def answers(self, question: str) -> Sequence[AnswerRow]:
        found = self.tables.questions.get(question)
        return [] if found is None else sorted(found.answers.values(), key=lambda each: (each.at, each.by))

    # Who is to answer

    def open_questions(self, tenant: str) -> Mapping[str, int]:
        behind = {name for name, each in self.tables.budget_questions.items() if each.lead != name}
        given = [
            each.row.assignee_folded
            for name, each in self.tables.questions.items()
            if each.row.tenant == tenant and each.state is QuestionState.OPEN and name not in behind
        ]
        return {name: given.count(name) for name in given if name is not None}

    def away(self, tenant: str, at: float) -> Mapping[str, float]:
        return {}  # nothing that a commit does says so

    def assign_question(self, id: str, assignee: str, assignee_folded: str) -> None:
        question = self.tables.questions[id]
        question.row = question.row._replace(assignee=assignee, assignee_folded=assignee_folded)

    def insert_remark(self, row: RemarkRow) -> bool:
        remarks = self.tables.questions[row.question].remarks
        if any(each.id == row.id for each in remarks):
            return False
        remarks.append(row)
        return True

    # Events

    def questions_left(self) -> QuestionsLeft:
        return self._left

    def insert_events(self, rows: Sequence[EventRow]) -> None:
        asked, known = self.tables.questions, self.tables.budget_questions
        for at, kind, n, question, content in rows:
            shared = None if question is None else known.get(question)
            number = n if question is None else asked[question].row.run
            if number is None or (shared is not None and shared.lead != question):
                continue
            run = self.tables.runs[number].run
            to, assignee = (None, None) if question is None else (asked[question].row.to, asked[question].row.assignee)
            said = (kind, run.id, run.root, run.workflow, run.tenant, run.principal, question, to, assignee, content)
            self.tables.book = [*self.tables.book, (len(self.tables.book) + 1, at, *said)]

    # Money

    def budget(self, id: str) -> BudgetState | None:
        found = self.tables.budgets.get(id)
        if found is None:
            return None
        return BudgetState(
            id=id, limits=BudgetLimits(**dict(zip(AMOUNTS, found.limits, strict=True))),
            reserved=Amount(**dict(zip(AMOUNTS, found.reserved, strict=True))),
            spent=Amount(**dict(zip(AMOUNTS, found.spent, strict=True))), in_doubt=found.in_doubt,
        )  # fmt: skip

    def open_budget(self, id: str, limits: Limits) -> None:
        self.tables.budgets.setdefault(id, BudgetData(limits)).limits = limits

    def raise_budget(self, id: str, by: Amounts) -> None:
        if (budget := self.tables.budgets.get(id)) is not None:
            a, b, c = (None if n is None else n + more for n, more in zip(budget.limits, by, strict=True))
            budget.limits = (a, b, c)

    def change_budgets(self, changes: Sequence[BudgetChange]) -> Sequence[bool]:
        return [self._change(change) for change in changes]

    def reserve_budgets(self, changes: Sequence[BudgetChange]) -> int:
        for made, change in enumerate(changes):
            if not self._change(change):
                return made
        return len(changes)

    def _change(self, change: BudgetChange) -> bool:
        budget = self.tables.budgets.get(change.id)
        if budget is None or not self._has_room(budget, change):
            return False
        if change.room:
            budget.wanted = _each(lambda wanted, more: wanted * (wanted > more), budget.wanted, change.reserved)
        budget.reserved = _each(int.__add__, budget.reserved, change.reserved)
        budget.spent = _each(int.__add__, budget.spent, change.spent)
        budget.in_doubt += change.in_doubt
        return True

    def _has_room(self, budget: BudgetData, change: BudgetChange) -> bool:
        for place, limit in enumerate(budget.limits):
            more = change.reserved[place] + change.spent[place]
            used = budget.spent[place] + budget.reserved[place] + budget.wanted[place] * (change.room > 1)
            if change.room and more and limit is not None and used + more * change.room > limit:
                return False
        return True

    def want_budget(self, id: str, amounts: Amounts) -> None:
        budget = self.tables.budgets[id]
        budget.wanted = _each(max, budget.wanted, amounts)

    def reservations(self, ids: Collection[str]) -> Sequence[ReservationRow]:
        return [self.tables.reservations[each] for each in ids if each in self.tables.reservations]

    def reservations_of(self, runs: Collection[int]) -> Sequence[ReservationRow]:
        return [row for _, row in sorted(self.tables.reservations.items()) if row.run in runs]

    def insert_reservations(self, rows: Sequence[ReservationRow]) -> None:
        for row in rows:
            assert row.id not in self.tables.reservations, "a reservation of this id is there already"
            self.tables.reservations[row.id] = row

    def change_reservations(self, rows: Sequence[ReservationRow]) -> None:
        for row in rows:
            self.tables.reservations[row.id] = self.tables.reservations[row.id]._replace(parts=row.parts)

    def delete_reservations(self, ids: Sequence[str]) -> None:
        for each in ids:
            del self.tables.reservations[each]

    def take_reservation(self, id: str) -> ReservationRow | None:
        return self.tables.reservations.pop(id, None)

    def escrows_held(self, budget: str) -> Amounts:
        held = (0, 0, 0)
        for row in self.tables.reservations.values():
            for name, usd, tokens, calls in row.parts:
                if row.escrow and name == budget:
                    held = _each(int.__add__, held, (usd or 0, tokens or 0, calls or 0))
        return held

    def in_flight(self, budget: str, without: Collection[str]) -> Amounts:
        held = set(without)
        for run, epoch, holds in self.tables.waits.values():
            row = self.tables.runs.get(run)
            if row is not None and row.state is RunState.RUNNING and row.epoch == epoch:
                held.update(holds)
        found = (0, 0, 0)
        for row in self.tables.reservations.values():
            if row.id in held or row.escrow or not self._may_end(row):
                continue
            for name, usd, tokens, calls in row.parts:
                if name == budget:
                    found = _each(int.__add__, found, (usd or 0, tokens or 0, calls or 0))
        return found

    def _may_end(self, row: ReservationRow) -> bool:
        holder, child = self.tables.runs.get(row.run), run_of_share(row.id)
        if child is None or self._of(child) is None:
            return holder is not None and holder.state is RunState.RUNNING
        return self._goes_on(child)

    def _goes_on(self, run: str) -> bool:
        row = self._of(run)
        below = [each.run.id for each in self.tables.runs.values() if each.run.parent == run]
        going = row is not None and row.state in (RunState.RUNNING, RunState.READY)
        return going or any(self._goes_on(each) for each in below)

    def insert_wait(self, id: str, run: int, epoch: int, holds: Sequence[str]) -> None:
        self.tables.waits[id] = run, epoch, tuple(holds)

    def delete_wait(self, id: str) -> None:
        self.tables.waits.pop(id, None)

    # What is written beside

    def last_entry(self) -> tuple[int, bytes]:
        return (self.tables.ledger[-1].n, self.tables.ledger[-1].hash) if self.tables.ledger else (0, GENESIS)

    def insert_entries(self, rows: Sequence[EntryRow]) -> None:
        self.tables.ledger.extend(rows)

    def keep_answer(self, answer: KeepAnswer) -> None:
        self.tables.kept = {**self.tables.kept, (answer.agent, answer.version, answer.tenant, answer.digest): answer}

    def keep_events(self, wanted: KeepEvents) -> None:
        tables, run = self.tables, wanted.run
        put = {(run, each.number): (each.epoch, each.text) for each in wanted.events}
        events = {**tables.events, **put}
        tables.events = {at: each for at, each in events.items() if at[0] != run or at[1] > wanted.trim}
        tables.event_heads = {**tables.event_heads, run: (wanted.epoch, wanted.last, wanted.until)}

    def _forget_events(self, runs: Collection[str]) -> None:
        tables = self.tables
        tables.events = {at: each for at, each in tables.events.items() if at[0] not in runs}
        tables.event_heads = {run: head for run, head in tables.event_heads.items() if run not in runs}

    # Conversations

    def conversation(self, tenant: str, name: str) -> ConversationRow | None:
        known = (each.row for each in self.tables.conversations.values())
        return next((row for row in known if (row.tenant, row.name) == (tenant, name)), None)

    def conversation_of(self, n: int) -> ConversationRow:
        return self.tables.conversations[n].row

    def insert_conversation(
        self, tenant: str, principal: str, name: str, at: float, forked: ConversationRow | None
    ) -> int:
        n = self.tables.begun = self.tables.begun + 1
        copied = 0 if forked is None else forked.revision
        row = ConversationRow(n, tenant, principal, name, copied, copied)
        found = self.tables.conversations[n] = ConversationData(row, at, at)
        if forked is not None:
            found.forked = forked.name, forked.revision
            above = self.tables.conversations[forked.n].messages[:copied]
            found.messages = [each._replace(conversation=n) for each in above]
        return n

    def insert_messages(self, rows: Sequence[MessageRow]) -> None:
        found = self.tables.conversations[rows[0].conversation]
        found.messages.extend(rows)
        found.row = found.row._replace(revision=found.row.revision + len(rows))
        found.changed_at = rows[-1].at

    def messages_in(self, conversation: int) -> Sequence[MessageRow]:
        return list(self.tables.conversations[conversation].messages)

    def messages_of(self, run: int) -> Sequence[MessageRow]:
        said = [each.messages for _, each in sorted(self.tables.conversations.items())]
        return [row for messages in said for row in messages if row.number == run]

    def overwrite_messages(self, rows: Sequence[MessageRow]) -> None:
        for row in rows:
            self.tables.conversations[row.conversation].messages[row.place] = row

    def delete_conversation(self, n: int) -> None:
        self.tables.conversations = {at: each for at, each in self.tables.conversations.items() if at != n}

    def turn(self, run: str, key: str) -> TurnRow | None:
        return next((row for row in self.tables.turns.values() if (row.run, row.key) == (run, key)), None)

    def first_turn(self, conversation: int) -> TurnRow | None:
        return next(iter(self.queue(conversation)), None)

    def queue(self, conversation: int) -> Sequence[TurnRow]:
        rows = (row for _, row in sorted(self.tables.turns.items()))
        return [row for row in rows if row.within is None and row.conversation == conversation]

    def turns_of(self, runs: Collection[str]) -> Sequence[TurnRow]:
        return [row for _, row in sorted(self.tables.turns.items()) if row.run in runs]

    def insert_turn(self, conversation: int, run: str, key: str, within: str | None) -> int:
        self.tables.tickets += 1
        n = self.tables.tickets
        self.tables.turns = {**self.tables.turns, n: TurnRow(n, conversation, run, key, within)}
        return n

    def delete_turns(self, turns: Sequence[int]) -> None:
        self.tables.turns = {n: row for n, row in self.tables.turns.items() if n not in turns}

    # Redaction

    def chain(self, run: int) -> Sequence[ChainRow]:
        facts = sorted((place, fact) for place, fact in self.tables.facts.items() if place >> PLACE_BITS == run)
        return [
            (
                place - (run << PLACE_BITS), fact.kind, fact.key, fact.at, fact.epoch, fact.hash, fact.digest,
                fact.salt, fact.body, fact.payload, fact.blob,
            )
            for place, fact in facts
        ]  # fmt: skip

    def erase(self, run: int, run_id: str, facts: Sequence[EmptiedFact], blobs: Collection[bytes]) -> None:
        for seq, digest, body in facts:
            fact = self.tables.facts[(run << PLACE_BITS) + seq]
            fact.digest, fact.salt, fact.body, fact.payload, fact.blob = digest, None, body, None, None
        used = {fact.blob for fact in self.tables.facts.values()}
        self.tables.blobs = {name: body for name, body in self.tables.blobs.items() if name not in {*blobs} - used}
        self.tables.signals.pop(run, None)
        for question in self.tables.questions.values():
            if question.row.run == run:
                question.row = question.row._replace(text="", subject=b"null", schema=b"null")
                question.answers = {
                    by: row._replace(value=encode(None), salt=None) for by, row in question.answers.items()
                }
                question.remarks = [each._replace(text=encode(None), salt=None) for each in question.remarks]
        self.tables.kept = {key: each for key, each in self.tables.kept.items() if each.run != run_id}
        self._forget_events({run_id})

    def delete_runs(self, runs: Sequence[tuple[int, Pruning]]) -> None:
        tables, numbers, ids = self.tables, {n for n, _ in runs}, {each.run for _, each in runs}
        gone = {place: fact for place, fact in tables.facts.items() if place >> PLACE_BITS in numbers}
        tables.facts = {place: fact for place, fact in tables.facts.items() if place not in gone}
        unused = {fact.blob for fact in gone.values()} - {fact.blob for fact in tables.facts.values()}
        tables.blobs = {name: body for name, body in tables.blobs.items() if name not in unused}
        tables.signals = {n: inbox for n, inbox in tables.signals.items() if n not in numbers}
        tables.questions = {name: each for name, each in tables.questions.items() if each.row.run not in numbers}
        asked = tables.budget_questions
        tables.budget_questions = {name: each for name, each in asked.items() if each.run not in numbers}
        tables.waits = {name: each for name, each in tables.waits.items() if each[0] not in numbers}
        tables.reservations = {name: row for name, row in tables.reservations.items() if row.run not in numbers}
        own = {f"run:{run}" for run in ids}
        tables.budgets = {name: row for name, row in tables.budgets.items() if name not in own}
        tables.kept = {key: each for key, each in tables.kept.items() if each.run not in ids}
        self._forget_events(ids)
        tables.runs = {n: row for n, row in tables.runs.items() if n not in numbers}
        tables.pruned = {**tables.pruned, **dict(runs)}

    def redact_run(self, n: int, epoch: int, reason: str, head: Head) -> None:
        row = self.tables.runs[n]
        row.epoch, row.reason, row.head = epoch, reason, (head.count, head.hash)


def _each(work: Callable[[int, int], int], one: Amounts, other: Amounts) -> Amounts:
    usd, tokens, calls = map(work, one, other)
    return usd, tokens, calls
