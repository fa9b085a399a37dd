"""What the handlers that an agent has itself decide about tools that wait: of each use by itself, once for ever."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.capabilities.abstract import leaf_capabilities
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext

from podium.agents.pydantic_ai.outside import Handling, handling
from podium.agents.pydantic_ai.request import ToolUse
from podium.agents.pydantic_ai.scope import AgentScope
from podium.model.consent import NO_CONSENT
from podium.model.json import Json

D = TypeVar("D")

RESULTS = TypeAdapter(DeferredToolResults)


class NoHandler(AbstractCapability[D]):
    """A capability that has an agent's own handlers asked, and is none of them."""


async def handlers_decide(
    scope: AgentScope, ctx: RunContext[Any], use: ToolUse, about: Handling, *, again: bool = False
) -> Json:
    """Return what an agent's own handlers decide about a use of a tool, as DeferredToolResults; None if nothing.

    They are asked `again` about the result of one that they decided to allow.
    """
    manager = ctx.tool_manager
    if manager is None or not _handles(ctx):
        return None
    call, metadata = ToolCallPart(use.tool, about.shown["arguments"], about.call_id), about.shown.get("metadata")
    requests = DeferredToolRequests(
        calls=[] if about.approval else [call], approvals=[call] if about.approval else [],
        metadata={} if metadata is None else {about.call_id: metadata},
    )  # fmt: skip

    async def body() -> Json:
        with handling(about):
            results = await manager.resolve_deferred_tool_calls(requests)
        if results is None or not (results.approvals or results.calls):
            return None
        return RESULTS.dump_python(results, mode="json")

    key = f"{use.key}/result" if again else use.key
    name = f"handler/{use.tool}"
    return await scope.recording.used(name, lambda _: body(), NO_CONSENT, key=scope.key(key), input=use.sent)


def _handles(ctx: RunContext[Any]) -> bool:
    """Whether an agent has handlers of its own for tools that wait."""
    capability = None if ctx.tool_manager is None else ctx.tool_manager.root_capability
    own: Sequence[AbstractCapability[Any]] = () if capability is None else leaf_capabilities(capability)
    plain = AbstractCapability[Any].handle_deferred_tool_calls
    return any(type(each).handle_deferred_tool_calls is not plain for each in own if not isinstance(each, NoHandler))
