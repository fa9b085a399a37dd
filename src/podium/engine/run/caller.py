"""The caller of a call: a context, or a compensation."""

from dataclasses import dataclass
from typing import Protocol

from podium.model.json import Json


@dataclass(slots=True)
class Undo:
    """A compensation that is to run if the workflow fails or is cancelled."""

    key: str
    agent: str
    version: str
    input: Json
    judged_anew: bool = False
    """Whether the rules judge it when it is called: they did not allow it outright when it was registered."""
    registered_by: tuple[str, ...] = ()
    """Then, the workflows on the way to where it was registered."""


class Caller(Protocol):
    """The caller, as far as a call has to know it."""

    @property
    def callers(self) -> tuple[str, ...]:
        """The workflows on the way from the root run to here, the outermost first."""
        ...

    @property
    def deadline(self) -> float | None:
        """The time after which no answer is of any use, in seconds since 1970."""
        ...

    def adopt(self, undos: list[Undo]) -> None:
        """Take over the compensations of a call that succeeded."""
        ...
