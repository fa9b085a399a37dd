"""Three messages of a customer to a desk that hands over, in one conversation, in a process that dies as told."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from podium import App, Steps, agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.patterns import Answer, HandOff, handoff
from podium.store.sqlite.store import SqliteStore
from podium.testing import Faults, die_at

GIVE_UP = 120.0


def parts(faults: Faults) -> list[AnyAgent]:
    async def heard(steps: Steps) -> int:
        turn = steps.conversation
        assert turn is not None
        await asyncio.sleep(0.001)
        return len(await turn.messages())

    @agent
    async def front(task: str, remark: str | None = None) -> HandOff | Answer:
        return HandOff(to="billing" if remark else "nobody", reason=task)

    @agent
    async def billing(task: str, note: HandOff, steps: Steps) -> HandOff | Answer:
        if task == "b":
            return HandOff(to="goods", reason=f"after {await heard(steps)}")
        return Answer(answer=f"{task} after {await heard(steps)}")

    @agent
    async def goods(task: str, note: HandOff, steps: Steps) -> HandOff | Answer:
        return Answer(answer=f"{task} sent after {await heard(steps)}")

    members = [faults.agent(each) for each in (front, billing, goods)]
    return [handoff(*members, name="desk"), *members]


async def drive(folder: Path, point: str | None) -> None:
    faults = die_at(point)
    store = faults.store(SqliteStore(str(folder / "podium.db")))
    async with asyncio.timeout(GIVE_UP), App.open(store, agents=parts(faults), poll=0.02) as app:
        runs: list[AnyHandle] = [await app.start("desk", who, id=who, conversation="c") for who in "abc"]
        values = {run.id: await run.result() for run in runs}
        said = await app.store.messages("default", "c")
        state = await app.store.conversation("default", "c")
        texts = [f"{each.run} {each.author}: {each.text}" for each in said]
        (folder / "result").write_text(json.dumps({"values": values, "said": texts}))
        assert state is not None
        assert (state.holder, state.waiting, state.revision) == (None, 0, len(said))
        assert [each.place for each in said] == list(range(len(said)))
        for run in "abc":
            assert await app.reports.verify(run) == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Talk once: its children find everything loaded."""
    with TemporaryDirectory() as folder:
        asyncio.run(drive(Path(folder), None))


def main(folder: str, point: str | None) -> None:
    asyncio.run(drive(Path(folder), point))
