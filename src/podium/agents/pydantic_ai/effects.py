"""What a tool does to the world, declared where the agent is made."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from podium.model.json import Json
from podium.model.steps import Effects, Steps

Verify = Callable[[Json, Steps], Awaitable[Json]]
"""Tells what became of a tool call in doubt: takes its arguments, gives `{"done": result}`, or None for not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEffects:
    """What a tool does to the world, and how to find out whether it did.

    `idempotent` tools may be called again after a crash, with the same idempotency key; a `once` tool in doubt is not:
    `verify` is asked, or else a person.
    """

    effects: Effects = "idempotent"
    verify: Verify | None = None


DeclaredEffects = Mapping[str, Effects | ToolEffects]
"""By the tool's name; a tool that is not named is idempotent."""


def declared(effects: DeclaredEffects, tool: str) -> ToolEffects:
    """Return what is declared for a tool."""
    found = effects.get(tool, "idempotent")
    return found if isinstance(found, ToolEffects) else ToolEffects(effects=found)
