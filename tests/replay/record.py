"""Records the histories of a release: `python -m tests.replay.record 0.1.0`, once, before it is released."""

import asyncio
import base64
import json
import sys
from pathlib import Path

from podium import App
from podium.facade.handle import AnyHandle
from podium.model.fact import Fact
from podium.model.json import Json
from podium.testing import CountingIds, DrivenClock
from tests.replay.programs import AGENTS, RECORDED

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
            status = await handle.status()
            assert status.state.ended, f"{name} is {status.state}: {status.reason}"
            history = {"workflow": name, "run": handle.id, "facts": [plain(fact) for fact in await handle.facts()]}
            keep(folder / f"{name}.json", history)


def keep(path: Path, history: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(history, indent=1) + "\n")


def plain(fact: Fact) -> Json:
    payload = None if fact.payload is None else base64.b64encode(fact.payload).decode()
    return [fact.seq, int(fact.kind), fact.key, fact.at, fact.epoch, fact.body, payload]


if __name__ == "__main__":
    asyncio.run(record(HISTORIES / sys.argv[1]))
