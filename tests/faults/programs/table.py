"""One cell of the table of faults, as a run that dies where it is told to.

Something fails in one of the places of a run, and the run ends as it is configured to.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_ai.exceptions import ContentFilterError, ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse

from podium import App, Call, Context, Retry, agent, human, workflow
from podium.agents.function import NOT_DONE
from podium.agents.pydantic_ai import llm_agent
from podium.errors import (
    BadAnswer,
    CallFailed,
    InvalidValue,
    RateLimited,
    Refusal,
    RunFailed,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.model.question import Question
from podium.model.retry import FailureKind
from podium.store.operations import Committed, Operation
from podium.store.protocol import Store
from podium.testing import Faults, ScriptedModel, Use, Witness, die_at
from podium.testing.model import ModelReply, timed_out, too_many_requests
from tests.faults.stores import store_in

GIVE_UP = 120.0
SOON = 0.05
LONG = 8 * SOON
"""So long an attempt has that is not to run out of time, on a machine that is busy; one of a model twice as long."""
AGAIN = Retry(attempts=2, delay=0.002, jitter=0.0, kinds=frozenset(FailureKind) - {FailureKind.REFUSAL})
KINDS: dict[str, Exception] = {
    "rate": RateLimited("slow down", retry_after=0.002),
    "transport": ConnectionError("cut"),
    "validation": BadAnswer("that is no answer"),
    "bug": ValueError("a mistake"),
    "refusal": Refusal("that I will not do"),
}
MODEL: dict[str, Exception] = {
    "rate": too_many_requests(retry_after=0.002),
    "timeout": timed_out(),
    "transport": ModelHTTPError(status_code=500, model_name="scripted"),
    "validation": UnexpectedModelBehavior("that is no answer"),
    "bug": ValueError("a mistake"),
    "refusal": ContentFilterError("that I will not say"),
}
EVERY = (*KINDS, "timeout")

Body = Callable[[Context], Coroutine[Any, Any, Json]]


class World:
    """What the cells share: the witness outside the store, and the fault points."""

    def __init__(self, folder: Path, faults: Faults) -> None:
        self.folder = folder
        self.witness = Witness(folder / "witness")
        self.faults = faults
        self.workflows: list[AnyAgent] = []
        """Those that are started as child runs, and have to be found by name after a kill."""

    def first(self, what: str) -> bool:
        """Whether this is the first time, in all lives, that something comes to its fault; the witness remembers."""
        before = self.witness.count("fault", what)
        self.witness.saw("fault", what, before)
        return before == 0

    async def fail(self, kind: str) -> None:
        """Fail in one way."""
        if kind == "timeout":
            await asyncio.Event().wait()
        raise KINDS[kind]

    def agents(self) -> dict[str, AnyAgent]:
        """Return those that every cell may call: somebody else, and somebody who takes money."""

        @agent
        async def spare(_: Json, call: Call) -> str:
            self.witness.saw("call", call.run, call.key, call.attempt)
            return "spare"

        async def was_paid(_: Json) -> Any:
            return "receipt" if self.witness.count("effect") else NOT_DONE

        @agent(effects="once", verify=was_paid)
        async def pay(_: Json, call: Call) -> str:
            self.witness.saw("call", call.run, call.key, call.attempt)
            self.witness.saw("effect", "pay")
            return "receipt"

        return {each.card.name: self.faults.agent(each) for each in (spare, pay)}


def flaky(world: World, kind: str, *, retry: Retry = AGAIN, fallback: tuple[str, ...] = ("spare",)) -> AnyAgent:
    """Return an agent that fails at its first attempt."""

    @agent(retry=retry, fallback=fallback, timeout=LONG if kind == "timeout" else GIVE_UP)
    async def works(_: Json, call: Call) -> str:
        world.witness.saw("call", call.run, call.key, call.attempt)
        if call.attempt == 1 and (retry is AGAIN or world.first("child")):
            await world.fail(kind)
        return "done"

    return world.faults.agent(works)


def asking(member: AnyAgent) -> Body:
    async def body(ctx: Context) -> Json:
        return await ctx.call(member, None)

    return body


def in_agent(world: World, kind: str) -> Body:
    return asking(flaky(world, kind))


def in_tool(world: World, kind: str) -> Body:
    async def look(word: str) -> str:
        if kind == "refusal" or world.first("tool"):
            await world.fail(kind)
        return word.upper()

    clerk = llm_agent(
        "clerk", model=ScriptedModel([[Use("look", {"word": "a"}, id="c1")], "done"]), instructions="Be exact.",
        tools=[world.faults.body(look)], retry=AGAIN, fallback=("spare",),
        timeout=2 * LONG if kind == "timeout" else GIVE_UP,
    )  # fmt: skip

    async def body(ctx: Context) -> Json:
        return await ctx.call(clerk, "Look.")

    return body


def in_model(world: World, kind: str) -> Body:
    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        if not any(isinstance(message, ModelResponse) for message in messages):
            return [Use("look", {"word": "a"}, id="c1")]
        return MODEL[kind] if kind == "refusal" or world.first("model") else "done"

    async def look(word: str) -> str:
        return word.upper()

    clerk = llm_agent(
        "clerk", model=ScriptedModel(play), instructions="Be exact.",
        tools=[world.faults.body(look)], retry=AGAIN, fallback=("spare",),
    )  # fmt: skip

    async def body(ctx: Context) -> Json:
        return await ctx.call(clerk, "Look.")

    return body


def in_child(world: World, kind: str) -> Body:
    member = flaky(world, kind, retry=Retry(), fallback=())

    @workflow
    async def errand(ctx: Context, _: Json) -> str:
        return await ctx.call(member, None)

    world.workflows.append(errand)

    async def body(ctx: Context) -> Json:
        for _ in range(2):
            try:
                return await (await ctx.spawn(errand, None)).result()
            except RunFailed:
                continue
        return "failed twice"

    return body


def in_human(_: World, kind: str) -> Body:
    editor = human("editors", text="Write it.", answer=str, within=SOON if kind == "timeout" else None)

    async def body(ctx: Context) -> Json:
        return await ctx.call(editor, None, fallback=[FallbackValue("unedited")])

    async def doubtful(ctx: Context) -> Json:
        try:
            return await ctx.once("print", world_fails, effects="once")
        except CallFailed as error:
            return error.type

    def world_fails() -> Json:
        raise ConnectionError("cut after sending")

    return doubtful if kind == "refusal" else body


def in_store(world: World, _: str) -> Body:
    return asking(flaky(world, "transport"))


PLACES: dict[str, tuple[Callable[[World, str], Body], dict[str, Json]]] = {
    "agent": (in_agent, {kind: "spare" if kind == "refusal" else "done" for kind in EVERY}),
    "tool": (in_tool, {kind: "spare" if kind == "refusal" else "done" for kind in EVERY}),
    "model": (in_model, {kind: "spare" if kind == "refusal" else "done" for kind in EVERY}),
    "human": (in_human, {"timeout": "unedited", "validation": "well said", "refusal": "GivenUp"}),
    "child run": (in_child, dict.fromkeys(EVERY, "done")),
    "store": (in_store, {"timeout": "done", "transport": "done"}),
}
"""What is configured: where something fails, in which way, and what the run then gives."""


class Stumbling:
    """A store that cannot be written for a moment: `timeout`, another process writes; `transport`, the disk fails."""

    def __init__(self, store: Store, world: World, kind: str) -> None:
        self._store = store
        self._world = world
        self._kind = kind
        self._commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        self._commits += 1
        if self._commits == 3 and self._world.first("store"):
            raise StoreBusy("another process writes") if self._kind == "timeout" else StoreUnavailable("disk I/O error")
        return self._store.commit(worker, operations, alone=alone)


async def answer(app: App, question: Question) -> None:
    """Answer a question, at first with something that does not fit."""
    with suppress(InvalidValue):
        await app.inbox.answer(question.id, ["not", "a", "text"], by="ann")
    fits: Json = {"fail": "enough of it"} if question.ask.kind == "in_doubt" else "well said"
    await app.inbox.answer(question.id, fits, by="ann")


async def people(app: App) -> None:
    while True:
        for question in await app.inbox.list():
            if question.ask.within is None:
                await answer(app, question)
        await asyncio.sleep(0.002)


async def result_of(app: App) -> Json:
    """Start the run, and wait for its value over whatever happens to the store."""
    while True:
        try:
            handle: AnyHandle = await app.start("cell", id="r")
            return await handle.result()
        except StoreError:
            await asyncio.sleep(0.01)


async def drive(folder: Path, place: str, kind: str, point: str | None) -> None:
    world = World(folder, die_at(point))
    known = world.agents()
    member = PLACES[place][0](world, kind)

    @workflow
    async def cell(ctx: Context) -> list[Json]:
        value = await member(ctx)
        receipt = await ctx.call(known["pay"], None)
        return [value, receipt, [each.by for each in ctx.degraded]]

    store: Any = store_in(folder)
    store = world.faults.store(Stumbling(store, world, kind) if place == "store" else store)  # type: ignore[arg-type]
    async with (
        App.open(store, agents=[cell, *world.workflows, *known.values()], poll=0.02) as app,
        asyncio.TaskGroup() as group,
    ):
        answering = group.create_task(people(app))
        async with asyncio.timeout(GIVE_UP):
            value = await result_of(app)
        answering.cancel()
        (folder / "result").write_text(json.dumps(value))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(world.faults.reached))


def warm() -> None:
    """Fill one cell once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), "model", "rate", None))


def main(folder: str, place: str, kind: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), place, kind, point))
