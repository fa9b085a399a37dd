"""How often somebody may ask: so many times a second, and as many more at once as were not used for a while."""

from collections import OrderedDict

from podium.errors import TooManyRequests
from podium.model.clock import Clock

_SLACK = 1e-3
"""Of the time between two requests: clocks are not more exact than that."""
_MOST = 10_000
"""So many askers are remembered; who has not asked for longest is forgotten first."""


class RequestRates:
    """Counts the requests of each asker, in this process.

    A bucket for each, as a time (GCRA): when it would be full again. It costs one number for each, and no timer.
    """

    def __init__(self, per_second: float, clock: Clock, *, burst: float) -> None:
        """Allow so many a second, and `burst` at once after a pause."""
        self._each = 1.0 / per_second
        self._ahead = burst * self._each
        self._clock = clock
        self._full_at = OrderedDict[str, float]()

    def count(self, asker: str) -> None:
        """Count a request; raises TooManyRequests, which says when the next one fits."""
        now = self._clock.monotonic()
        self.check(asker)
        self._full_at[asker] = max(self._full_at.get(asker, now), now) + self._each
        self._full_at.move_to_end(asker)
        if len(self._full_at) > _MOST:
            self._full_at.popitem(last=False)

    def check(self, asker: str) -> None:
        """Raise TooManyRequests where another request does not fit now; it is not counted."""
        now = self._clock.monotonic()
        wait = max(self._full_at.get(asker, now), now) + self._each - self._ahead - now
        if wait > self._each * _SLACK:
            raise TooManyRequests(
                f"{asker} has asked too often: at most {1 / self._each:g} times a second, here. Wait {wait:.2g} s.",
                retry_after=wait,
            )
