"""Keys with which programs sign in to the server: who they are, what they may, and how long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol

from podium.model.principal import Principal

PREFIX = "podium_"
"""How every key begins, so that whoever finds one in a file knows what it is."""
ID = "key_"
"""How the id of a key begins; what follows it is in the key itself, and says which one it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySecret:
    """What stands for the secret of a key: enough to know it, and too little to make it."""

    digest: bytes = field(repr=False)
    """SHA-256 of the whole key. It is of 256 random bits, which nobody finds by trying."""
    former: bytes | None = field(default=None, repr=False)
    """That of the key which this one took the place of."""
    former_until: float | None = None
    """Until when the former one is taken too, in seconds since 1970."""
    at: float
    by: str

    def fits(self, key: str, now: float) -> bool:
        """Whether a key is this one, or the former one in time. It takes as long whatever the key is."""
        given = key_digest(key)
        is_former = compare_digest(given, self.former or bytes(len(given)))
        return compare_digest(given, self.digest) or (
            is_former and self.former_until is not None and now < self.former_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as the store knows it."""

    id: str
    name: str
    """What it is for, as people call it."""
    who: str
    """Who signs in with it: the name that is recorded."""
    tenant: str
    roles: frozenset[str] = frozenset()
    workflows: tuple[str, ...] = ("*",)
    """Patterns of the workflows that may be started with it, and whose runs may be changed."""
    expires: float | None = None
    """The time, in seconds since 1970, from which it is void; None is no such time."""
    made_at: float
    made_by: str
    secret: KeySecret
    revoked_at: float | None = None
    revoked_by: str | None = None
    used_at: float | None = None
    """When it was used last, to the minute."""

    @property
    def principal(self) -> Principal:
        """On whose behalf it asks."""
        return Principal(who=self.who, tenant=self.tenant, roles=self.roles, workflows=self.workflows)

    def ended(self, now: float) -> str | None:
        """Return how it has ended; None where it is in force."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else None


class KeyBook(Protocol):
    """Where keys are kept. Every store brings one. But for `get`, what it does may wait: call it in a thread."""

    def enter(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    async def get(self, id: str) -> ApiKey | None:
        """Return a key as it stands now, whichever process changed it."""
        ...

    def all(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        ...

    def rotate(self, id: str, digest: bytes, *, until: float, at: float, by: str) -> bool:
        """Put another secret in the place of a key's, which is taken until then too; False where it is revoked."""
        ...

    def revoke(self, id: str, *, at: float, by: str) -> bool:
        """Void a key from now on; False where there is none of that id that is not void already."""
        ...

    def use(self, id: str, at: float) -> None:
        """Note that a key was used."""
        ...


def key_digest(key: str) -> bytes:
    """Return what is kept of a key."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


def written_key(id: str, secret: str) -> str:
    """Return a key as it is sent."""
    return f"{PREFIX}{id.removeprefix(ID)}.{secret}"


def id_of_key(key: str) -> str | None:
    """Return the id of the key that somebody sent; None where it is none of ours."""
    name, dot, secret = key.partition(".")
    if not (dot and secret and name.startswith(PREFIX)):
        return None
    return f"{ID}{name.removeprefix(PREFIX)}"
