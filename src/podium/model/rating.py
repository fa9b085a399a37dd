"""What people and programs think of a run, or of a call of it."""

from dataclasses import dataclass, replace

RATED = "rate runs"
"""What is asked for by whoever rates one, as it is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What somebody thinks of a run, or of one of its calls."""

    by: str
    at: float
    """Seconds since 1970."""
    score: float
    """From 0, of no use, to 1, as wanted."""
    comment: str
    key: str | None
    """The call that it is about; None is the run as a whole."""

    def says_as(self, other: "Rating") -> bool:
        """Whether another one says the same, whenever it was given."""
        return replace(self, at=other.at) == other
