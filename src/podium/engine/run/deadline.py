"""The time by which a run has to be done; when it comes the run is cancelled, and has failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.fact import Fact, FactKind, started_of
from podium.model.facts.runs import RUN_TIMED_OUT, Cancelling, Restarted, Rewound


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
    """Return when a run has to be done: the time given at its start or last retry, as restarts say again."""
    at = started_of(facts).deadline
    if at is None:
        return None
    for fact in reversed(facts):
        if fact.kind in (FactKind.REWOUND, FactKind.RESTARTED) and (found := _given_in(fact)) is not None:
            return found
    return Deadline(at, at - facts[0].at)


def _given_in(fact: Fact) -> Deadline | None:
    match fact.content:
        case Rewound(deadline=float() as due):
            return Deadline(due, due - fact.at)
        case Restarted(deadline=float() as due, seconds=float() as seconds):
            return Deadline(due, seconds)
        case _:
            return None
