"""Shared memory: what agents remember beyond one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never, get_args
from urllib.parse import quote

from podium.model.call import Call
from podium.model.json import Json

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
            return f"run:{call.run}"
        case "agent" if call.tenant == _DEFAULT_TENANT:
            return f"agent:{agent}"  # as it was before agents remembered for each tenant
        case "agent":
            return f"tenant-agent:{quote(call.tenant, safe='')}/{agent}"
        case "user":
            return f"user:{quote(call.tenant, safe='')}/{call.principal}"
        case _:
            assert_never(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEntry:
    """One remembered value."""

    scope: str
    """Whose memory it is, as `memory_scope` names it."""
    key: str
    value: Json
    version: int
    """1 at the first put, one more at each further one."""
    at: float


class MemoryStore(Protocol):
    """Where entries are kept. Every store brings one."""

    async def get(self, scope: str, key: str) -> MemoryEntry | None:
        """Return the entry, or None."""
        ...

    async def put(
        self, scope: str, key: str, value: Json, *, writer: str, expect: int | None = None
    ) -> MemoryEntry | None:
        """Store a value and return its entry, or None where the version is not `expect` (0: must not exist).

        `writer` is the idempotency key of the call: the same writer's put of the same key counts once, whatever others
        wrote in between; it is handed what came of the first.
        """
        ...

    async def delete(self, scope: str, key: str, *, writer: str | None = None) -> bool:
        """Forget a key; False where it was not there. With a `writer` it counts once, as a put does."""
        ...

    async def keys(self, scope: str, prefix: str = "") -> Sequence[str]:
        """Return the keys that start with `prefix`, sorted."""
        ...

    async def search(self, scope: str, query: str, *, limit: int = 10) -> Sequence[MemoryEntry]:
        """Return the entries whose text fits the words of `query`, best first (full-text, BM25)."""
        ...
