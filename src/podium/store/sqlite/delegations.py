"""Delegations in SQLite: read at each use, so that a revocation cuts at once, whichever process made it."""

import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

from podium.model.delegation import Delegation, Granted
from podium.model.entered import GRANTED, REVOKED, grant_digest, revocation_digest
from podium.store.codec import decode, encode_names
from podium.store.sqlite.connection import transaction, translated
from podium.store.sqlite.ledger import enter
from podium.store.sqlite.sql import statement


class SqliteDelegations:
    """The delegations of a store. Reading takes some microseconds, writing may wait for a lock."""

    def __init__(
        self, reading: sqlite3.Connection, writing: sqlite3.Connection, lock: threading.RLock, path: str
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._lock = lock
        self._path = path

    def enter(self, granted: Granted) -> None:
        """Keep a delegation."""
        said = granted.delegation
        scope = {"agents": said.agents, "tools": said.tools, "arguments": said.arguments}
        row = (
            granted.id, said.by, said.to, said.tenant, encode_names(scope), said.expires, said.quota, granted.granted_at
        )  # fmt: skip
        with self._lock, transaction(self._writing, self._path) as connection:
            connection.execute(statement("delegation_insert"), row)
            enter(connection, granted.id, grant_digest(*row), GRANTED)

    def get(self, id: str) -> Granted | None:
        """Return a delegation as it stands now."""
        with translated(self._path):
            row = self._reading.execute(statement("delegation_get"), (id,)).fetchone()
        return None if row is None else _granted(row)

    def all(self) -> Sequence[Granted]:
        """Return all delegations, the oldest first."""
        with translated(self._path):
            return [_granted(row) for row in self._reading.execute(statement("delegations_list"))]

    def use(self, id: str, now: float) -> bool:
        """Count one use; False where it is revoked, expired or used up."""
        with self._lock, transaction(self._writing, self._path) as connection:
            return connection.execute(statement("delegation_use"), (id, now)).rowcount == 1

    def revoke(self, id: str, now: float) -> bool:
        """Void a delegation from now on."""
        with self._lock, transaction(self._writing, self._path) as connection:
            if connection.execute(statement("delegation_revoke"), (id, now)).rowcount == 0:
                return False
            enter(connection, id, revocation_digest(id, now), REVOKED)
            return True


def _granted(row: tuple[Any, ...]) -> Granted:
    name, by, to, tenant, scope, expires, quota, used, granted_at, revoked_at = row
    said = decode(scope)
    delegation = Delegation(
        by=by, to=to, agents=tuple(said["agents"]), tools=tuple(said["tools"]), arguments=said["arguments"],
        expires=expires, quota=quota, tenant=tenant,
    )  # fmt: skip
    return Granted(id=name, delegation=delegation, granted_at=granted_at, used=used, revoked_at=revoked_at)
