"""The ledger: each run that leaves memory is entered, as is each answer of a person, and the entries are chained."""

from podium.model.audit import entry_hash
from podium.model.entered import ANSWERED, REMARKED, EnteredState
from podium.model.run import RunState
from podium.store.journaling.appending import Head, Salts
from podium.store.journaling.transaction import EntryRow, Transaction


class LedgerEntries:
    """The entries that a transaction makes, in the order in which runs leave memory."""

    __slots__ = ("_entered", "_transaction", "salts")

    def __init__(self, transaction: Transaction, salts: Salts) -> None:
        self._transaction = transaction
        self.salts = salts
        self._entered: list[tuple[str, int, bytes, RunState | EnteredState]] = []

    def enter(self, head: Head, state: RunState | EnteredState) -> None:
        """Enter a run, in the transaction in which it leaves memory or the store."""
        self._entered.append((head.name.decode(), head.count, head.hash, state))

    def enter_answer(self, run: str, head: bytes) -> None:
        """Enter that a person answered a question of a run."""
        self._entered.append((run, 0, head, ANSWERED))

    def enter_remark(self, run: str, head: bytes) -> None:
        """Enter that something was said of a question of a run, or that it was given to somebody."""
        self._entered.append((run, 0, head, REMARKED))

    def insert(self) -> None:
        """Chain what was entered to the ledger: late, since nobody else can enter a run until the commit."""
        if not self._entered:
            return
        n, last = self._transaction.last_entry()
        rows: list[EntryRow] = []
        for run, facts, head, state in self._entered:
            n += 1
            last = entry_hash(last, n, run, facts, head, state)
            rows.append(EntryRow(n, run, facts, head, state, last))
        self._transaction.insert_entries(rows)
        self._entered = []
