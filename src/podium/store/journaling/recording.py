"""The runs that record what people changed: over as they begin, chained, and entered in the ledger."""

from podium.model.event_types import EventType
from podium.model.run import RunState
from podium.store.inserting import NewRun
from podium.store.journaling.appending import Head
from podium.store.journaling.chain import GENESIS
from podium.store.journaling.events import EventEntries
from podium.store.journaling.journals import Journals
from podium.store.journaling.ledger import LedgerEntries
from podium.store.journaling.standings import Newcomers
from podium.store.journaling.transaction import Transaction
from podium.store.operations import FinishRun


class ChangeRecords:
    """Inserts the runs that record changes."""

    __slots__ = ("_entries", "_events", "_journals", "_newcomers", "_transaction")

    def __init__(
        self,
        transaction: Transaction,
        newcomers: Newcomers,
        journals: Journals,
        entries: LedgerEntries,
        events: EventEntries,
    ) -> None:
        self._transaction = transaction
        self._newcomers = newcomers
        self._journals = journals
        self._entries = entries
        self._events = events

    def insert(self, run: NewRun) -> int:
        """Insert the run that tells of a change, which leaves memory as it comes; return its number."""
        n = self._newcomers.admit(run)
        self._transaction.insert_run(n, run, RunState.RUNNING, 1, None)
        head = self._journals.append(n, Head(run.id.encode(), 0, GENESIS), 1, [run.started, *run.facts])
        end = FinishRun(RunState.DONE, "", run.at, None)
        self._events.of_run(n, EventType.RUN_STARTED, run.at)
        self._events.of_close(n, end, run.facts)
        self._transaction.close_run(n, end, head)
        self._journals.heads[n] = None
        self._entries.enter(head, RunState.DONE)
        return n
