"""What is kept for a time, beside what is recorded: answers, and events of streams."""

from dataclasses import dataclass

from podium.model.cache import Meaning
from podium.model.streams.book import KeptEvent


@dataclass(slots=True, kw_only=True)
class KeepAnswer:
    """Keep an answer until a time, for whoever asks the same; some that are too old now may be forgotten.

    Not changed after it is made.
    """

    agent: str
    version: str
    tenant: str
    digest: str
    """Of the input."""
    value: bytes
    run: str
    key: str
    now: float
    until: float
    usd: float | None = None
    """What it cost."""
    meaning: Meaning | None = None
    """Of the question, where those that mean nearly the same are to be given the answer."""
    most: int = 0
    """So many answers with a meaning are kept of this agent, version and tenant: the oldest go."""


@dataclass(slots=True, kw_only=True)
class KeepEvents:
    """Keep transient events of a run for readers in other processes; STALE where somebody else took the run up.

    More may be added to `events` until it is committed.
    """

    run: str
    epoch: int
    events: list[KeptEvent]
    last: int
    """The number of the last transient event under this epoch, whether it is kept or not."""
    trim: int
    """Up to this number events are deleted; 0 deletes none."""
    until: float
    """When all of it may be deleted."""
