"""Who waits for runs that another process drives is told, however many they are."""

import asyncio
from contextlib import closing, suppress
from pathlib import Path

from podium.engine.worker.waiters import Waiters
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.operations import Block, FinishRun, Start, Write
from podium.store.protocol import ReadStore
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import fact, new_run

MANY = 1_200
END = FinishRun(RunState.DONE, "", 100.0, {"state": "done", "value": 7, "reason": ""})


class Counting:
    """Hands everything on to a store, and counts the questions."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self.questions = 0

    def __getattr__(self, name: str) -> object:
        self.questions += 1
        return getattr(self._store, name)


async def test_each_of_many_is_told_and_those_that_go_on_are_not_asked_for_one_by_one(tmp_path: Path) -> None:
    with closing(SqliteStore(str(tmp_path / "podium.db"))) as store:
        store.workers.join("w_1", 100.0)
        ids = [f"r{n}" for n in range(MANY)]
        committed = await store.commit("w_1", [Start(new_run(each), drive=True) for each in ids])
        counting = Counting(store)
        waiters = Waiters(counting, driven=lambda _: False, look_soon=lambda: None)  # pyright: ignore[reportArgumentType] - it hands all on
        waiting = {each: asyncio.create_task(waiters.end_of(each)) for each in ids}
        while counting.questions < MANY:
            await asyncio.sleep(0)
        done, blocked = committed.started[ids[-1]], committed.started[ids[600]]
        ended = fact(FactKind.ENDED, payload=b"7")
        await store.commit("w_1", [Write(done, 1, [ended], [], END), Write(blocked, 1, [fact()], [], Block("why"))])
        counting.questions = 0
        await waiters.look(changed=True)
        told = {each: await asyncio.wait_for(waiting.pop(each), 20) for each in (ids[-1], ids[600])}
        assert {each: end.state for each, end in told.items()} == {
            ids[-1]: RunState.DONE, ids[600]: RunState.BLOCKED
        }  # fmt: skip
        assert not any(task.done() for task in waiting.values())
        assert counting.questions < 10
        for task in waiting.values():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
