"""The events of a store, in its own table; `journaling` writes them."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.event_types import EventType
from podium.store.codec import decode
from podium.store.tables.statements import Row, Statements, Tables, first

if TYPE_CHECKING:
    from podium.model import events
else:
    events = lazy.module("podium.model.events")

_AT_ONCE = 2_000
"""So many are deleted in one transaction: whoever writes waits for it."""


class TableEvents:
    """Reads at once, where that takes microseconds; what is too old is deleted in a thread."""

    tells = False
    """A file tells nobody."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._lock = threading.Lock()
        self._rings: list[Callable[[], None]] = []

    @contextmanager
    def hear(self, ring: Callable[[], None]) -> Generator[Callable[[], bool]]:
        """Have `ring` called for what this process commits; for the rest one has to look."""
        with self._lock:
            self._rings = [*self._rings, ring]
        try:
            yield lambda: False
        finally:
            with self._lock:
                rest = list(self._rings)
                rest.remove(ring)
                self._rings = rest

    def ring(self) -> None:
        """This process has committed something noteworthy."""
        for each in self._rings:
            each()

    async def after(self, position: int, limit: int) -> "Sequence[events.SystemEvent]":
        """Return the first events after a position, in order."""
        return [_event(row) for row in await self._tables.read(lambda s: s.all("events_after", position, limit))]

    async def last(self) -> int:
        """Return the position of the last event; 0 where there was none."""
        row = first(await self._tables.quickly("events_last"))
        assert row is not None  # it is one value
        return row[0]

    async def expire(self, before: float) -> bool:
        """Look first whether the oldest is too old: mostly it is not, and the store need not be written."""
        row = await self._tables.read(lambda s: s.one("events_oldest"))
        if row is None or row[1] >= before:
            return False
        first = row[0]

        def work(statements: Statements) -> int:
            return statements.changed("events_expire", before, first, _AT_ONCE)

        return await self._tables.write_in_thread(work) == _AT_ONCE


def _event(row: Row) -> "events.SystemEvent":
    position, at, type_, run, root, workflow, tenant, principal, question, to, assignee, content = row
    return events.SystemEvent(
        position=position, at=at, type=EventType(type_), run=run, root=root, workflow=workflow, tenant=tenant,
        principal=principal, question=question, to=to, assignee=assignee,
        content=decode(content.encode()),
    )  # fmt: skip
