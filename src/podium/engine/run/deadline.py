"""The time by which a run has to be done; when it comes the run is cancelled, and has failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.fact import Fact, FactKind, started_of
from podium.model.facts.runs import RUN_TIMED_OUT, Cancelling, Rewound


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run has to be done, and how long it was given."""

    at: float
    seconds: float

    @property
    def reason(self) -> str:
        """What a run says that was not done in time."""
        return f"{RUN_TIMED_OUT}: it was not done within {round(self.seconds, 3):g} s"

    @property
    def cancelling(self) -> Cancelling:
        """What the fact says that has the run cancelled."""
        return Cancelling(reason=self.reason, deadline=True)

    def renewed(self, now: float) -> "Deadline":
        """Return the same length of time, counted from now."""
        return Deadline(now + self.seconds, self.seconds)


def deadline_of(facts: Sequence[Fact]) -> Deadline | None:
    """Return when a run has to be done: the time given at its start, or at its last retry."""
    at = started_of(facts).deadline
    if at is None:
        return None
    for fact in reversed(facts):
        if fact.kind is FactKind.REWOUND and isinstance(said := fact.content, Rewound) and said.deadline is not None:
            return Deadline(said.deadline, said.deadline - fact.at)
    return Deadline(at, at - facts[0].at)
