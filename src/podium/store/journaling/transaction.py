"""What a backend can be asked inside one write transaction, and how it answers."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from podium.model.audit import Pruning
from podium.model.budget import BudgetState
from podium.model.entered import EnteredState
from podium.model.question import QuestionState
from podium.model.run import RunState
from podium.store.inserting import NewRun
from podium.store.journaling.appending import FactRow, Head
from podium.store.journaling.assigning import AssigningTransaction
from podium.store.journaling.chain import ChainRow
from podium.store.journaling.conversations import ConversationTransaction
from podium.store.journaling.events import EventsTransaction
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.shared_questions import SharedQuestionsTransaction
from podium.store.journaling.waits import WaitsTransaction
from podium.store.keeping import KeepAnswer, KeepEvents
from podium.store.operations import BeginGeneration, Delivery, Leave, Placed


class Owned(NamedTuple):
    """A run that the worker drives."""

    wake: int
    """How often it was woken."""
    parent: str | None


class SignalRow(NamedTuple):
    """A signal on its way into an inbox."""

    run: int
    id: str
    kind: str
    name: str
    at: float
    body: bytes


class QuestionRow(NamedTuple):
    """A question on its way into the inbox."""

    id: str
    run: int
    run_id: str
    key: str
    kind: str
    text: str
    subject: bytes
    schema: bytes
    to: str
    quorum: int
    asked_at: float
    deadline: float | None
    tenant: str
    principal: str
    step: str | None
    idempotency_key: str | None
    to_folded: str
    """Whom it is put to, as names are compared."""
    remind: float | None
    assignee: str | None
    assignee_folded: str | None


class AskedQuestion(NamedTuple):
    """What decides whether an answer to a question counts."""

    run: str
    quorum: int
    deadline: float | None
    state: QuestionState


class AnswerRow(NamedTuple):
    """One person's answer to a question."""

    by: str
    value: bytes
    at: float
    salt: bytes | None = None
    digest: bytes | None = None
    """Of salt and value: it stands for the value in the ledger."""


Amounts = tuple[int, int, int]
"""US dollars in billionths, tokens, calls."""

Limits = tuple[int | None, int | None, int | None]
"""The same of a budget's limits; None is no limit."""


class BudgetChange(NamedTuple):
    """What is to be added to a budget."""

    id: str
    reserved: Amounts
    spent: Amounts
    in_doubt: int
    """Of the dollars spent."""
    room: int
    """How many times as much there has to be room for; 0 asks for none."""


BudgetPart = tuple[str, int | None, int | None, int | None]
"""What is set aside in a budget: its id, dollars in billionths, tokens, calls; None is what it does not bound."""


class ReservationRow(NamedTuple):
    """What is set aside for a call, a share or an escrow."""

    id: str
    run: int
    parts: Sequence[BudgetPart]
    escrow: bool


class EntryRow(NamedTuple):
    """An entry of the ledger."""

    n: int
    run: str
    facts: int
    head: bytes
    state: RunState | EnteredState
    hash: bytes


class EmptiedFact(NamedTuple):
    """What is left of a fact that is redacted."""

    seq: int
    digest: bytes | None
    """It stands for what the fact carried."""
    body: bytes


class Transaction(
    ConversationTransaction, WaitsTransaction, SharedQuestionsTransaction, AssigningTransaction, EventsTransaction,
    Protocol,
):  # fmt: skip
    """One write transaction of a backend, from its begin to its commit, in the thread that commits.

    Whatever is written is seen by what is asked after it. What is asked is asked in sets, where a group of operations
    asks for many; what is written and gives nothing back may wait until something is asked, or until the commit: a
    backend over a network sends it together. What is read for a change (`owned`, `standings`, `question`, `budget`,
    `reservations`, `last_entry`) no other transaction may change before this one ends; a backend that does not have
    its writers come one after the other locks these rows, in the order of their ids.

    A value that cannot be stored, and a fact, run or reservation that is there already, raise an error of the backend.
    """

    # Ownership and journals

    def fenced(self, worker: str) -> bool:
        """Whether a worker left, was declared dead, or was never entered."""
        ...

    def owned(self, worker: str, claims: Collection[tuple[int, int]]) -> dict[tuple[int, int], Owned]:
        """Return those of these runs, with their epochs, that the worker owns in that epoch."""
        ...

    def heads(self, runs: Collection[int]) -> dict[int, Head]:
        """Return where the journals of these runs end, by their facts."""
        ...

    def large_payloads(self, runs: Collection[int], size: int, count: int) -> Mapping[int, Sequence[tuple[int, bytes]]]:
        """Return place and payload of so many of each run's last facts, the latest first, as they are stored.

        Only those of this size, and those that quote others, which may be smaller (`quoted.quotes`). How far back they
        are looked for is up to the backend.
        """
        ...

    def payload(self, run: int, seq: int) -> bytes | None:
        """Return the payload of a fact as it is stored; None where it has none."""
        ...

    def insert_blobs(self, blobs: Mapping[bytes, bytes]) -> None:
        """Store large payloads by their hashes; those that are there stay."""
        ...

    def insert_facts(self, rows: Sequence[FactRow]) -> None:
        """Append facts to journals."""
        ...

    # Runs

    def find_runs(self, runs: Sequence[NewRun]) -> Sequence[tuple[int, str] | None]:
        """Return for each the number and id of the run of its id, or else of its tag in its tenant and workflow."""
        ...

    def numbers(self, count: int) -> Sequence[int]:
        """Return so many numbers for new runs, each greater than that of any run there was; some may not be used."""
        ...

    def insert_run(self, n: int, run: NewRun, state: RunState, epoch: int, owner: str | None) -> None:
        """Insert a run with an empty journal; its facts follow."""
        ...

    def hand_back(self, worker: str, run: int) -> Placed | None:
        """Make a run ready that this worker owns; None where it does not own it."""
        ...

    def unblock(self, workflow: str) -> Sequence[Placed]:
        """Make the blocked runs of a workflow ready that are not quarantined; returns these."""
        ...

    def close_run(self, n: int, close: Leave, head: Head) -> None:
        """Take a run from its worker, and write down how it stands and where its journal ends.

        Its crash count becomes 0, unless it is blocked as quarantined, or released into another state than ready.
        """
        ...

    def begin_generation(self, n: int, begun: BeginGeneration, since: int) -> None:
        """Write down that a run begins again, with which version, and at which place of its journal; it is woken.

        What was read of its inbox before is older than this, and counts no more.
        """
        ...

    def standings(self, runs: Collection[str]) -> dict[str, RunStanding]:
        """Return how runs stand, by their ids."""
        ...

    def is_alive(self, run: str) -> bool:
        """Whether a run, or anything that it started, directly or not, has not ended."""
        ...

    # The inbox

    def insert_signals(self, rows: Sequence[SignalRow]) -> Sequence[bool]:
        """Put signals into inboxes, in this order; returns for each whether it is new: its run had none of that id."""
        ...

    def wake(self, runs: Sequence[int]) -> None:
        """Count each run's wake counter up, as often as it is named; one that is parked becomes ready."""
        ...

    def deliveries(self, runs: Collection[int]) -> Sequence[Delivery]:
        """Return the wake counters of runs, and their signals that were not taken, the oldest first."""
        ...

    def take_signal(self, run: int, id: str) -> None:
        """Mark a signal as consumed."""
        ...

    def drop_signal(self, run: int, id: str) -> None:
        """Delete a signal."""
        ...

    def insert_question(self, row: QuestionRow) -> None:
        """Put an open question into the inbox; one that is there stays."""
        ...

    def close_question(self, id: str, state: QuestionState) -> bool:
        """Move a question out of `open`; False where it is not open."""
        ...

    def withdraw_questions(self, run: int) -> None:
        """Withdraw the open questions of a run; of those that people are shown, the next is shown (`show_next`)."""
        ...

    def question(self, id: str) -> AskedQuestion | None:
        """Return a question."""
        ...

    def answers(self, question: str) -> Sequence[AnswerRow]:
        """Return the answers to a question, oldest first."""
        ...

    def add_answer(self, question: str, answer: AnswerRow) -> Sequence[AnswerRow] | None:
        """Add a person's answer; returns all there are, oldest first, or None where this name has answered."""
        ...

    # Money

    def budget(self, id: str) -> BudgetState | None:
        """Return how a budget stands."""
        ...

    def open_budget(self, id: str, limits: Limits) -> None:
        """Give a budget these limits; one that is not there is added, and nothing is reserved or spent of it."""
        ...

    def raise_budget(self, id: str, by: Amounts) -> None:
        """Add to the limits of a budget; no limit stays none."""
        ...

    def change_budgets(self, changes: Sequence[BudgetChange]) -> Sequence[bool]:
        """Make those changes, in order and each by itself, for which there is room; returns which were made.

        There is, if `room` is 0. Else, for each of dollars, tokens and calls that the budget limits and the change adds
        any of: what is spent and reserved, and `room` times what is added, come to no more than the limit; where `room`
        is more than 1, together with what is wanted. There is none in a budget that is not there. Where something is
        reserved with room for it, what is wanted of dollars, tokens or calls becomes 0 unless it is more than that.
        """
        ...

    def reserve_budgets(self, changes: Sequence[BudgetChange]) -> int:
        """Make changes in the same way up to the first for which there is no room; returns how many were made."""
        ...

    def want_budget(self, id: str, amounts: Amounts) -> None:
        """Write down that so much is wanted of a budget, if no more is."""
        ...

    def reservations(self, ids: Collection[str]) -> Sequence[ReservationRow]:
        """Return reservations."""
        ...

    def reservations_of(self, runs: Collection[int]) -> Sequence[ReservationRow]:
        """Return the reservations of runs."""
        ...

    def insert_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Add reservations."""
        ...

    def change_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Write the parts of reservations anew."""
        ...

    def delete_reservations(self, ids: Sequence[str]) -> None:
        """Delete reservations."""
        ...

    def take_reservation(self, id: str) -> ReservationRow | None:
        """Delete a reservation and return it; None where it is not there."""
        ...

    def escrows_held(self, budget: str) -> Amounts:
        """Return what escrows hold of a budget, together."""
        ...

    # What is written beside

    def last_entry(self) -> tuple[int, bytes]:
        """Return number and hash of the ledger's last entry; 0 and 32 bytes of 0 where there is none."""
        ...

    def insert_entries(self, rows: Sequence[EntryRow]) -> None:
        """Append to the ledger."""
        ...

    def keep_answer(self, answer: KeepAnswer) -> None:
        """Keep an answer over one to the same question, and forget some whose time is over `now`.

        What is too old is not found, whether it is there or not.
        """
        ...

    # Redaction

    def chain(self, run: int) -> Sequence[ChainRow]:
        """Return all facts of a run, in order, with their payloads as they are stored."""
        ...

    def keep_events(self, wanted: KeepEvents) -> None:
        """Keep transient events of a run, and how far it has come; delete its events up to `trim`."""
        ...

    def erase(self, run: int, run_id: str, facts: Sequence[EmptiedFact], blobs: Collection[bytes]) -> None:
        """Delete what a run carries, so that it cannot be recovered as far as this is up to the backend.

        Of the facts named stay header, hash, and what is given, in place of salt, body and payload. Deleted are also
        those of these large payloads that no fact refers to any more, the run's signals, text, subject and schema of
        its questions, values and salts of their answers (`null` and the digests stay), the answers that were kept from
        it, and its transient events. What it said in conversations is for `overwrite_messages`.
        """
        ...

    def redact_run(self, n: int, epoch: int, reason: str, head: Head) -> None:
        """Write down a redacted run's epoch, what is left of its reason, and where its journal ends."""
        ...

    # Pruning

    def delete_runs(self, runs: Sequence[tuple[int, Pruning]]) -> None:
        """Delete runs by their numbers, with all that is kept of them, and write down that they were pruned.

        Deleted are their rows, facts, signals, questions with answers, reservations, own budgets, the answers that
        were kept from them, their transient events, and those of their large payloads that no fact refers to any more.
        """
        ...
