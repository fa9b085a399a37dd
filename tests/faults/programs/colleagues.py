"""A language model whose tools are agents, a team and a person, in a process that dies where it is told to."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_ai.messages import ModelMessage, ToolReturnPart

from podium import App, Call, Context, agent, human, workflow
from podium.agents.function import NOT_DONE
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.patterns import sequence, vote
from podium.testing import Faults, Witness, die_at
from podium.testing.model import ModelReply, ScriptedModel, Use
from tests.faults.stores import store_in

GIVE_UP = 120.0
ALL = [Use(name, {"input": name}, id=name) for name in ("dig", "pay", "scholar", "crew", "jury", "ada")]
AGAIN = [Use("dig", {"input": "deeper"}, id="dig2"), Use("scholar", {"input": "more"}, id="scholar2")]


def told(messages: Sequence[ModelMessage]) -> list[str]:
    """Return what the tools gave so far."""
    return [str(part.content) for each in messages for part in each.parts if isinstance(part, ToolReturnPart)]


def thinking(witness: Witness, faults: Faults, name: str, *script: ModelReply, **options: Any) -> AnyAgent:
    """Return a language model that plays a script, and then says what it was told; each request is a fault point."""

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        n, said = faults.enter("body"), sum(each.kind == "response" for each in messages)
        witness.saw("request", name, said)
        try:
            return script[said] if said < len(script) else json.dumps(told(messages))
        finally:
            faults.leave("body", n)

    return llm_agent(
        name, model=ScriptedModel(play), instructions="Do your part.", description=f"Is {name}.", **options
    )


def parts(witness: Witness, faults: Faults) -> list[AnyAgent]:
    def doing(name: str) -> AnyAgent:
        @agent(name=name, description=f"Does {name}.")
        async def does(input: str, call: Call) -> str:
            witness.saw("call", call.run, call.key, call.attempt)
            return f"{name}: {input}"

        return faults.agent(does)

    async def was_paid(_: str) -> Any:
        return "paid" if witness.count("effect", "pay") else NOT_DONE

    @agent(effects="once", verify=was_paid, description="Pays.")
    async def pay(input: str) -> str:
        witness.saw("effect", "pay")
        return "paid"

    look = doing("look")
    scholar = thinking(witness, faults, "scholar", Use("look", {"input": "it"}, id="look"), tools=[look])
    crew = sequence(
        doing("fetch"), thinking(witness, faults, "writer", "written"), name="crew", description="Fetches and writes."
    )
    voters = [thinking(witness, faults, name, "yes") for name in ("ann", "ben")]
    jury = sequence(vote(*voters), lambda ballot: ballot.decision, name="jury", description="Says yes or no.")
    ada = human("ada", text="What do you know?", answer=str, name="ada", description="Knows.")
    tools = [doing("dig"), faults.agent(pay), scholar, crew, jury, ada]
    bot = thinking(witness, faults, "bot", ALL, AGAIN, tools=tools)

    @workflow
    async def job(ctx: Context) -> str:
        return str(await ctx.call(bot, "Go."))

    return [job]


async def people(app: App) -> None:
    """Answer what is asked."""
    while True:
        for question in await app.inbox.list(limit=1):
            await app.inbox.answer(question.id, "nothing", by="ada")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None) -> None:
    faults = die_at(point)
    store = faults.store(store_in(folder))
    agents = parts(Witness(folder / "witness"), faults)
    async with App.open(store, agents=agents, poll=0.02) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app))
        handle: AnyHandle = await app.start("job", id="r")
        async with asyncio.timeout(GIVE_UP):
            value = await handle.result()
        answering.cancel()
        asked = len((await app.inbox.list(state=None)).items)
        (folder / "result").write_text(json.dumps({"told": json.loads(value), "asked": asked}))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Run it once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
