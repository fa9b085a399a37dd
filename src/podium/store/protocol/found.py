"""What is found in a store."""

from dataclasses import dataclass

from podium.model.fact import Fact
from podium.model.run import Run, RunState


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run that failed or is quarantined, and the last thing that was said of it: how it ended, or a notice."""

    run: Run
    last: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunableRun:
    """A run that may be deleted, as it is now."""

    id: str
    epoch: int
    facts: int
    head: bytes
    state: RunState
    workflow: str
    ended_at: float
    bytes: int
    """About how many bytes are kept of it; a large payload counts for each run that refers to it."""


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Where the journal of a run does not hold together."""

    run: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class RunFact:
    """A fact that was looked for over all runs, and whose it is."""

    run: str
    fact: Fact
