"""A step as it is asked for, and what is known of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.model.budget import Bound
from podium.model.deferral import Resume, StepFunction
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.spending import counted
from podium.model.steps import Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBody:
    """What a step does, as `Steps.once` is handed it."""

    fn: StepFunction
    input: Json
    effects: Effects
    verify: Callable[[], Awaitable[Json]] | None
    usage: Callable[[Json], Usage | None] | None = None
    bound: Bound | None = None
    resume: Resume | None = None
    """Goes on with it where its function puts its value off."""

    def used(self, value: Json) -> Usage | None:
        """Return what it counts as, by its value."""
        return None if self.usage is None else counted(self.usage(value), self.bound)


@dataclass(frozen=True, slots=True)
class KnownStep:
    """What is known of a step that is asked for."""

    value: Json
    place: str | None = None
    """Where an earlier attempt began it."""
    recorded: bool = False
    """Whether the journal has it at its own place, maybe as what an earlier attempt did."""
    refused: str | None = None
    """The rule that did not allow it: the value is what its agent is told."""
