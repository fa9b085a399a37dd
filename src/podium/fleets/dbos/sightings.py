"""When to ask whether runs that are ready have a placement: most of them were placed by whoever made them ready."""

from collections.abc import Iterable
from dataclasses import dataclass

from podium.store.operations import Placed

_FIRST_SECONDS = 1.0
"""After so long whoever made a run ready has placed it, or is dead."""
_LONGEST_SECONDS = 60.0
_GONE_SECONDS = 5.0
"""A run that was not seen for so long is not ready any more."""


@dataclass(slots=True)
class _Sighting:
    run: Placed
    seen_at: float
    ask_at: float
    pause: float


class Sightings:
    """The runs that were seen ready, each asked about now and then while it is seen, ever more rarely."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], _Sighting] = {}

    def see(self, runs: Iterable[Placed], now: float) -> None:
        """Note that runs are ready."""
        for run in runs:
            known = self._seen.get((run.n, run.epoch))
            if known is None:
                self._seen[run.n, run.epoch] = _Sighting(run, now, now + _FIRST_SECONDS, _FIRST_SECONDS)
            else:
                known.seen_at = now

    def due(self, now: float) -> list[Placed]:
        """Return the runs to ask about now."""
        self._seen = {key: each for key, each in self._seen.items() if now - each.seen_at <= _GONE_SECONDS}
        due = [each for each in self._seen.values() if each.ask_at <= now]
        for each in due:
            each.pause = min(2 * each.pause, _LONGEST_SECONDS)
            each.ask_at = now + each.pause
        return [each.run for each in due]
