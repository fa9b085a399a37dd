"""What is known of a tool of an agent before it is used."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from podium.model.json import Json
from podium.model.origin import Untrusted

if TYPE_CHECKING:
    from podium.model.steps import Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCard:
    """A tool as policies see it: what its agent knows of it, and what was declared."""

    schema: Json = None
    """The JSON Schema of its arguments; None where it shows only when the tool is used."""
    effects: "Effects | None" = None
    """What it does to the world; None where nothing is declared, which counts as `idempotent` to the engine alone."""
    read_only: bool = False
    """Whether it was declared that it changes nothing: it reads, and does not act."""
    capabilities: frozenset[str] = frozenset()
    untrusted: Untrusted = False
    """Whether it was declared that outsiders write what it gives: all of it, or what stands under these names in it."""


Tools = Mapping[str, ToolCard]
"""By the name that the model sees, `AGENT/TOOL` of another agent that works in the same call."""

UNKNOWN_TOOL = ToolCard()
"""A tool of which nothing is known: it is in no class."""


def known_tool(tools: Tools, name: str, schema: Json = None) -> ToolCard:
    """Return what is known of a tool; `schema` is that of its arguments, where it shows only when it is used."""
    known = tools.get(name, UNKNOWN_TOOL)
    return known if known.schema is not None or schema is None else replace(known, schema=schema)
