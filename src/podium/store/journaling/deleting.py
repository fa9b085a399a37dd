"""Deleting what ended runs carry, and ended runs."""

from podium.model.audit import PRUNED, Pruning
from podium.model.event_types import EventType
from podium.store.journaling.appending import Head
from podium.store.journaling.events import EventEntries
from podium.store.journaling.journals import Journals
from podium.store.journaling.ledger import LedgerEntries
from podium.store.journaling.redaction import redact
from podium.store.journaling.run_standing import RunStanding
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import Transaction
from podium.store.operations import CommitVerdict, Prune, Redact

_GONE = -1
"""The epoch of a run that is pruned at the end: nobody has seen it in that."""


class Deletions:
    """Redacts runs at once, and prunes them at the end of the commit, so that whatever else is asked finds them."""

    __slots__ = ("_entries", "_events", "_journals", "_pruned", "_standings", "_transaction")

    def __init__(
        self,
        transaction: Transaction,
        standings: Standings,
        journals: Journals,
        entries: LedgerEntries,
        events: EventEntries,
    ) -> None:
        self._transaction = transaction
        self._standings = standings
        self._journals = journals
        self._entries = entries
        self._events = events
        self._pruned: list[tuple[int, Head, Pruning]] = []

    def redact(self, standing: RunStanding, wanted: Redact) -> CommitVerdict:
        """Delete what an ended run carries, whose signals were delivered."""
        if not redact(self._transaction, standing.n, wanted):
            return CommitVerdict.BUSY
        epoch = standing.epoch = wanted.epoch + 1
        head = self._journals.append(standing.n, self._journals.head(standing.n), epoch, [wanted.fact])
        self._transaction.redact_run(standing.n, epoch, wanted.reason, head)
        self._entries.enter(head, standing.state)
        self._events.of_run(standing.n, EventType.RUN_REDACTED, wanted.fact.at)
        self._journals.heads[standing.n] = None
        return CommitVerdict.OK

    def prune(self, wanted: Prune) -> CommitVerdict:
        """Have a family of runs that have ended deleted."""
        found: list[tuple[RunStanding, Head, Pruning]] = []
        for epoch, pruning in wanted.family:
            standing = self._standings.of(pruning.run)
            if standing is None or standing.epoch != epoch or not standing.state.ended:
                return CommitVerdict.STALE
            head = self._journals.head(standing.n)
            if (head.count, head.hash) != (pruning.facts, pruning.head):
                return CommitVerdict.STALE
            found.append((standing, head, pruning))
        for standing, head, pruning in found:
            standing.epoch = _GONE
            self._pruned.append((standing.n, head, pruning))
        return CommitVerdict.OK

    def enter(self) -> None:
        """Enter what is to be pruned in the ledger, and tell of it."""
        for n, head, pruning in self._pruned:
            self._entries.enter(head, PRUNED)
            self._events.of_run(n, EventType.RUN_PRUNED, pruning.at)

    def finish(self) -> None:
        """Delete what is to be pruned."""
        if self._pruned:
            self._transaction.delete_runs([(n, pruning) for n, _, pruning in self._pruned])
