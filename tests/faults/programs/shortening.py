"""A conversation whose agent sends what fits and has the rest summarized, in a process that dies as it is told to."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_ai.messages import ModelMessage, ToolReturnPart

from podium import App, Context, workflow
from podium.agents.context import LastMessages, Summarize, TrimToolResults
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.store.sqlite.store import SqliteStore
from podium.testing import Faults, ScriptedModel, Use, die_at
from podium.testing.model import ModelReply

GIVE_UP = 120.0
LOOKS = 3


def look(n: int) -> str:
    """Look something up."""
    return f"found {n} {'and so on ' * 20}"


def play(messages: Sequence[ModelMessage]) -> ModelReply:
    """Use the tool a few times, and say then what the model was sent."""
    last = messages[-1].parts[-1]
    done = int(str(last.content).split()[1]) + 1 if isinstance(last, ToolReturnPart) else 0
    return f"sent {len(messages)}" if done == LOOKS else Use("look", {"n": done}, id=f"look-{len(messages)}-{done}")


def parts(faults: Faults, witness: Path) -> list[AnyAgent]:
    short = llm_agent(
        "short", model=ScriptedModel(["in short"], name="short", witness=witness), instructions="Shorten."
    )
    rules = [
        TrimToolResults(keep_last=1, characters=20), Summarize(short, above=600, keep=3, count=len), LastMessages(8),
    ]  # fmt: skip
    bot = llm_agent(
        "bot", model=ScriptedModel(play, name="bot", witness=witness), instructions="Look.", tools=[look], context=rules
    )

    @workflow
    async def talk(ctx: Context, who: str) -> list[str]:
        said = [await ctx.call(bot, f"{who}{n} {'please ' * 9}", conversation=ctx.conversation) for n in range(2)]
        await ctx.sleep(0.001)
        return [*said, await ctx.call(bot, f"{who}2", conversation=ctx.conversation)]

    return [talk, bot]


async def drive(folder: Path, point: str | None) -> None:
    faults = die_at(point)
    store = faults.store(SqliteStore(str(folder / "podium.db")))
    agents = parts(faults, folder / "witness")
    async with asyncio.timeout(GIVE_UP), App.open(store, agents=agents, poll=0.02) as app:
        run: AnyHandle = await app.start("talk", "q", id="a", conversation="c")
        values = await run.result()
        said = await app.store.messages("default", "c")
        sent = [[part.content for part in each.messages] for each in await app.runs.messages("a")]
        told = {"values": values, "said": [each.message["parts"] for each in said], "sent": sent}
        (folder / "result").write_text(json.dumps(told))
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Talk once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
