"""A run with everything in it: branches, retries, a sleep, a question, a child run, a race, compensation, an LLM agent
with parallel tools, and effects that must not happen twice. It dies where it is told to.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.tools import RunContext

from podium import App, Call, CallError, Context, Retry, Steps, agent, workflow
from podium.agents.pydantic_ai import ToolEffects, llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.telemetry.observer import Observer
from podium.testing import Faults, ScriptedModel, Use, Witness, die_at
from podium.testing.model import ModelReply
from tests.faults.stores import store_in

QUICK = Retry(attempts=3, delay=0.002, jitter=0.0)
GIVE_UP = 120.0

EXPECTED = {
    "legs": [[11, 12], [21, 22]],
    "flaky": "third time",
    "trip": "the flight is full",
    "clerk": "All done.",
    "paid": "receipt 7",
    "shipped": "parcel 7",
    "approved": True,
    "child": 14,
    "race": "quick",
    "noted": 5,
}


class Program:
    """The agents and workflows of one process, with its witness and its fault points."""

    def __init__(self, witness: Witness, faults: Faults) -> None:
        self.witness = witness
        self.faults = faults

    def saw(self, call: Call) -> None:
        self.witness.saw("call", call.run, call.key, call.attempt)

    def agents(self) -> dict[str, AnyAgent]:
        @agent
        async def step(n: int, call: Call) -> int:
            self.saw(call)
            return n

        @agent(retry=QUICK)
        async def flaky(text: str, call: Call) -> str:
            self.saw(call)
            if call.attempt < 3:
                raise ConnectionError("not yet")
            return text

        @agent
        async def flight(n: int, call: Call) -> None:
            self.saw(call)
            raise ValueError("the flight is full")

        @agent
        async def cancel_hotel(n: int, call: Call) -> None:
            self.saw(call)

        @agent(effects="once")
        async def pay(n: int, call: Call) -> str:
            self.saw(call)
            self.witness.saw("effect", "pay")
            return f"receipt {n}"

        async def was_shipped(n: int) -> str | None:
            return f"parcel {n}" if self.witness.count("effect", "ship") else None

        @agent(effects="once", verify=was_shipped)
        async def ship(n: int, call: Call) -> str:
            self.saw(call)
            self.witness.saw("effect", "ship")
            return f"parcel {n}"

        plain: list[AnyAgent] = [step, flaky, flight, cancel_hotel, pay, ship]
        return {each.card.name: self.faults.agent(each) for each in plain} | {"clerk": self.clerk()}

    def clerk(self) -> AnyAgent:
        async def look_up(ctx: RunContext[Steps], word: str) -> str:
            self.witness.saw("step", *ctx.deps.idempotency_key.split(":"))
            await asyncio.sleep(0.001)
            return word.upper()

        async def book(ctx: RunContext[Steps], what: str) -> str:
            self.witness.saw("step", *ctx.deps.idempotency_key.split(":"))
            self.witness.saw("effect", "book")
            return f"booked {what}"

        async def was_booked(arguments: Json, steps: Steps) -> Json:
            return {"done": "booked room"} if self.witness.count("effect", "book") else None

        def play(messages: Sequence[ModelMessage]) -> ModelReply:
            position = sum(isinstance(message, ModelResponse) for message in messages)
            n = self.faults.enter("body")
            self.witness.saw("step", "r", f"6/1/model/{2 * position + 1}")
            self.faults.leave("body", n)
            script: list[ModelReply] = [
                [Use("look_up", {"word": "a"}, id="c1"), Use("look_up", {"word": "b"}, id="c2")],
                [Use("book", {"what": "room"}, id="c3"), Use("look_up", {"word": "c"}, id="c4")],
                "All done.",
            ]
            return script[position]

        return llm_agent(
            "clerk", model=ScriptedModel(play), instructions="Be exact.",
            tools=[self.faults.body(look_up), self.faults.body(book)],
            tool_effects={"book": ToolEffects(effects="once", verify=was_booked)},
        )  # fmt: skip


def workflows(known: dict[str, AnyAgent]) -> list[AnyAgent]:
    @workflow
    async def errand(ctx: Context, n: int) -> int:
        await ctx.sleep(0.01)
        return await ctx.call(known["step"], n) + 1

    @workflow
    async def trip(ctx: Context) -> None:
        await ctx.on_undo(known["cancel_hotel"], 1)
        await ctx.on_undo(known["cancel_hotel"], 2)
        await ctx.call(known["flight"], 1)

    async def leg(ctx: Context, n: int) -> list[int]:
        return [await ctx.call(known["step"], n + 1), await ctx.call(known["step"], n + 2)]

    async def slow(ctx: Context) -> str:
        await ctx.sleep(1_000)
        return "slow"

    async def quick(ctx: Context) -> str:
        await ctx.call(known["step"], 99)
        return "quick"

    @workflow
    async def voyage(ctx: Context) -> dict[str, Json]:
        child = await ctx.spawn(errand, 13)
        legs = await ctx.gather(ctx.branch(leg, 10), ctx.branch(leg, 20), ctx.branch(slow_leg))
        try:
            outcome = await ctx.call(trip)
        except CallError as error:
            outcome = "the flight is full" if "the flight is full" in str(error) else str(error)
        clerk = await ctx.call(known["clerk"], "Book a room.")
        await ctx.sleep(0.01)
        paid, shipped = await ctx.gather(ctx.call(known["pay"], 7), ctx.call(known["ship"], 7))
        approved = await ctx.ask("Is it good?", answer=bool)
        return {
            "legs": legs[:2], "flaky": legs[2], "trip": outcome, "clerk": clerk, "paid": paid, "shipped": shipped,
            "approved": approved, "child": await child.result(), "race": await ctx.race(
                ctx.branch(slow), ctx.branch(quick)
            ), "noted": await ctx.once("note", lambda: 5),
        }  # fmt: skip

    async def slow_leg(ctx: Context) -> str:
        return await ctx.call(known["flaky"], "third time")

    return [voyage, errand, trip]


async def people(app: App, witness: Witness) -> None:
    """Answer what is asked. Asked whether something happened, look at what is outside: the witness."""
    while True:
        for question in await app.inbox.list():
            if question.ask.kind != "in_doubt":
                await app.inbox.answer(question.id, value=True, by="ann")
                continue
            happened = "pay" in question.ask.text and witness.count("effect", "pay")
            await app.inbox.answer(question.id, {"happened": "receipt 7"} if happened else {"not_done": True}, by="ann")
        await asyncio.sleep(0.002)


async def drive(folder: Path, point: str | None, observer: Observer | None = None) -> None:
    witness, faults = Witness(folder / "witness"), die_at(point)
    known = Program(witness, faults).agents()
    store = faults.store(store_in(folder))
    agents = [*workflows(known), *known.values()]
    async with App.open(store, agents=agents, poll=0.02, observer=observer) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app, witness))
        handle: AnyHandle = await app.start("voyage", id="r")
        async with asyncio.timeout(GIVE_UP):
            value: Json = await handle.result()
        answering.cancel()
        (folder / "result").write_text(json.dumps(value))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Make the voyage once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
