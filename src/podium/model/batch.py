"""Calls that are handed to an agent together."""

from dataclasses import dataclass

from podium.model.duration import PAUSE, Seconds, hold_seconds
from podium.model.expected import COUNT, check_fields
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Concurrent calls of an agent that takes a list become one."""

    most: int = 32
    """Calls in one batch."""
    within: Seconds = Seconds(0.01)
    """Seconds that the first call waits for others."""

    def __post_init__(self) -> None:
        check_fields(self, {"most": COUNT})
        hold_seconds(self, PAUSE, "within")


class BatchInput(list[Json]):
    """The inputs of several calls, as the one input of an agent that is `batched`; its value is a list too."""

    __slots__ = ()
