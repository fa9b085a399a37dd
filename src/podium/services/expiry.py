"""Deleting in a store what is kept for a time only, now and then."""

import asyncio
from contextlib import suppress

from podium.errors import StoreError
from podium.model.clock import Clock
from podium.store.protocol import Store

_EVERY_SECONDS = 60.0


class Expiry:
    """Deletes transient events of runs that nobody reads any more, and old events of the system."""

    def __init__(self, store: Store, clock: Clock, *, keep_events: float) -> None:
        self._store = store
        self._clock = clock
        self._keep_events = keep_events
        self._loop = asyncio.get_running_loop()
        self._next = float("-inf")
        """When to look again, by the clock of the event loop."""

    async def look(self) -> None:
        """Delete what is too old by now; where that cannot be written, the next look does it."""
        now = self._loop.time()
        if now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        with suppress(StoreError):
            at = self._clock.now()
            await self._store.streams.expire(at)
            while await self._store.events.expire(at - self._keep_events):
                pass
