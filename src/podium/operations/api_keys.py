"""Keys with which programs sign in: making, replacing and revoking them, and knowing who sends one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from podium.errors import NotPossible, TokenRefused
from podium.in_threads import in_thread
from podium.model.api_key import ApiKey, KeyBook, KeySecret, id_of_key, key_digest, written_key
from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.principal import Principal
from podium.model.storable import check_name

_BYTES = 32
"""A secret has 256 random bits: nobody finds it by trying, so a fast hash of it is as good as a slow one."""
_USED_EVERY = 60.0
"""Seconds between two notes that a key was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key with its secret, which nobody is told a second time."""

    key: ApiKey
    secret: str
    """The whole key, as it is sent: `podium_….…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """The keys of a store."""

    book: KeyBook
    clock: Clock
    ids: Ids

    async def create(self, name: str, principal: Principal, *, lasts: float | None, by: str) -> IssuedKey:
        """Make a key for whoever a principal is, with its roles and workflows; `lasts` is in seconds."""
        check_name("the name of the key", name)
        now = self.clock.now()
        new = self.ids.new("key")
        secret = _new_secret(new)
        key = ApiKey(
            id=new, name=name, who=principal.who, tenant=principal.tenant, roles=frozenset(principal.roles),
            workflows=tuple(principal.workflows), expires=None if lasts is None else now + lasts, made_at=now,
            made_by=by, secret=KeySecret(digest=key_digest(secret), at=now, by=by),
        )  # fmt: skip
        await in_thread(self.book.enter, key)
        return IssuedKey(key=key, secret=secret)

    async def all(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        return await in_thread(self.book.all)

    async def are_there(self) -> bool:
        """Whether any key is in force."""
        now = self.clock.now()
        return any(key.ended(now) is None for key in await self.all())

    async def rotate(self, id: str, *, grace: float, by: str) -> IssuedKey:
        """Give a key a new secret; the old one goes on for `grace` seconds. Raises NotPossible where it has ended."""
        now = self.clock.now()
        key = await self._in_force(id)
        secret = _new_secret(id)
        digest = key_digest(secret)
        if not await in_thread(lambda: self.book.rotate(id, digest, until=now + grace, at=now, by=by)):
            raise NotPossible(f"key {id} was revoked just now: make another one.")
        issued = KeySecret(digest=digest, former=key.secret.digest, former_until=now + grace, at=now, by=by)
        return IssuedKey(key=replace(key, secret=issued), secret=secret)

    async def revoke(self, id: str, *, by: str) -> None:
        """Void a key at once; raises NotPossible where it is void already, or there is none of that id."""
        if not await in_thread(lambda: self.book.revoke(id, at=self.clock.now(), by=by)):
            await self._in_force(id)
            raise NotPossible(f"key {id} was revoked just now.")

    async def known(self, key: str) -> ApiKey:
        """Return the key that somebody sent; raises TokenRefused where it is none of ours, or has ended.

        What is wrong with a key is told only to whoever has it: any other one is unknown.
        """
        named, now = id_of_key(key), self.clock.now()
        found = None if named is None else await self.book.get(named)
        if found is None or not found.secret.fits(key, now):
            raise TokenRefused("the key is unknown, or another one has taken its place: ask for a new one.")
        if (ended := found.ended(now)) is not None:
            raise TokenRefused(f"key {found.id} is {ended}: ask for a new one.")
        if found.used_at is None or now - found.used_at >= _USED_EVERY:
            await in_thread(self.book.use, found.id, now)
        return found

    async def _in_force(self, id: str) -> ApiKey:
        found = await self.book.get(id)
        if found is None:
            raise NotPossible(f"no key is called {id!r}. `podium keys list` shows those there are.")
        if (ended := found.ended(self.clock.now())) is not None:
            raise NotPossible(f"key {id} is {ended} already: make another one.")
        return found


def _new_secret(id: str) -> str:
    return written_key(id, secrets.token_urlsafe(_BYTES))
