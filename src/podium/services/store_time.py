"""The time that all processes of a store have in common, whatever the clocks of their machines say."""

import math
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from podium.model.clock import Clock

_LEARNS_AGAIN = 10.0
"""After so many seconds the store is asked anew."""
_DRIFT = 0.0002
"""So many seconds, at most, two clocks go apart in a second, as while one of them is set right little by little."""


class Ahead(NamedTuple):
    """By how many seconds the store's clock is ahead of this process's: at least, and at most."""

    least: float
    most: float

    @property
    def uncertain(self) -> float:
        """How many seconds lie between."""
        return self.most - self.least


_SAME = Ahead(0.0, 0.0)


class StoreTime:
    """What time it is on the store, as far as can be known: an answer that took a while was true at some moment of it.

    Each answer narrows down what is known; one that does not go together with that says that a clock was set.
    """

    def __init__(self, clock: Clock, ask: Callable[[], Awaitable[float | None]] | None = None) -> None:
        """`ask` tells the store's time; without it, or where it tells None, the clock is that of all processes."""
        self._clock = clock
        self._ask = ask
        self._known: Ahead | None = None
        """By how much the store's time is ahead of `monotonic`."""
        self._learned_at = -math.inf

    async def learn(self) -> None:
        """Ask the store for its time, unless that is known from shortly before. Raises StoreError."""
        before = self._clock.monotonic()
        if self._ask is None or before < self._learned_at + _LEARNS_AGAIN:
            return
        said = await self._ask()
        if said is None:
            self._ask = None
            return
        after = self._clock.monotonic()
        seen, known = Ahead(said - after, said - before), self._known
        if known is not None:
            drift = _DRIFT * (after - self._learned_at)
            both = Ahead(max(seen.least, known.least - drift), min(seen.most, known.most + drift))
            seen = both if both.least <= both.most else seen
        self._known, self._learned_at = seen, after

    def ahead(self) -> Ahead:
        """Return how far the store's time is ahead of `clock.now()`; nothing, while that is not known."""
        known = self._known
        if known is None:
            return _SAME
        shift = self._clock.monotonic() - self._clock.now()
        return Ahead(known.least + shift, known.most + shift)

    def now(self) -> float:
        """Return the store's time, as far as it is known."""
        known = self._known
        if known is None:
            return self._clock.now()
        return self._clock.monotonic() + (known.least + known.most) / 2
