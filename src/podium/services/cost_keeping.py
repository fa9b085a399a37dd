"""Adding up what ended runs spent, now and then, so that whoever asks for costs need not."""

import asyncio
from contextlib import suppress

from podium.errors import StoreError
from podium.store.protocol import Store

_EVERY_SECONDS = 2.0
_TREES = 100
"""So many are added up at once: nobody else writes for a millisecond or two meanwhile, in a store of SQLite."""


class CostKeeping:
    """Has the store keep what trees of runs spent that have ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._next = float("-inf")
        """When to look again, by the clock of the event loop."""

    async def look(self) -> None:
        """Add up some; where that cannot be written, a later look does it."""
        now = self._loop.time()
        if now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        with suppress(StoreError):
            if await self._store.keep_costs(_TREES) == _TREES:
                self._next = now  # there may be more
