"""What a tool does to the world, declared where the agent is made."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import get_args

from podium.errors import UsageError
from podium.model.expected import Expected, one_of
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

    def __post_init__(self) -> None:
        one_of(get_args(Effects)).check("ToolEffects(effects=…)", self.effects)


DeclaredEffects = Mapping[str, Effects | ToolEffects]
"""By the tool's name as the model sees it, `AGENT/TOOL` of an agent that a tool runs; others are idempotent."""


_OF_A_TOOL = Expected(
    "'idempotent', 'once' or ToolEffects(effects='once', verify=…)",
    lambda value: isinstance(value, ToolEffects) or value in get_args(Effects),
)


def check_declared(effects: DeclaredEffects, agent: str, tools: Collection[str] | None) -> None:
    """Raise UsageError for what is no effect, and for one that is none of the `tools`; None is not to know them."""
    for tool, effect in effects.items():
        _OF_A_TOOL.check(f"tool_effects[{tool!r}] of agent {agent}", effect)
        if tools is not None and tool not in tools:
            there = f"There is {', '.join(sorted(tools))}" if tools else "It has none"
            raise UsageError(f"tool_effects of agent {agent} names {tool!r}, which is no tool of it. {there}.")


def effects_of(effects: DeclaredEffects, agent: str) -> DeclaredEffects:
    """Return what is declared for the tools of an agent that a tool runs; without its name, for those of the call's."""
    if not agent:
        return {tool: effect for tool, effect in effects.items() if "/" not in tool}
    before = f"{agent}/"
    return {tool.removeprefix(before): effect for tool, effect in effects.items() if tool.startswith(before)}


def declared(effects: DeclaredEffects, tool: str) -> ToolEffects:
    """Return what is declared for a tool."""
    found = effects.get(tool, "idempotent")
    return found if isinstance(found, ToolEffects) else ToolEffects(effects=found)
