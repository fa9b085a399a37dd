"""Tells an observer how the queues stand, now and then."""

import asyncio
from typing import TYPE_CHECKING

from podium import lazy
from podium.errors import StoreError
from podium.model.clock import Clock
from podium.store.protocol import Store

if TYPE_CHECKING:
    from podium.telemetry import spans
    from podium.telemetry.guarded import GuardedObserver
else:
    spans = lazy.module("podium.telemetry.spans")

_EVERY_SECONDS = 15.0


class QueueWatch:
    """Looks at the queues of a store. One that has become empty is told once more, with nothing in it."""

    def __init__(self, store: Store, clock: Clock, observer: "GuardedObserver | None") -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._told: set[str] = set()

    async def run(self) -> None:
        """Look for ever; where nobody observes, never."""
        while self._observer is None:
            await asyncio.Event().wait()
        while True:
            await self._look(self._observer)
            await self._clock.sleep_until(self._clock.now() + _EVERY_SECONDS)

    async def _look(self, observer: "GuardedObserver") -> None:
        try:
            rows = await self._store.queue_rows()
        except StoreError:
            return  # it cannot be read now: the next look tells
        levels = [
            spans.QueueLevel(queue=r.queue, ready=r.ready, oldest_age=r.oldest_age, running=r.running) for r in rows
        ]
        empty = self._told - {level.queue for level in levels}
        self._told = {level.queue for level in levels}
        for level in [
            *levels,
            *(spans.QueueLevel(queue=each, ready=0, oldest_age=0.0, running=0) for each in sorted(empty)),
        ]:
            observer.queue_level(level)
