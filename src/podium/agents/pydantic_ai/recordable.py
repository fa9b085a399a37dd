"""Which tools of a Pydantic AI agent can be steps."""

from typing import TypeVar

from pydantic_ai.toolsets import (
    AbstractToolset,
    DynamicToolset,
    ExternalToolset,
    FunctionToolset,
    WrapperToolset,
)

from podium.errors import ConfigError

try:
    from pydantic_ai.mcp import MCPToolset
except ImportError:  # the MCP client is another extra of Pydantic AI's
    MCPToolset = None

D = TypeVar("D")


def require_recordable(toolset: AbstractToolset[D]) -> None:
    """Refuse tools that Pydantic AI would call past the steps: they would run again after every crash."""
    if MCPToolset is not None and isinstance(toolset, MCPToolset):
        return
    if isinstance(toolset, FunctionToolset | DynamicToolset):
        if toolset.id is None:
            raise ConfigError(f"{toolset.label} needs an id to be recorded under, such as FunctionToolset(id='search')")
        return
    if not isinstance(toolset, ExternalToolset | WrapperToolset):
        raise ConfigError(f"tools of {toolset.label} cannot be recorded: offer them through a FunctionToolset")
