"""What a tool does to the world and which class it is of, declared where the agent is made."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from podium.errors import UsageError
from podium.model.expected import FLAG, NAMES, Expected, one_of
from podium.model.json import Json
from podium.model.origin import UNTRUSTED, Untrusted
from podium.model.steps import Effects, Steps
from podium.model.tool import ToolCard, Tools

Verify = Callable[[Json, Steps], Awaitable[Json]]
"""Tells what became of a tool call in doubt: takes its arguments, gives `{"done": result}`, or None for not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEffects:
    """What a tool does to the world, how to find out whether it did, and what policies can tell it by.

    `idempotent` tools may be called again after a crash, with the same idempotency key; a `once` tool in doubt is not:
    `verify` is asked, or else a person. A `read_only` tool changes nothing. `capabilities` are the classes that it is
    of. Nobody checks these: they are what whoever makes the agent says of it, never what a server says of itself.
    """

    effects: Effects = "idempotent"
    verify: Verify | None = None
    read_only: bool = False
    capabilities: Collection[str] = ()
    untrusted: Untrusted = False
    """Whether outsiders write what it gives: all of it, or what stands under these names in it."""

    def __post_init__(self) -> None:
        one_of(get_args(Effects)).check("ToolEffects(effects=…)", self.effects)
        FLAG.check("ToolEffects(read_only=…)", self.read_only)
        NAMES.check("ToolEffects(capabilities=…)", self.capabilities)
        UNTRUSTED.check("ToolEffects(untrusted=…)", self.untrusted)
        if self.read_only and self.effects == "once":
            raise UsageError("ToolEffects(read_only=True) changes nothing, so it has no effect that happens `once`.")


ReadOnly = Literal["read_only"]

DeclaredEffects = Mapping[str, Effects | ReadOnly | ToolEffects]
"""By the tool's name as the model sees it, `AGENT/TOOL` of an agent that a tool runs; others are idempotent."""

_SHORT: Mapping[object, ToolEffects] = {
    "read_only": ToolEffects(read_only=True),
    **{each: ToolEffects(effects=each) for each in get_args(Effects)},
}
_UNDECLARED = ToolEffects()
_OF_A_TOOL = Expected(
    "'idempotent', 'once', 'read_only' or ToolEffects(effects='once', verify=…)",
    lambda value: isinstance(value, ToolEffects) or (isinstance(value, str) and value in _SHORT),
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
    found = effects.get(tool, _UNDECLARED)
    return found if isinstance(found, ToolEffects) else _SHORT[found]


def tool_cards(effects: DeclaredEffects, schemas: Mapping[str, Json]) -> Tools:
    """Return what is known of the tools of an agent: those whose arguments are known now, and those declared."""
    return {tool: _card(effects, tool, schemas.get(tool)) for tool in {**schemas, **effects}}


def _card(effects: DeclaredEffects, tool: str, schema: Json) -> ToolCard:
    if tool not in effects:
        return ToolCard(schema=schema)
    said = declared(effects, tool)
    return ToolCard(
        schema=schema, effects=said.effects, read_only=said.read_only, capabilities=frozenset(said.capabilities),
        untrusted=said.untrusted,
    )  # fmt: skip
