"""What a reader of a stream has missed, found by the numbers of what it gets."""

from podium.model.streams.book import KeptEvents
from podium.model.streams.numbers import place_of_number

NOTHING_LOST = 0


class Gaps:
    """Follows which transient events a reader has had: under which ownership, and how many of that.

    Each ownership counts its transient events from 1, whoever watches. So what is missing shows, and how much.
    """

    def __init__(self) -> None:
        self._epoch, self._count = 0, 0
        self._silent = True
        """Whether whatever comes first is the beginning."""

    def resume(self, after: int, epoch: int | None) -> None:
        """Go on after a number, under whose ownership it was given where it is of a transient event."""
        self._silent = False
        self._epoch, self._count = 0 if epoch is None else epoch, place_of_number(after).nth

    def connect(self, after: int, kept: KeptEvents | None, *, grown: bool) -> bool:
        """Compare with what is kept where a reader comes again; returns whether it cannot be told what it missed.

        `grown` says whether the journal went on after what the reader had last.
        """
        if kept is not None and kept.before is not None:
            self._epoch, self._count = kept.before.epoch, place_of_number(kept.before.number).nth
            return False
        transient = place_of_number(after).taken > 0
        if kept is None:
            return grown
        first = kept.events[0].epoch if kept.events else kept.epoch
        if transient:
            return first != self._epoch and grown
        count = place_of_number(kept.events[0].number).nth - 1 if kept.events else _count(kept)
        self._epoch, self._count = first, count
        return count > 0

    def lost(self, epoch: int, number: int) -> int:
        """Return how many events are missing before one that comes now."""
        count = place_of_number(number).nth
        missing = count - 1 - (self._count if epoch == self._epoch else 0)
        missing = NOTHING_LOST if self._silent else missing
        self._epoch, self._count, self._silent = epoch, count, False
        return missing

    def lost_at_the_end(self, kept: KeptEvents) -> int:
        """Return how many events are missing after the last one that is kept."""
        if kept.epoch < self._epoch:
            return NOTHING_LOST
        missing = _count(kept) - (self._count if kept.epoch == self._epoch else 0)
        missing = NOTHING_LOST if self._silent else missing
        self._epoch, self._count, self._silent = kept.epoch, _count(kept), False
        return missing


def _count(kept: KeptEvents) -> int:
    return place_of_number(kept.last).nth if kept.last else 0
