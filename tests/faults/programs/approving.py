"""Three uses of a tool at once, each after a person allowed it, in a process that dies where it is told to."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import DeferredToolRequests
from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from podium.testing import Faults, Witness, die_at
from podium.testing.model import ModelReply, ScriptedModel, Use

GIVE_UP = 120.0
SAID: dict[int, Json] = {
    1: {"approved": True},
    2: {"approved": True, "value": {"n": 20}},
    3: {"approved": False, "comment": "too much"},
}
"""What people say to the use of a tool, by its number."""


def parts(witness: Witness, faults: Faults) -> list[AnyAgent]:
    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        told = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
        results = [part for part in told if isinstance(part, ToolReturnPart)]
        if not results:
            return [Use("pay", {"n": n}, id=f"c{n}") for n in SAID]
        return json.dumps([[part.outcome, str(part.content)] for part in results])

    async def pay(n: int) -> str:
        witness.saw("effect", n)
        await asyncio.sleep(0.001)
        return f"paid {n}"

    agent = PydanticAgent(ScriptedModel(play), name="clerk", output_type=[str, DeferredToolRequests])
    agent.tool_plain(requires_approval=True, name="pay")(faults.body(pay))
    clerk = from_pydantic_ai(agent)

    @workflow
    async def pays(ctx: Context) -> str:
        return str(await ctx.call(clerk, "Pay."))

    return [pays, clerk]


async def people(app: App) -> None:
    """Answer one question after the other."""
    while True:
        for question in await app.inbox.list(limit=1):
            await app.inbox.answer(question.id, SAID[question.ask.subject["arguments"]["n"]], by="ann")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None) -> None:
    witness, faults = Witness(folder / "witness"), die_at(point)
    store = faults.store(SqliteStore(str(folder / "podium.db")))
    async with App.open(store, agents=parts(witness, faults), poll=0.02) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app))
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
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
