"""Looking after a store on PostgreSQL, as far as that is not up to those who look after the server."""

from pathlib import Path

from podium.errors import StoreUnavailable
from podium.store.postgres.address import Address
from podium.store.postgres.session import Session
from podium.store.postgres.statements import PostgresStatements
from podium.store.protocol import GivenOver, StoreSize
from podium.store.tables.workers import give_over, given_over, take_back


class PostgresUpkeep:
    """Over a session of its own: what takes long holds up nobody who reads or writes, as far as that can be."""

    def __init__(self, session: Session, address: Address) -> None:
        self._session = session
        self._address = address

    def size(self) -> StoreSize:
        """Return how much room the store's tables take, without the server's log; what is free in them is not told."""
        row = self._session.read(lambda connection: PostgresStatements(connection).one("schema_size"))
        return StoreSize(data=0 if row is None else row[0], free=0, log=0)

    def is_file(self, path: Path) -> bool:
        """Whether a file is one of the store's own: it has none here."""
        del path
        return False

    def copy_to(self, path: Path) -> None:
        """Raise StoreUnavailable: a copy is made by the server's own tools."""
        raise StoreUnavailable(
            f"{self._address.name} cannot be copied to {path}. Use pg_dump --schema={self._address.schema}, "
            "or a backup of the server."
        )

    def scrub(self) -> bool:
        """Have the server take what was deleted out of its tables; its log, replicas and backups have it for longer."""
        self._vacuum(b"VACUUM")
        return True

    def compact(self) -> None:
        """Give the room of what was deleted back to the disk; nobody can use a table while it is written anew."""
        self._vacuum(b"VACUUM (FULL)")

    def give_over(self, to: GivenOver) -> GivenOver | None:
        """Say that the store goes on at another place; returns what was said before."""
        return self._session.write(lambda connection: give_over(PostgresStatements(connection), to))

    def given_over(self) -> GivenOver | None:
        """Return where the store goes on; None where it is here."""
        return self._session.read(lambda connection: given_over(PostgresStatements(connection)))

    def take_back(self) -> GivenOver | None:
        """Have workers enter again; returns to where the store had been given over."""
        return self._session.write(lambda connection: take_back(PostgresStatements(connection)))

    def _vacuum(self, how: bytes) -> None:
        for (table,) in self._session.read(lambda c: PostgresStatements(c).all("schema_tables")):
            command = how + b" " + table.encode()
            self._session.read(lambda connection, command=command: connection.execute(command))
