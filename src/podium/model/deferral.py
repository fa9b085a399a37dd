"""A step whose value comes later: what it did is recorded, and is not done again while it waits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class Deferred:
    """What the function of a step gives where it has done its part, and the value comes from somebody else."""

    state: Json
    """What it takes to go on. It is recorded, so that the function is not run again to get there."""
    happened: bool = True
    """Whether its effect has happened; not where the function only asks whether it may be done, and is run again."""


class Resumed(Enum):
    """What becomes of a step that was deferred, other than that it has its value."""

    AGAIN = "again"
    """Its function is run once more, as whoever was asked allowed it."""


AGAIN: Literal[Resumed.AGAIN] = Resumed.AGAIN

StepFunction = Callable[[], Awaitable[Json | Deferred]]
"""Does a step, and returns its value, or that it comes later."""

Resume = Callable[[Json], Awaitable[Json | Literal[Resumed.AGAIN]]]
"""Goes on with a step that was deferred, by its state: returns its value, or that its function is to be run again."""
