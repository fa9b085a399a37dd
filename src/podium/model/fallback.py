"""What is taken in place of an answer that cannot be had."""

from dataclasses import dataclass

from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class FallbackValue:
    """A value that stands in for the answer of an agent that failed."""

    value: Json
    """As JSON, or as a value of the agent's output type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A call that was not answered by whom it was for."""

    key: str
    agent: str
    """Who was asked first."""
    by: str | None
    """Who answered; None where it was a value given beforehand."""
    why: str
    """What the one before said."""
