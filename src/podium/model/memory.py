"""Shared memory: what agents remember beyond one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NoReturn, Protocol, assert_never, get_args

from podium.errors import OtherEmbedder
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.embedding import Vector
from podium.model.json import Json, is_array, is_object
from podium.model.storable import check_name
from podium.secrets.masking import MASKING

MemoryScope = Literal["tenant", "run", "agent", "user"]
"""Whose memory it is: everybody's of the tenant, this run's alone, that of the agents of one name in the tenant, or
that of the user on whose behalf the run is."""

MEMORY_SCOPES: tuple[str, ...] = get_args(MemoryScope)
_DEFAULT_TENANT = "default"


def memory_scope(scope: MemoryScope, call: Call, agent: str) -> str:
    """Return the name under which a store keeps what is remembered: no two tenants share one.

    `agent` is the name of the agents whose memory it is, which counts in the scope `agent` alone.
    """
    match scope:
        case "tenant":
            return f"tenant:{call.tenant}"
        case "run":
            return scope_of_run(call.run)
        case "agent" if call.tenant == _DEFAULT_TENANT:
            return f"agent:{agent}"  # as it was before agents remembered for each tenant
        case "agent":
            return f"tenant-agent:{_quoted(call.tenant)}/{agent}"
        case "user":
            return f"user:{_quoted(call.tenant)}/{call.principal}"
        case _:
            assert_never(scope)


def scope_of_run(run: str) -> str:
    """Return the name under which a store keeps what a run remembers for itself."""
    return f"run:{run}"


def _quoted(tenant: str) -> str:
    """Return the name of a tenant without a slash, another one for each."""
    return tenant.replace("%", "%25").replace("/", "%2F")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEntry:
    """One remembered value."""

    scope: str
    """Whose memory it is, as `memory_scope` names it."""
    key: str
    value: Json
    version: int
    """One more at each further put of the key. None comes again, also where the entry was deleted or forgotten."""
    at: float
    until: float | None = None
    """The time, in seconds since 1970, from which it is not found any more; None is for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAppend:
    """What came of an append."""

    version: int
    length: int
    """How many elements the list has with it, or characters the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLock:
    """Who holds a lock."""

    token: int
    """It grows with each lock of the key: whoever is handed it may refuse a smaller one than it has seen."""
    holder: str
    """The idempotency key of the call that took it: its run and its place in it."""
    until: float
    """The time, in seconds since 1970, from which anybody may take it."""


AppendTo = Literal["list", "text"]


def appended(before: Json, value: Json, to: AppendTo) -> Json:
    """Return a list with one more element, or a longer text; None where what there is, or what is added, is neither."""
    match to:
        case "list":
            return [*before, value] if is_array(before) else None
        case "text":
            return before + value if isinstance(before, str) and isinstance(value, str) else None
        case _:
            assert_never(to)


NOTHING_YET: Mapping[AppendTo, Json] = MappingProxyType({"list": [], "text": ""})
"""What is added to where nothing is stored."""


def check_memory_key(key: str) -> None:
    """Raise InvalidValue for a key under which nothing can be kept; every store asks it before it writes."""
    check_name("the key of the memory", key)


def text_of_entry(key: str, value: Json) -> str:
    """Return what an entry is found by: its key, and all text in its value, with secrets masked as they are stored."""
    return f"{key} {_words(MASKING.json(value))}"


def _words(value: Json) -> str:
    match value:
        case _ if is_object(value):
            return " ".join(f"{key} {_words(part)}" for key, part in value.items())
        case _ if is_array(value):
            return " ".join(_words(part) for part in value)
        case None:
            return ""
        case _:
            return str(value)


def refuse_embedder(scope: str, theirs: str, ours: str) -> NoReturn:
    """Raise the error for a scope with vectors of another embedder."""
    raise OtherEmbedder(
        f"the memory {scope} has vectors of {theirs}, which cannot be compared with those of {ours}: use that embedder,"
        " or have all entries embedded again, by a call of the memory with Reembed()."
    )


class MemoryStore(Protocol):
    """Where entries are kept. Every store brings one.

    `writer` is the idempotency key of a call: what the same writer does to the same key counts once, whatever others
    did in between; it is handed what came of the first. An entry whose time is over is as one that was deleted.
    """

    def under(self, clock: Clock) -> "MemoryStore":
        """Return the same memory, whose time is that of a clock; without it, it is the machine's."""
        ...

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        ...

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None, ttl: float | None = None,
        vector: Vector | None = None,
    ) -> MemoryEntry | None:  # fmt: skip
        """Store a value and return its entry, or None where the version is not `expect` (0: must not exist).

        It is forgotten after `ttl` seconds, or with None never, whatever was said when it was put before. Only with a
        `vector` it is found by meaning: raises OtherEmbedder where the scope has vectors of another embedder.
        """
        ...

    async def append(
        self, scope: str, key: str, value: Json, *, writer: str, to: AppendTo = "list", expect: int | None = None,
        vector: Vector | None = None,
    ) -> MemoryAppend | None:  # fmt: skip
        """Add an element to a list, or text to a text, or begin one; None where something else is stored.

        So it is where the version is not `expect`. The entry lasts as long as it would have without; `vector` is that
        of the whole, as for `put`.
        """
        ...

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. With a `writer` it counts once, as a put does."""
        ...

    async def lock(self, scope: str, key: str, *, writer: str, lease: float) -> MemoryLock:
        """Take a lock for `lease` seconds, unless another writer holds it: return who holds it now.

        The same writer is handed its own lock again while its lease lasts, also where it was unlocked meanwhile. Locks
        have nothing to do with entries of the same key.
        """
        ...

    async def unlock(self, scope: str, key: str, token: int, *, writer: str) -> bool:
        """Give the lock of this token back; False where its lease is over, or it was given back before."""
        ...

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        ...

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose text fits the words of `query`, best first (full-text, BM25)."""
        ...

    async def nearest(self, scope: str, vector: Vector, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose vectors are nearest to this one, best first (cosine).

        Raises OtherEmbedder where the scope has vectors of another embedder: it never compares them.
        """
        ...

    async def without_vector(self, scope: str, embedder: str, *, limit: int) -> Sequence[MemoryEntry]:
        """Return entries that have no vector of this embedder, the oldest first; `embedder` is that of a Vector."""
        ...

    async def set_vector(self, scope: str, key: str, version: int, vector: Vector) -> bool:
        """Give an entry a vector in place of the one that it has; False where it is of another version by now."""
        ...

    async def forget_expired(self) -> int:
        """Delete all entries whose time is over, and return how many; some are deleted with each write anyway.

        Then no word of what is gone, however it went, is left in what a search looks through either.
        """
        ...
