"""Checks of what goes into an agent and of what comes out."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, Protocol

from podium.model.json import Json
from podium.model.steps import Steps

Place = Literal["input", "output", "tool_input", "tool_output"]
"""Where a value is checked."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The value may go on."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Another value goes on in its place."""

    value: Json
    reason: str


@dataclass(frozen=True, slots=True)
class Objected:
    """The value may not go on; with `ask` a person of that role may let it."""

    reason: str
    ask: str | None = None


Finding = Passed | Repaired | Objected


class Guard(Protocol):
    """Checks values on their way into an agent, or out of it."""

    @property
    def name(self) -> str:
        """What it is called in `Refused` outcomes and facts."""
        ...

    @property
    def on(self) -> frozenset[Place]:
        """Where it is to look."""
        ...

    def check(self, value: Json, place: Place, steps: Steps) -> Finding | Awaitable[Finding]:
        """Look at a value."""
        ...
