"""The ways in which a tool comes to an agent."""

import sys
from pathlib import Path
from typing import Any

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent, RunContext, Tool
from pydantic_ai.capabilities import MCP, Capability, PrefixTools, PrepareTools, ToolSearch, Toolset, WebFetch
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import (
    CombinedToolset,
    DynamicToolset,
    FunctionToolset,
    WrapperToolset,
)

from podium.model.json import Json
from tests.e2e.models.scripted import Reply, Script, Use, results
from tests.e2e.models.way import Place, Way, asking, clerk, one_use, set_of_work

SERVER = Path(__file__).parent / "mcp_server.py"


def toolset_without_id(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place)])


def prefixed_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place, "pay", id="t").prefixed("bank")])


def renamed_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place, "pay", id="t").renamed({"bank_pay": "pay"})])


def dynamic_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[DynamicToolset[Any](lambda ctx: set_of_work(place, id="t"), id="d")])


def toolset_of_a_function(place: Place) -> Agent[Any, Any]:
    def made(ctx: RunContext[Any]) -> FunctionToolset[Any]:
        return set_of_work(place, id="t")

    return clerk(place, toolsets=[made])


def filtered_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place, id="t").filtered(lambda ctx, tool: tool.name == "work")])


async def _as_they_are(ctx: RunContext[Any], tools: list[ToolDefinition]) -> list[ToolDefinition]:
    return tools


def prepared_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place, id="t").prepared(_as_they_are)])


def combined_tools(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[CombinedToolset([set_of_work(place, id="t"), set_of_work(place, "rest", id="u")])])


def wrapped_tools(place: Place) -> Agent[Any, Any]:
    ask = asking(place)

    class Asks(WrapperToolset[Any]):
        async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: Any) -> Any:
            await ask()
            return await super().call_tool(name, tool_args, ctx, tool)

    return clerk(place, toolsets=[Asks(set_of_work(place, id="t"))])


def listed_tools(place: Place) -> Agent[Any, Any]:
    ask, asked = asking(place), list[str]()

    class Asks(WrapperToolset[Any]):
        async def get_tools(self, ctx: RunContext[Any]) -> Any:
            if not asked:
                asked.append("tools")
                await ask()
            return await super().get_tools(ctx)

    return clerk(place, toolsets=[Asks(set_of_work(place, id="t"))])


def validated_tool(place: Place) -> Agent[Any, Any]:
    ask = asking(place)

    async def work(n: int) -> str:
        place.ran("work")
        return "worked"

    async def check(ctx: RunContext[Any], n: int) -> None:
        await ask()

    return clerk(place, tools=[Tool(work, args_validator=check)])


def prepared_tool(place: Place) -> Agent[Any, Any]:
    ask, asked = asking(place), list[str]()

    async def work(n: int) -> str:
        place.ran("work")
        return "worked"

    async def prepare(ctx: RunContext[Any], tool: ToolDefinition) -> ToolDefinition:
        if not asked:
            asked.append("prepared")
            await ask()
        return tool

    return clerk(place, tools=[Tool(work, prepare=prepare)])


def tools_of_a_capability(place: Place) -> Agent[Any, Any]:
    capability = Capability[Any](id="works")

    @capability.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        return "worked"

    return clerk(place, capabilities=[capability])


def toolset_of_a_capability(place: Place) -> Agent[Any, Any]:
    return clerk(place, capabilities=[Toolset(set_of_work(place, id="t"))])


def tools_prefixed_by_a_capability(place: Place) -> Agent[Any, Any]:
    return clerk(place, capabilities=[PrefixTools(Toolset(set_of_work(place, "pay", id="t")), prefix="bank")])


def tools_prepared_by_a_capability(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[set_of_work(place, id="t")], capabilities=[PrepareTools(_as_they_are)])


def searched_tools(place: Place) -> Agent[Any, Any]:
    tools = set_of_work(place, id="t").defer_loading()
    return clerk(place, toolsets=[tools], capabilities=[ToolSearch()])


def local_tool(place: Place) -> Agent[Any, Any]:
    async def web_fetch(n: int) -> str:
        place.ran("web_fetch")
        return "a page"

    return clerk(place, capabilities=[WebFetch(native=False, local=web_fetch)])


def _server(place: Place) -> StdioTransport:
    return StdioTransport(sys.executable, [str(SERVER), str(place.log)])


def mcp_server(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[MCPToolset[Any](_server(place), id="calc")])


def prefixed_mcp_server(place: Place) -> Agent[Any, Any]:
    return clerk(place, toolsets=[MCPToolset[Any](_server(place), id="calc").prefixed("calc")])


def mcp_of_a_capability(place: Place) -> Agent[Any, Any]:
    return clerk(place, capabilities=[MCP(local=MCPToolset[Any](_server(place), id="calc"), id="calc")])


def _searching(asked: Json, _: int) -> Reply:
    told = results(asked)
    if not told:
        return Reply(uses=[Use("search_tools", {"queries": ["work"]}, "c1")])
    return Reply(uses=[Use("work", {"n": 1}, "c2")]) if len(told) == 1 else Reply(text="done")


def _of(name: str, build: Any, tool: str = "work", **more: Any) -> Way:
    script: dict[str, Script] = {"main": one_use(tool)}
    options: dict[str, Any] = {"scripts": script, "asks": {"main": 2}, "tools": [tool], "other": "main", **more}
    return Way(name=name, build=build, **options)


_ASKS: dict[str, Any] = {"asks": {"main": 2, "inner": 1}, "other": "inner"}

TOOL_WAYS = (
    _of("a toolset without an id", toolset_without_id),
    _of("a toolset with a prefix", prefixed_tools, "bank_pay"),
    _of("a toolset with other names", renamed_tools, "bank_pay"),
    _of("a toolset that is made for each run", dynamic_tools),
    _of("a function that makes a toolset", toolset_of_a_function),
    _of("a toolset that is filtered", filtered_tools),
    _of("a toolset that is prepared", prepared_tools),
    _of("toolsets that are combined", combined_tools),
    _of("a toolset of your own around another one", wrapped_tools, **_ASKS),
    _of("a toolset that asks a model which tools it has", listed_tools, **_ASKS),
    _of("a check of the arguments of a tool", validated_tool, **_ASKS),
    _of("the preparation of a tool", prepared_tool, **_ASKS),
    _of("`Capability` with tools", tools_of_a_capability),
    _of("`Toolset`", toolset_of_a_capability),
    _of("`PrefixTools`", tools_prefixed_by_a_capability, "bank_pay"),
    _of("`PrepareTools`", tools_prepared_by_a_capability),
    _of(
        "`ToolSearch`", searched_tools, scripts={"main": _searching}, asks={"main": 3}, tools=["work"],
    ),
    _of("the local tool of `WebFetch`", local_tool, "web_fetch"),
    _of("a server of the Model Context Protocol", mcp_server),
    _of("such a server with a prefix", prefixed_mcp_server, "calc_work"),
    _of("`MCP`", mcp_of_a_capability),
)  # fmt: skip
