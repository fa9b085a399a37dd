"""Records the histories of a release: `python -m tests.replay.record 0.1.0`, once, before it is released."""

import asyncio
import base64
import json
import sys
from pathlib import Path

from podium import App
from podium.facade.handle import AnyHandle
from podium.model.budget import Budget
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.testing import CountingIds, DrivenClock
from tests.catalogue.entry import entries
from tests.replay.programs import AGENTS, RECORDED, governed, leg, restarted, sending, spared, talking
from tests.replay.roles import PLAYED, keep_all
from tests.replay.teams import TEAMS, name_of

HISTORIES = Path(__file__).parent / "histories"


async def record(folder: Path) -> None:
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        handles: dict[str, AnyHandle] = {name: await app.start(name, 7) for name in RECORDED}
        for _ in range(40):
            await clock.advance(1)
            for question in await app.inbox.list(to="boss"):
                await app.inbox.answer(question.id, {"approved": True}, by="kim")
        await handles["journey"].signal("go", {"n": 1})
        await handles["cancelled"].cancel("enough")
        for _ in range(60):
            await clock.advance(1)
            for question in await app.inbox.list(to="boss"):
                await app.inbox.answer(question.id, {"approved": True}, by="kim")
        for name, handle in handles.items():
            keep(folder / f"{name}.json", await history_of(name, handle))


async def record_governed(folder: Path) -> None:
    """Record a run under a budget and a limit that is moved to another version, and a run that is redacted."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        moved = await app.start(governed, 7, budget=Budget(calls=20))
        redacted = await app.start(leg, 7)
        await clock.advance(100)
        asked = (fact.key for fact in await moved.facts() if fact.payload == b'"old"')
        await app.operations.repin(moved.id, "2", from_key=next(asked))
        await clock.advance(1)
        await moved.signal("go", "there")
        await clock.advance(1)
        await app.operations.redact(redacted.id, by="kim", why="asked for")
        keep(folder / "governed.json", await history_of("governed", moved))
        keep(folder / "redacted.json", await history_of("leg", redacted))


async def record_spared(folder: Path) -> None:
    """Record a run that falls back, spends what it set aside, is refused what is too dear, and goes on from a bug."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        handle = await app.start(spared, 7, budget=Budget(usd=1.0))
        await clock.advance(100)
        keep(folder / "spared.json", await history_of("spared", handle))


async def record_forked(folder: Path) -> None:
    """Record a fork whose first call is made with another input."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        old = await app.start(leg, 7)
        await clock.settle()
        (key,) = [fact.key for fact in await old.facts() if fact.kind is FactKind.ASKED]
        fork = await app.operations.fork(old.id, key, input=8)
        await clock.settle()
        keep(folder / "forked.json", await history_of("leg", fork))


async def record_restarted(folder: Path) -> None:
    """Record the last generation of a run that restarted."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        handle = await app.start(restarted, 7, within=60)
        await clock.advance(50)
        history = await history_of("restarted", handle)
        history["facts"] = [plain(fact) for fact in await app.runs.generation(handle.id)]
        keep(folder / "restarted.json", history)


async def record_sent(folder: Path) -> None:
    """Record a run whose steps say what they send, once of each with an error."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        handle = await app.start(sending, 7)
        await clock.advance(50)
        keep(folder / "sending.json", await history_of("sending", handle))


async def record_talking(folder: Path) -> None:
    """Record a run that has turns in conversations."""
    clock = DrivenClock()
    async with App.open(":memory:", agents=AGENTS, clock=clock, ids=CountingIds()) as app:
        handle = await app.start(talking, 7)
        await clock.advance(5)
        keep(folder / "talking.json", await history_of("talking", handle))


async def record_teams(folder: Path) -> None:
    """Record a run of each pattern."""
    for pattern, entry in entries().items():
        clock = DrivenClock()
        async with App.open(":memory:", agents=[TEAMS[pattern]], clock=clock, ids=CountingIds()) as app:
            handle: AnyHandle = await app.start(name_of(pattern), "go")
            while not (await handle.status()).state.ended:
                await clock.advance(5)
                for question in await app.inbox.list():
                    assert entry.answer is not None
                    await app.inbox.answer(question.id, entry.answer(question), by="ann")
            keep(folder / f"{name_of(pattern)}.json", await history_of(name_of(pattern), handle))


async def record_roles(folder: Path) -> None:
    """Record a run of each role of each pattern, filled by a member of each shape."""
    found: dict[str, Json] = {}
    clock = DrivenClock()
    async with App.open(":memory:", clock=clock, ids=CountingIds()) as app:
        for name, (entry, shape) in PLAYED.items():
            found[name] = await history_of(name, await entry.played(app, clock, shape, name))
    keep_all(folder, found)


async def history_of(workflow: str, handle: AnyHandle) -> Json:
    status = await handle.status()
    assert status.state.ended, f"{workflow} is {status.state}: {status.reason}"
    return {"workflow": workflow, "run": handle.id, "facts": [plain(fact) for fact in await handle.facts()]}


def keep(path: Path, history: Json) -> None:
    """Write a history, unless it is there: what is recorded stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(json.dumps(history, indent=1) + "\n")


def plain(fact: Fact) -> Json:
    payload = None if fact.payload is None else base64.b64encode(fact.payload).decode()
    return [fact.seq, int(fact.kind), fact.key, fact.at, fact.epoch, fact.body, payload]


if __name__ == "__main__":
    asyncio.run(record(HISTORIES / sys.argv[1]))
    asyncio.run(record_governed(HISTORIES / sys.argv[1]))
    asyncio.run(record_spared(HISTORIES / sys.argv[1]))
    asyncio.run(record_forked(HISTORIES / sys.argv[1]))
    asyncio.run(record_restarted(HISTORIES / sys.argv[1]))
    asyncio.run(record_sent(HISTORIES / sys.argv[1]))
    asyncio.run(record_talking(HISTORIES / sys.argv[1]))
    asyncio.run(record_teams(HISTORIES / sys.argv[1]))
    asyncio.run(record_roles(HISTORIES / sys.argv[1]))
