"""The store itself: which connection does what."""

from podium.store.postgres.address import parsed
from podium.store.postgres.connection import prepare
from podium.store.postgres.running import PostgresRunning
from podium.store.postgres.session import Session
from podium.store.postgres.upkeep import PostgresUpkeep
from podium.store.postgres.workers import Workers

_BEAT_PATIENCE_SECONDS = 0.5


class PostgresStore(PostgresRunning):
    """A store in one schema of a PostgreSQL database.

    It commits, claims and wakes in a thread on one connection; beats have another, so that a long commit is not taken
    for dead, and a third is told what other processes commit.
    """

    def __init__(self, address: str) -> None:
        """Open the schema, creating or migrating it; raises StoreError with what to do where that cannot be."""
        self._address = parsed(address)
        prepare(self._address)
        super().__init__(self._address)
        self._beats = Session(self._address, patience=_BEAT_PATIENCE_SECONDS)
        self._long = Session(self._address)
        self.workers = Workers(self._beats)
        self.upkeep = PostgresUpkeep(self._long, self._address)

    def close(self) -> None:
        """Close all connections, once no thread uses them."""
        super().close()
        self._beats.close()
        self._long.close()
