"""The store itself: which connection does what."""

from collections.abc import Awaitable, Callable

from podium.store.postgres.address import parsed
from podium.store.postgres.connection import prepare
from podium.store.postgres.running import PostgresRunning
from podium.store.postgres.schema import schemas
from podium.store.postgres.session import Session
from podium.store.postgres.stream_news import PostgresEventBook, StreamNews
from podium.store.postgres.streams import PostgresStreams
from podium.store.postgres.tables import PostgresTables
from podium.store.postgres.upkeep import PostgresUpkeep
from podium.store.postgres.words import WordTable
from podium.store.postgres.workers import PostgresWorkers
from podium.store.tables.books import TableBooks
from podium.store.tables.cache import TableAnswerCache
from podium.store.tables.delegations import TableDelegations
from podium.store.tables.ledger import TableLedger
from podium.store.tables.memory import TableMemory
from podium.store.tables.reading import TableReading
from podium.store.tables.shared_states import TableSharedStates
from podium.store.tables.statements import Statements

_BEAT_PATIENCE_SECONDS = 0.5
"""A beat that comes late must not be taken for one that was in time: the next one tries again."""
_BEAT_SILENCE_SECONDS = 1.0


class PostgresStore(PostgresRunning, TableReading, TableBooks):
    """A store in one schema of a PostgreSQL database.

    It commits, claims and wakes in a thread on one connection; beats have another, so that a long commit is not taken
    for dead, and a third is told what other processes commit. What is read has some of its own, and so have streams.
    """

    def __init__(self, address: str, *, make: bool = True) -> None:
        """Open the schema, creating or migrating it; raises StoreError with what to do where that cannot be.

        Without `make` one that is not there is not created.
        """
        where = parsed(address)
        prepare(where, make=make)
        self._tables = PostgresTables(where)
        self._news = StreamNews(where)
        self.events = PostgresEventBook(self._tables, self._news)
        PostgresRunning.__init__(self, where, self.events.ring)
        TableReading.__init__(self, self._tables)
        # A fence that is lost with its server is lost with all that it let others write, which comes after it.
        self._beats = Session(
            where, patience=_BEAT_PATIENCE_SECONDS, silence=_BEAT_SILENCE_SECONDS, waits_for_disk=False
        )
        self._long = Session(where)
        self.memory = TableMemory(self._tables, WordTable())
        self.ledger = TableLedger(self._tables, lambda: schemas(where))
        self.answers = TableAnswerCache(self._tables)
        self.delegations = TableDelegations(self._tables)
        self.streams = PostgresStreams(self._tables, self._news, where)
        self.states = TableSharedStates(self._tables, self._share, has_clock=True)
        self.upkeep = PostgresUpkeep(self._long, where)
        self.workers = PostgresWorkers(self._beats, where.name)

    def _share(self, work: Callable[[Statements], bool]) -> Awaitable[bool]:
        return self._tables.write_in_thread(work)

    def close(self) -> None:
        """Close all connections, once no thread uses them."""
        super().close()
        self._news.close()
        self.streams.close()
        self._tables.close()
        self._beats.close()
        self._long.close()
