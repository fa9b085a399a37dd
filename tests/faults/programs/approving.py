"""Three uses of a tool at once, each after somebody allowed it, in a process that dies where it is told to."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai import Agent, ApprovalRequired, DeferredToolRequests, RunContext, Tool
from pydantic_ai.capabilities import HandleDeferredToolCalls, RequestInput
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart
from pydantic_ai.tools import DeferredToolResults, ToolApproved, ToolDenied
from pydantic_ai.toolsets import FunctionToolset

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.testing import Faults, Witness, die_at
from podium.testing.model import ModelReply, ScriptedModel, Use
from tests.faults.stores import store_in

Bot = Agent[Any, Any]
Pay = Callable[[int], Awaitable[str]]

GIVE_UP = 120.0
SAID: dict[int, Json] = {
    1: {"approved": True},
    2: {"approved": True, "value": {"n": 20}},
    3: {"approved": False, "comment": "too much"},
}
"""What people say to the use of a tool, by its number."""


def in_the_inbox(model: ScriptedModel, pay: Pay) -> Bot:
    """The tool requires approval."""
    return Bot(model, name="clerk", output_type=[str, DeferredToolRequests], tools=[approved_first(pay)])


def by_a_check(model: ScriptedModel, pay: Pay) -> Bot:
    """The check of its arguments does, in a step of its own."""

    async def check(ctx: RunContext[Any], n: int) -> None:
        if not ctx.tool_call_approved:
            raise ApprovalRequired

    tools = FunctionToolset([Tool(pay, name="pay", args_validator=check)], id="bank")
    return Bot(model, name="clerk", toolsets=[tools])


def by_a_handler(model: ScriptedModel, pay: Pay) -> Bot:
    """The tool does, while it is used, and a handler of the agent decides."""

    def handle(ctx: RunContext[Any], requests: DeferredToolRequests) -> DeferredToolResults:
        said = {call.tool_call_id: decided(SAID[call.args_as_dict()["n"]]) for call in requests.approvals}
        return requests.build_results(approvals=said)

    async def asks(ctx: RunContext[Any], n: int) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return await pay(n)

    return Bot(model, name="clerk", tools=[Tool(asks, name="pay")], capabilities=[HandleDeferredToolCalls(handle)])


def from_outside(model: ScriptedModel, pay: Pay) -> Bot:
    """Somebody outside is told, and answers in the inbox."""

    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> None:
        return

    return Bot(model, name="clerk", tools=[approved_first(pay)], capabilities=[RequestInput(ask)])


def approved_first(pay: Pay) -> Tool[Any]:
    return Tool(pay, name="pay", requires_approval=True)


def decided(said: Json) -> ToolApproved | ToolDenied:
    return ToolApproved(override_args=said.get("value")) if said["approved"] else ToolDenied(said["comment"])


def results(said: Json, use: str) -> Json:
    """Return the same as the JSON of DeferredToolResults."""
    return {"approvals": {use: TypeAdapter(ToolApproved | ToolDenied).dump_python(decided(said), mode="json")}}


WAYS = {"inbox": in_the_inbox, "check": by_a_check, "handler": by_a_handler, "outside": from_outside}
"""Who has the tool wait, and who decides."""


def parts(witness: Witness, faults: Faults, way: str) -> list[AnyAgent]:
    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        told = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        results = [part for part in told if isinstance(part, ToolReturnPart)]
        if not results:
            return [Use("pay", {"n": n}, id=f"c{n}") for n in SAID]
        notes = [part.content for part in told[1:] if isinstance(part, UserPromptPart)]
        return json.dumps([*([part.outcome, str(part.content)] for part in results), notes])

    async def pay(n: int) -> str:
        witness.saw("effect", n)
        await asyncio.sleep(0.001)
        return f"paid {n}"

    clerk = from_pydantic_ai(WAYS[way](ScriptedModel(play), faults.body(pay)), output=str)

    @workflow
    async def pays(ctx: Context) -> str:
        return str(await ctx.call(clerk, "Pay."))

    return [pays, clerk]


async def people(app: App, way: str) -> None:
    """Answer one question after the other."""
    while True:
        for question in await app.inbox.list(limit=1):
            n = question.ask.subject["arguments"]["n"]
            await app.inbox.answer(question.id, results(SAID[n], f"c{n}") if way == "outside" else SAID[n], by="ann")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None, way: str) -> None:
    witness, faults = Witness(folder / "witness"), die_at(point)
    store = faults.store(store_in(folder))
    async with App.open(store, agents=parts(witness, faults, way), poll=0.02) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app, way))
        handle: AnyHandle = await app.start("pays", id="r")
        async with asyncio.timeout(GIVE_UP):
            value = json.loads(await handle.result())
        answering.cancel()
        states = [[each.ask.subject["arguments"]["n"], each.state] for each in await app.inbox.list(state=None)]
        (folder / "result").write_text(json.dumps({"told": value, "questions": sorted(states)}))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Pay once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None, "inbox"))


def main(folder: str, point: str | None, way: str) -> None:
    asyncio.run(drive(Path(folder), point, way))
