"""A run that restarts, with effects that must not happen twice, signals, and a child run in each generation."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App, Call, Context, Retry, agent, workflow
from podium.errors import NotDone, NotPossible
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.store.sqlite.store import SqliteStore
from podium.testing import Faults, Witness, die_at

LAST = 4
GIVE_UP = 120.0


def agents_of(witness: Witness, faults: Faults) -> dict[str, AnyAgent]:
    def saw(call: Call) -> None:
        witness.saw("call", call.run, call.key, call.attempt)

    @agent
    async def look(n: int, call: Call) -> int:
        saw(call)
        return n

    async def was_paid(n: int) -> str:
        if not witness.count("effect", "pay", n):
            raise NotDone("nobody was paid")
        return f"receipt {n}"

    @agent(effects="once", verify=was_paid)
    async def pay(n: int, call: Call) -> str:
        saw(call)
        witness.saw("effect", "pay", n)
        return f"receipt {n}"

    @agent(retry=Retry(attempts=2, delay=0.002, jitter=0.0))
    async def stumbles(n: int, call: Call) -> int:
        saw(call)
        if call.attempt == 1:
            raise ConnectionError("not yet")
        return n

    plain: list[AnyAgent] = [look, pay, stumbles]
    return {each.card.name: faults.agent(each) for each in plain}


def workflows(known: dict[str, AnyAgent], witness: Witness) -> list[AnyAgent]:
    @workflow
    async def errand(ctx: Context, n: int) -> int:
        await ctx.sleep(0.002)
        return await ctx.call(known["look"], n)

    @workflow
    async def watcher(ctx: Context, seen: list[Json]) -> list[Json]:
        n = len(seen)
        await ctx.call(known["look"], n)
        child = await ctx.spawn(errand, n)
        said = await ctx.signal("said")
        await ctx.sleep(0.002)
        paid = await ctx.call(known["pay"], n)
        seen = [*seen, [said, paid, await child.result(), await ctx.call(known["stumbles"], n)]]
        try:
            if len(seen) < LAST:
                await ctx.restart(seen)
        finally:
            witness.saw("left", n)
        return seen

    return [watcher, errand]


async def drive(folder: Path, point: str | None) -> None:
    witness, faults = Witness(folder / "witness"), die_at(point)
    store = faults.store(SqliteStore(str(folder / "podium.db")))
    known = agents_of(witness, faults)
    async with App.open(store, agents=[*workflows(known, witness), *known.values()], poll=0.02) as app:
        handle: AnyHandle = await app.start("watcher", list[Json](), id="r")
        with suppress(NotPossible):  # it goes on where it was, and may have ended
            for n in range(LAST):
                await handle.signal("said", n, id=f"said {n}")
        async with asyncio.timeout(GIVE_UP):
            value: Json = await handle.result()
        (folder / "result").write_text(json.dumps([value, (await handle.status()).generation]))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Watch once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
