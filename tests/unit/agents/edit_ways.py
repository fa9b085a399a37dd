"""The ways in which a tool comes to be used with other arguments than those that its model wrote."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_ai import Agent, ApprovalRequired, DeferredToolRequests, RunContext, Tool
from pydantic_ai.capabilities import AbstractCapability, HandleDeferredToolCalls, RequestInput
from pydantic_ai.exceptions import SkipToolValidation
from pydantic_ai.tools import DeferredToolResults, ToolApproved
from pydantic_ai.toolsets import FunctionToolset

from podium.model.json import Json

Edit = dict[str, Any]

Edits = Mapping[str, Edit]
"""The arguments that are put in, by the id of the use."""

Pay = Callable[..., Any]
"""The tool: it takes `n`, and notes outside of the store that it was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditWay:
    """One way."""

    build: Callable[[Any, Pay, Edits], Agent[Any, Any]]
    """Makes the agent of a model, its tool, and the arguments that its own code puts in, where it does."""
    answer: Callable[[str, Edit], Json] | None = None
    """What a person answers who puts arguments into a use; None where nobody is asked."""
    told: bool = True
    """Whether the model is told: not of what hooks do, which are a part of the tool."""
    policy: str = ""
    """What the policy says besides."""


def approved(use: str, edit: Edit) -> Json:
    return {"approved": True, "value": edit}


def results(use: str, edit: Edit) -> Json:
    return {"approvals": {use: {"kind": "tool-approved", "override_args": edit}}}


def put_in(requests: DeferredToolRequests, edits: Edits) -> DeferredToolResults:
    said = {call.tool_call_id: ToolApproved(override_args=edits[call.tool_call_id]) for call in requests.approvals}
    return requests.build_results(approvals=said)


def agent_of(model: Any, *capabilities: Any, **options: Any) -> Agent[Any, Any]:
    return Agent(model, name="bot", capabilities=capabilities, **options)


def plain(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
    return agent_of(model, *capabilities, tools=[Tool(pay, name="pay")])


def declared(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
    return agent_of(model, *capabilities, tools=[Tool(pay, name="pay", requires_approval=True)])


def by_toolset(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
    tools = FunctionToolset([Tool(pay, name="pay")]).approval_required()
    return agent_of(model, *capabilities, toolsets=[tools])


def raised(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
    async def asks(ctx: RunContext[Any], n: int) -> Any:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return await pay(n)

    return agent_of(model, *capabilities, tools=[Tool(asks, name="pay")])


def by_check(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
    async def check(ctx: RunContext[Any], n: int) -> None:
        if not ctx.tool_call_approved:
            raise ApprovalRequired

    return agent_of(model, *capabilities, tools=[Tool(pay, name="pay", args_validator=check)])


class AsksLate(AbstractCapability[Any]):
    """A hook that has a tool wait."""

    async def after_tool_validate(self, ctx: RunContext[Any], **given: Any) -> Any:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return given["args"]


class AsksLater(AbstractCapability[Any]):
    """A hook that has a tool wait just before it is used."""

    async def before_tool_execute(self, ctx: RunContext[Any], **given: Any) -> Any:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return given["args"]


def by_hook(hook: type[AbstractCapability[Any]]) -> Callable[..., Agent[Any, Any]]:
    def build(model: Any, pay: Pay, edits: Edits, *capabilities: Any) -> Agent[Any, Any]:
        return plain(model, pay, edits, hook(), *capabilities)

    return build


BEFORE_IT_IS_USED: dict[str, Callable[..., Agent[Any, Any]]] = {
    "requires_approval": declared,
    "approval toolset": by_toolset,
    "ApprovalRequired": raised,
    "args_validator": by_check,
    "after_tool_validate": by_hook(AsksLate),
    "before_tool_execute": by_hook(AsksLater),
}
"""Who has it wait."""


def decides(build: Callable[..., Agent[Any, Any]]) -> Callable[[Any, Pay, Edits], Agent[Any, Any]]:
    """Have the agent's own handler put arguments in."""

    def made(model: Any, pay: Pay, edits: Edits) -> Agent[Any, Any]:
        def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
            return put_in(requests, edits)

        return build(model, pay, edits, HandleDeferredToolCalls(handle))

    return made


def hands_over(build: Callable[..., Agent[Any, Any]], *, at_once: bool = False) -> Callable[..., Agent[Any, Any]]:
    """Have somebody outside asked, who puts arguments in."""

    def made(model: Any, pay: Pay, edits: Edits) -> Agent[Any, Any]:
        async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> DeferredToolResults | None:
            return put_in(requests, edits) if at_once else None

        return build(model, pay, edits, RequestInput(ask))

    return made


def hooked(point: str) -> Callable[[Any, Pay, Edits], Agent[Any, Any]]:
    """Have a hook of a capability put arguments in."""

    def made(model: Any, pay: Pay, edits: Edits) -> Agent[Any, Any]:
        async def before(self: Any, ctx: RunContext[Any], **given: Any) -> Any:
            return edits[given["call"].tool_call_id]

        async def around(self: Any, ctx: RunContext[Any], **given: Any) -> Any:
            return await given["handler"](edits[given["call"].tool_call_id])

        async def instead(self: Any, ctx: RunContext[Any], **given: Any) -> Any:
            raise SkipToolValidation(edits[given["call"].tool_call_id])

        name, skips = point.removesuffix(" skips"), point.endswith(" skips")
        hook = instead if skips else around if name.startswith("wrap") else before
        return plain(model, pay, edits, type("Puts", (AbstractCapability,), {name: hook})())

    return made


ASKING = '@id("pay") @ask("operators") forbid(principal, action == Action::"tool", resource) when { true };\n'

EDIT_WAYS: dict[str, EditWay] = {
    "a policy": EditWay(build=plain, answer=approved, policy=ASKING),
    **{f"a person, {name}": EditWay(build=build, answer=approved) for name, build in BEFORE_IT_IS_USED.items()},
    **{f"a handler, {name}": EditWay(build=decides(build)) for name, build in BEFORE_IT_IS_USED.items()},
    **{
        f"RequestInput, {name}": EditWay(build=hands_over(build), answer=results)
        for name, build in BEFORE_IT_IS_USED.items()
    },
    "RequestInput, as in the inbox": EditWay(build=hands_over(declared), answer=approved),
    "RequestInput, at once": EditWay(build=hands_over(declared, at_once=True)),
    **{
        f"a hook, {point}": EditWay(build=hooked(point), told=False)
        for point in (
            "before_tool_validate", "before_tool_validate skips", "after_tool_validate", "wrap_tool_validate",
            "before_tool_execute", "wrap_tool_execute",
        )
    },
}  # fmt: skip
