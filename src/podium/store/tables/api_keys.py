"""Keys in tables: read at each use, so that a revocation cuts at once, whichever process made it."""

from collections.abc import Sequence

from podium.model.api_key import ApiKey, KeySecret
from podium.model.entered import (
    KEY_ISSUED,
    KEY_MADE,
    KEY_REVOKED,
    key_issued_digest,
    key_made_digest,
    key_revoked_digest,
)
from podium.store.codec import decode, encode_names
from podium.store.tables.ledger import enter
from podium.store.tables.statements import Row, Statements, Tables, first


class TableKeys:
    """The keys of a store. Each change of one is entered in the ledger, in the same transaction."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def enter(self, key: ApiKey) -> None:
        """Keep a new key."""
        scope = encode_names({"roles": sorted(key.roles), "workflows": key.workflows})
        made = (key.id, key.name, key.who, key.tenant, scope, key.expires, key.made_at, key.made_by)
        secret = key.secret

        def work(statements: Statements) -> None:
            statements.do("key_insert", *made, secret.digest, secret.at, secret.by)
            enter(statements, key.id, key_made_digest(*made), KEY_MADE)
            issued = key_issued_digest(key.id, secret.digest, None, None, secret.at, secret.by)
            enter(statements, key.id, issued, KEY_ISSUED)

        self._tables.write(work)

    async def get(self, id: str) -> ApiKey | None:
        """Return a key as it stands now."""
        row = first(await self._tables.quickly("key_get", id))
        return None if row is None else _key(row)

    def all(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        return [_key(row) for row in self._tables.now(lambda s: s.all("keys_all"))]

    def rotate(self, id: str, digest: bytes, *, until: float, at: float, by: str) -> bool:
        """Put another secret in the place of a key's, which is taken until then too."""

        def work(statements: Statements) -> bool:
            statements.alone(f"api key {id}")
            row = statements.one("key_get", id)
            if row is None or not statements.changed("key_rotate", until, digest, at, by, id):
                return False
            enter(statements, id, key_issued_digest(id, digest, _key(row).secret.digest, until, at, by), KEY_ISSUED)
            return True

        return self._tables.write(work)

    def revoke(self, id: str, *, at: float, by: str) -> bool:
        """Void a key from now on."""

        def work(statements: Statements) -> bool:
            if not statements.changed("key_revoke", at, by, id):
                return False
            enter(statements, id, key_revoked_digest(id, at, by), KEY_REVOKED)
            return True

        return self._tables.write(work)

    def use(self, id: str, at: float) -> None:
        """Note that a key was used."""
        self._tables.write(lambda s: s.do("key_use", at, id))


def _key(row: Row) -> ApiKey:
    name, called, who, tenant, scope, expires, made_at, made_by, digest, former, until, at, by, *ended, used_at = row
    said = decode(scope)
    return ApiKey(
        id=name, name=called, who=who, tenant=tenant, roles=frozenset(said["roles"]),
        workflows=tuple(said["workflows"]), expires=expires, made_at=made_at, made_by=made_by,
        secret=KeySecret(digest=digest, former=former, former_until=until, at=at, by=by),
        revoked_at=ended[0], revoked_by=ended[1], used_at=used_at,
    )  # fmt: skip
