"""The ledger: each run that leaves memory is entered, and the entries are chained."""

from typing import Literal

from podium.model.audit import entry_hash
from podium.model.run import RunState
from podium.store.journaling.appending import Head
from podium.store.journaling.transaction import EntryRow, Transaction


class LedgerEntries:
    """The entries that a transaction makes, in the order in which runs leave memory."""

    __slots__ = ("_entered", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._entered: list[tuple[Head, RunState | Literal["pruned"]]] = []

    def enter(self, head: Head, state: RunState | Literal["pruned"]) -> None:
        """Enter a run, in the transaction in which it leaves memory or the store."""
        self._entered.append((head, state))

    def insert(self) -> None:
        """Chain what was entered to the ledger: late, since nobody else can enter a run until the commit."""
        if not self._entered:
            return
        n, last = self._transaction.last_entry()
        rows: list[EntryRow] = []
        for head, state in self._entered:
            n, run = n + 1, head.name.decode()
            last = entry_hash(last, n, run, head.count, head.hash, state)
            rows.append(EntryRow(n, run, head.count, head.hash, state, last))
        self._transaction.insert_entries(rows)
        self._entered = []
