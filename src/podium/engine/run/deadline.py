"""The time by which a run has to be done; when it comes the run is cancelled, and has failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.fact import Fact, FactKind
from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run has to be done, and how long it was given."""

    at: float
    seconds: float

    @property
    def reason(self) -> str:
        """What a run says that was not done in time."""
        return f"RunTimedOut: it was not done within {round(self.seconds, 3):g} s"

    @property
    def body(self) -> Json:
        """What the fact says that has the run cancelled."""
        return {"reason": self.reason, "deadline": True}

    def renewed(self, now: float) -> "Deadline":
        """Return the same length of time, counted from now."""
        return Deadline(now + self.seconds, self.seconds)


def deadline_of(facts: Sequence[Fact]) -> Deadline | None:
    """Return when a run has to be done: as it was started with, or as it was given anew when it was retried."""
    started = facts[0]
    at: float | None = started.body.get("deadline")
    if at is None:
        return None
    again = (fact for fact in reversed(facts) if fact.kind is FactKind.REWOUND and "deadline" in fact.body)
    if (last := next(again, None)) is not None:
        return Deadline(last.body["deadline"], last.body["deadline"] - last.at)
    return Deadline(at, at - started.at)
