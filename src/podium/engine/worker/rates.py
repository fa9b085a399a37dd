"""How fast a worker begins to drive runs."""

import threading
from collections import Counter, deque

from podium.model.clock import Clock

_SLICE_SECONDS = 5.0
_SLICES = 12


class BeginRates:
    """Counts the runs of each queue that begin to be driven, and says how many that was a second over the last minute.

    It is counted in the event loop, and asked in the thread of the beat.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        self._slices: deque[tuple[int, Counter[str]]] = deque()
        self._lock = threading.Lock()

    def begun(self, queue: str) -> None:
        """Count a run."""
        now = int(self._clock.monotonic() / _SLICE_SECONDS)
        with self._lock:
            if not self._slices or self._slices[-1][0] != now:
                self._slices.append((now, Counter()))
                self._forget(now)
            self._slices[-1][1][queue] += 1

    def now(self) -> dict[str, float]:
        """Return how many a second, by queue; a worker that is younger than a minute is judged by its age."""
        moment = self._clock.monotonic()
        slice_now = int(moment / _SLICE_SECONDS)
        with self._lock:
            self._forget(slice_now)
            total = sum((counted for _, counted in self._slices), Counter[str]())
        began = max(self._since, (slice_now - _SLICES + 1) * _SLICE_SECONDS)
        seconds = max(_SLICE_SECONDS, moment - began)
        return {queue: count / seconds for queue, count in total.items()}

    def _forget(self, now: int) -> None:
        while self._slices and self._slices[0][0] <= now - _SLICES:
            self._slices.popleft()
