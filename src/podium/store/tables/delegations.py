"""Delegations in tables: read at each use, so that a revocation cuts at once, whichever process made it."""

from collections.abc import Sequence

from podium.model.delegation import Delegation, Granted
from podium.model.entered import GRANTED, REVOKED, grant_digest, revocation_digest
from podium.store.codec import decode, encode_names
from podium.store.tables.ledger import enter
from podium.store.tables.statements import Row, Statements, Tables


class TableDelegations:
    """The delegations of a store. Reading takes some microseconds, writing may wait for a lock."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def enter(self, granted: Granted) -> None:
        """Keep a delegation."""
        said = granted.delegation
        scope = {"agents": said.agents, "tools": said.tools, "arguments": said.arguments}
        row = (
            granted.id, said.by, said.to, said.tenant, encode_names(scope), said.expires, said.quota, granted.granted_at
        )  # fmt: skip

        def work(statements: Statements) -> None:
            statements.do("delegation_insert", *row)
            enter(statements, granted.id, grant_digest(*row), GRANTED)

        self._tables.write(work)

    def get(self, id: str) -> Granted | None:
        """Return a delegation as it stands now."""
        row = self._tables.now(lambda s: s.one("delegation_get", id))
        return None if row is None else _granted(row)

    def all(self) -> Sequence[Granted]:
        """Return all delegations, the oldest first."""
        return [_granted(row) for row in self._tables.now(lambda s: s.all("delegations_list"))]

    def use(self, id: str, now: float) -> bool:
        """Count one use; False where it is revoked, expired or used up."""
        return self._tables.write(lambda s: s.changed("delegation_use", id, now)) == 1

    def revoke(self, id: str, now: float) -> bool:
        """Void a delegation from now on."""

        def work(statements: Statements) -> bool:
            if statements.changed("delegation_revoke", id, now) == 0:
                return False
            enter(statements, id, revocation_digest(id, now), REVOKED)
            return True

        return self._tables.write(work)


def _granted(row: Row) -> Granted:
    name, by, to, tenant, scope, expires, quota, used, granted_at, revoked_at = row
    said = decode(scope)
    delegation = Delegation(
        by=by, to=to, agents=tuple(said["agents"]), tools=tuple(said["tools"]), arguments=said["arguments"],
        expires=expires, quota=quota, tenant=tenant,
    )  # fmt: skip
    return Granted(id=name, delegation=delegation, granted_at=granted_at, used=used, revoked_at=revoked_at)
