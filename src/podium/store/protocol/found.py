"""What is found in a store."""

from dataclasses import dataclass

from podium.model.fact import Fact
from podium.model.run import Run


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run that failed or is quarantined, and the last thing that was said of it: how it ended, or a notice."""

    run: Run
    last: Fact


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
