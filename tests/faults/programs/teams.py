"""One pattern of the catalogue, maybe inside another one, as a run that dies where it is told to."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from podium import App, Call, Steps
from podium.dispatch import dispatcher
from podium.dispatch.invoke import invoke
from podium.errors import AlreadyAnswered
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.outcome import Outcome
from podium.patterns.building.inputs import plain
from podium.patterns.sequence import sequence
from podium.testing import Faults, Witness, die_at
from tests.catalogue.entry import Entry, as_text, echo, entries
from tests.faults.stores import store_in

GIVE_UP = 120.0


def watch(witness: Witness, faults: Faults) -> None:
    """Have the witness told, and a fault point passed, for every body that runs in this process."""

    async def watched(agent: AnyAgent, call: Call, steps: Steps) -> Outcome:
        if agent.card.kind == "workflow":
            return await invoke(agent, call, steps)
        n = faults.enter("body")
        witness.saw("call", call.run, call.key, call.attempt)
        try:
            return await invoke(agent, call, steps)
        finally:
            faults.leave("body", n)

    setattr(dispatcher, "invoke", watched)  # noqa: B010 - it is not that module's to export


async def people(app: App, asked: list[Entry]) -> None:
    """Answer what is asked."""
    while True:
        for question in await app.inbox.list():
            answers = [entry.answer for entry in asked if entry.answer is not None]
            for answer in answers:
                if (said := answer(question)) is not None:
                    with suppress(AlreadyAnswered):  # a race may have withdrawn it meanwhile
                        await app.inbox.answer(question.id, said, by="ann")
                    break
        await asyncio.sleep(0.002)


async def drive(folder: Path, names: list[str], point: str | None) -> None:
    """Run `names[0]` with `names[1]` as one of its members, and so on; the innermost has `echo`."""
    known, faults = entries(), die_at(point)
    watch(Witness(folder / "witness"), faults)
    slot: Any = echo
    for name in reversed(names):
        slot = as_text(known[name].build(slot))
    whole = sequence(slot, json.loads, name="team")
    store = faults.store(store_in(folder))
    async with App.open(store, agents=[whole], poll=0.02) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(people(app, [known[name] for name in names]))
        handle = await app.start(whole, "go", id="r")
        async with asyncio.timeout(GIVE_UP):
            value: Json = await handle.result()
        answering.cancel()
        (folder / "result").write_text(json.dumps(plain(value)))
        assert await app.reports.verify("r") == []
    (folder / "reached").write_text(json.dumps(faults.reached))


def warm() -> None:
    """Run each once: its children find everything loaded, and the codecs of all types made."""
    for name in entries():
        with TemporaryDirectory() as folder:
            asyncio.run(drive(Path(folder), [name], None))


def main(folder: str, names: list[str], point: str | None) -> None:
    asyncio.run(drive(Path(folder), names, point))
