"""What a reader of a stream has missed, found by the numbers of what it gets."""

from collections.abc import Iterable

from podium.model.fact import Fact, FactKind
from podium.model.streams.book import KeptEvent, KeptEvents
from podium.model.streams.numbers import place_of_number

NOTHING_LOST = 0
_OF_OPERATORS = (FactKind.REWOUND, FactKind.REPINNED)


class Gaps:
    """Follows which transient events a reader has had: under which ownership, and how many of that.

    Each ownership counts its transient events from 1, whoever watches, and says at its end how many there were. So what
    is missing shows, and how much. Where an ownership has not said so (it was killed, or nobody watched it), nobody
    knows whether there was more.
    """

    def __init__(self) -> None:
        self._epoch = 0
        self._count: int | None = 0
        """How many events of this ownership the reader has had or was told of; None where it cannot know."""
        self._over = True
        """Whether that is known to be all there was of it."""
        self._quiet: set[int] = set()
        """The ownerships that tell nothing, for they only change what is recorded."""
        self._silent = True
        """Whether whatever comes first is the beginning."""

    def resume(self, after: int, epoch: int, *, ended: bool = False) -> None:
        """Go on after a number, which was given under this ownership; after 0 from the beginning.

        `ended` says whether it is of the end of the run.
        """
        self._silent = False
        place = place_of_number(after)
        if place.taken or place.facts > 1:
            self._epoch, self._count, self._over = epoch, place.nth if place.taken else None, ended

    def recorded(self, facts: Iterable[Fact]) -> None:
        """Note which ownerships only retry a run or move it."""
        self._quiet.update(fact.epoch for fact in facts if fact.kind in _OF_OPERATORS)

    def connect(self, kept: KeptEvents | None) -> None:
        """Find how much the reader has had, where it comes again with the number of a fact, by what is kept."""
        before = None if kept is None else kept.before
        if self._count is None and before is not None and before.epoch == self._epoch:
            self._had(before)

    def lost(self, event: KeptEvent) -> int | None:
        """Return how many events are missing before one that comes now; None where nobody knows."""
        missing = self._missing(event.epoch, place_of_number(event.number).nth - 1)
        self._had(event)
        return missing

    def lost_at_the_end(self, kept: KeptEvents) -> int | None:
        """Return how many events are missing after the last one that is kept; None where nobody knows."""
        if kept.epoch < self._epoch:
            return NOTHING_LOST
        count = place_of_number(kept.last).nth
        missing = self._missing(kept.epoch, count)
        over = self._over and kept.epoch == self._epoch and count == self._count
        self._epoch, self._count, self._over, self._silent = kept.epoch, count, over, False
        return missing

    def is_unknown(self, kept: KeptEvents | None, epoch: int) -> bool:
        """Whether nobody knows if there is more, of a run whose last ownership this was and that has ended."""
        said = self._over or (kept is not None and kept.epoch == epoch)
        return not (self._silent or (said and self._epoch == epoch))

    def _missing(self, epoch: int, count: int) -> int | None:
        """Return how many are missing of those there were until an ownership had told so many."""
        if self._silent:
            return NOTHING_LOST
        if epoch == self._epoch:
            known = NOTHING_LOST if count == 0 else None
            return known if self._count is None else count - self._count
        follows = self._over and self._quiet.issuperset(range(self._epoch + 1, epoch))
        return count if follows else None

    def _had(self, event: KeptEvent) -> None:
        nth = place_of_number(event.number).nth
        self._epoch, self._over, self._silent = event.epoch, event.ends, False
        self._count = nth - 1 if event.ends else nth
