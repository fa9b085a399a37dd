"""Small states that the processes of a store share, in the store's own tables."""

from collections.abc import Awaitable, Callable

from podium.store.tables.statements import Statements, Tables, first

_LOOKED_AT = 16
"""How many others are looked at with each state that is new: so those that mean nothing any more do not pile up."""


class TableSharedStates:
    """Looked up at once, where that takes microseconds; replaced as the store shares what processes change often."""

    def __init__(
        self, tables: Tables, share: Callable[[Callable[[Statements], bool]], Awaitable[bool]], *,
        has_clock: bool = False,
    ) -> None:  # fmt: skip
        """`has_clock` says that the store is a server, whose time may be another than that of those who use it."""
        self._tables = tables
        self._share = share
        self._has_clock = has_clock

    async def named(self, prefix: str) -> dict[str, bytes]:
        """Return all states whose names begin so."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return dict(await self._tables.quickly("shared_states_named", prefix, after))

    async def time(self) -> float | None:
        """Return the server's time, where there is one."""
        if not self._has_clock:
            return None
        row = first(await self._tables.quickly("server_time"))
        return None if row is None else row[0]

    async def get(self, name: str) -> bytes:
        """Return a state."""
        row = first(await self._tables.quickly("shared_state_get", name))
        return b"" if row is None else row[0]

    async def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> bool:
        """Replace a state that still is as it was seen."""

        def work(statements: Statements) -> bool:
            if not state:
                if not seen:
                    return statements.one("shared_state_get", name) is None
                return statements.changed("shared_state_delete", name, seen) == 1
            if seen:
                return statements.changed("shared_state_update", until, state, name, seen) == 1
            statements.do("shared_states_expire", name, _LOOKED_AT, now)
            return statements.changed("shared_state_insert", name, until, state) == 1

        return await self._share(work)
