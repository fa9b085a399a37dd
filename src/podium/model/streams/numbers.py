"""The numbers of events: where each stands among the facts of its run, and the transient events between these.

A number has three parts, and numbers grow in the order of the three: how many facts the run has by then; how often it
was taken up since the last of them was written; and how many transient events there were since it was taken up, or, of
what a fact tells, which part of that. So whoever takes a run up after a crash goes on with larger numbers than
any that were given before, without having to know them. All numbers are below 2**53, which JSON leaves exact.
"""

from typing import NamedTuple

_COUNT_BITS, _TAKEN_BITS = 24, 5
MOST_PARTS = _MOST_COUNT = (1 << _COUNT_BITS) - 1
_MOST_TAKEN = (1 << _TAKEN_BITS) - 1
_FACTS_SHIFT = _COUNT_BITS + _TAKEN_BITS
MOST_NUMBER = (1 << 53) - 1


class StreamPlace(NamedTuple):
    """The parts of a number."""

    facts: int
    """How many facts the run has by then, with the one that tells of the event."""
    taken: int
    """0 for what the fact itself tells; else one more than how often the run was taken up since."""
    nth: int
    """Which part of the fact; or which of the transient events since the run was taken up, from 1."""

    @property
    def number(self) -> int:
        """As one number."""
        return self.facts << _FACTS_SHIFT | self.taken << _COUNT_BITS | self.nth


def place_of_number(number: int) -> StreamPlace:
    """Return the parts of a number."""
    return StreamPlace(number >> _FACTS_SHIFT, number >> _COUNT_BITS & _MOST_TAKEN, number & _MOST_COUNT)


def told_number(seq: int, part: int) -> int:
    """Return the number of a part of what the fact at a place tells."""
    return StreamPlace(seq + 1, 0, part).number


def transient_number(facts: int, epochs: int, count: int) -> int | None:
    """Return the number of a transient event after so many facts; None beyond what can be numbered and so be streamed.

    `epochs` is how often the run was taken up since the last fact, `count` which event it is since the last time,
    from 1.
    """
    taken = epochs + 1
    return None if taken > _MOST_TAKEN or count > _MOST_COUNT else StreamPlace(facts, taken, count).number
