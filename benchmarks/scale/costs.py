"""What each thing that a worker asks of a store costs: in processor time of the worker, and of the server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.fleets.program import add, chain
from benchmarks.fleets.server import Server
from podium import App, Context, workflow
from podium.model.fact import FactKind
from podium.model.run import RunState, Signal
from podium.store.operations import FinishRun, Operation, Park, Send, Start, Write
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Serving, Store
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import WORKFLOW, fact, new_run

_WORKER = "w_1"
_MANY = 64
_ROUNDS = 30
_DRIVEN, _DRIVES, _LONG = 200, 5, 31
_SERVING = Serving(versions={WORKFLOW: frozenset({"1"})}, queues=None, limit=2_000)
_END = FinishRun(RunState.DONE, "", 100.0, {"state": "done", "value": 1, "reason": ""})


@dataclass(frozen=True)
class Cost:
    """Seconds of processor time of a question, and of each run in it."""

    worker: float
    worker_each: float
    server: float
    server_each: float

    def of_worker(self, runs: int) -> float:
        return self.worker + self.worker_each * runs

    def of_server(self, runs: int) -> float:
        return self.server + self.server_each * runs


@dataclass(frozen=True)
class Costs:
    """All that the simulation knows of the world."""

    start: Cost
    claim: Cost
    look: Cost
    step: Cost
    park: Cost
    wake: Cost
    finish: Cost
    drive_run: float
    """Seconds of a worker for a run, beyond what it asks of the store; of each step; and to replay a step."""
    drive_step: float
    replay_step: float
    start_run: float
    """Seconds of a process to start a run, beyond what it asks of the store."""
    trip: float
    """Seconds that a question waits for the way there and back, and for threads."""
    sync: float
    """Seconds that the disk takes for a commit."""

    def slower(self, times: float) -> Costs:
        """The same where a processor takes so many times as long, for it does other things too.

        The way to the server and the disk were measured while it did.
        """

        def taken(value: Any) -> Any:
            return Cost(*(seconds * times for seconds in value.values())) if isinstance(value, dict) else value * times

        return Costs(
            **{name: value if name in {"sync", "trip"} else taken(value) for name, value in asdict(self).items()}
        )


@dataclass
class _Spent:
    worker: float
    server: float
    wall: float


class _Asked:
    """A store that is asked for the same thing, for few runs and for many."""

    def __init__(self, store: Store, server_seconds: Callable[[], float]) -> None:
        self.store = store
        self._server_seconds = server_seconds
        self._names = count(1)
        self._last: list[str] = []
        """The runs that were started last."""
        store.workers.join(_WORKER, time.time())

    async def started(self, runs: int, *, drive: bool) -> list[int]:
        made = [new_run(f"r{next(self._names)}") for _ in range(runs)]
        self._last = [each.id for each in made]
        committed = await self.store.commit(_WORKER, [Start(each, drive) for each in made])
        return [committed.started[each.id] for each in made]

    async def spent(self, ask: Callable[[], Awaitable[object]]) -> _Spent:
        worker, server, begin = time.process_time(), self._server_seconds(), time.perf_counter()
        await ask()
        wall = time.perf_counter() - begin
        return _Spent(time.process_time() - worker, self._server_seconds() - server, wall)

    async def cost(self, prepare: Callable[[int], Awaitable[Callable[[], Awaitable[object]]]]) -> tuple[Cost, float]:
        """Return what it costs, and how long one waits for it beyond that; `prepare` gives what is to be measured."""
        found: dict[int, list[_Spent]] = {1: [], _MANY: []}
        for turn in range(_ROUNDS + 5):
            for runs, each in found.items():
                spent = await self.spent(await prepare(runs))
                if turn >= 5:  # those before had statements to be prepared
                    each.append(spent)
        one, many = ({part: statistics.median(getattr(s, part) for s in found[runs]) for part in ("worker", "server")}
                     for runs in found)  # fmt: skip
        each = {part: max(0.0, (many[part] - one[part]) / (_MANY - 1)) for part in one}
        cost = Cost(one["worker"] - each["worker"], each["worker"], one["server"] - each["server"], each["server"])
        waited = statistics.median(s.wall - s.worker - s.server for s in found[1])
        return cost, max(0.0, waited)

    def writing(
        self, *, close: Any = None, facts: int = 2
    ) -> Callable[[int], Awaitable[Callable[[], Awaitable[object]]]]:
        """What appends to runs that are driven, or lets them go."""

        async def prepare(runs: int) -> Callable[[], Awaitable[object]]:
            numbers = await self.started(runs, drive=True)
            said = [fact(FactKind.ANSWERED, str(key), payload=b"1") for key in range(facts)]
            writes = [Write(number, 1, said, [], close) for number in numbers]
            return lambda: self.store.commit(_WORKER, writes)

        return prepare

    async def starting(self, runs: int) -> Callable[[], Awaitable[object]]:
        return lambda: self.started(runs, drive=False)

    async def claiming(self, runs: int) -> Callable[[], Awaitable[object]]:
        numbers = await self.started(runs, drive=False)
        return lambda: self.store.claim(_WORKER, numbers, [WORKFLOW])

    async def waking(self, runs: int) -> Callable[[], Awaitable[object]]:
        numbers = await self.started(runs, drive=True)
        await self.store.commit(_WORKER, [Write(n, 1, [fact()], [], Park(0, None)) for n in numbers])
        signals: Sequence[Operation] = [Send(run, Signal(run, "user", "go", 1, 100.0)) for run in self._last]
        return lambda: self.store.commit(_WORKER, signals)

    async def looking(self, runs: int) -> Callable[[], Awaitable[object]]:
        del runs
        others = count(next(self._names))
        return lambda: self.store.wake(f"other_{next(others)}", _SERVING, time.time())


async def of_store(server: Server, sync: float) -> tuple[dict[str, Cost], float]:
    """Return what PostgreSQL takes for each, and how long a question is on its way."""
    store = PostgresStore(server.database())
    try:
        backend = store._session.read(lambda connection: connection.info.backend_pid)  # noqa: SLF001 - whom to watch
        return await _all_costs(_Asked(store, lambda: _on_processor(backend)), sync)
    finally:
        store.close()


async def _all_costs(asked: _Asked, sync: float) -> tuple[dict[str, Cost], float]:
    costs: dict[str, Cost] = {}
    waits: list[float] = []
    for name, prepare in (
        ("start", asked.starting), ("claim", asked.claiming), ("step", asked.writing()),
        ("park", asked.writing(close=Park(0, None), facts=1)), ("wake", asked.waking),
        ("finish", asked.writing(close=_END, facts=1)), ("look", asked.looking),
    ):  # fmt: skip
        costs[name], waited = await asked.cost(prepare)
        waits.append(waited if name in {"claim", "look"} else waited - sync)
    return costs, max(0.0, statistics.median(waits))


@workflow(version="1")
async def remembered(ctx: Context, steps: int) -> int:
    total = 0
    for step in range(steps):
        total += await ctx.call(add, step)
    return total + await ctx.signal("go", int)


async def of_driving() -> dict[str, float]:
    """Return what a process takes for a run, a step and the like, beyond what a store takes."""
    store = SqliteStore(":memory:")
    try:
        stored, _ = await _all_costs(_Asked(store, lambda: 0.0), 0.0)
    finally:
        store.close()
    short, long = await _driven(1), await _driven(_LONG)
    step = (long - short) / (_LONG - 1) - stored["step"].worker_each
    run = short - step - stored["step"].worker_each - stored["start"].worker_each - stored["finish"].worker_each
    found = {
        "drive_run": run, "drive_step": step, "start_run": await _started() - stored["start"].worker_each,
        "replay_step": (await _woken(_LONG) - await _woken(1)) / (_LONG - 1),
    }  # fmt: skip
    return {name: max(0.0, seconds) for name, seconds in found.items()}


async def _started() -> float:
    """Seconds of a processor to start each of many runs that others are to drive."""
    async with App.open(":memory:", agents=[add, chain], queues=("nobody drives this queue",)) as app:
        found: list[float] = []
        for _ in range(_DRIVES):
            begin = time.process_time()
            await asyncio.gather(*(app.start(chain, 1) for _ in range(_DRIVEN)))
            found.append((time.process_time() - begin) / _DRIVEN)
        return statistics.median(found)


async def _driven(steps: int) -> float:
    """Seconds of a processor for each of many runs."""
    async with App.open(":memory:", agents=[add, chain, remembered]) as app:
        found: list[float] = []
        for _ in range(_DRIVES):
            begin = time.process_time()
            handles = await asyncio.gather(*(app.start(chain, steps) for _ in range(_DRIVEN)))
            await asyncio.gather(*(handle.result() for handle in handles))
            found.append((time.process_time() - begin) / _DRIVEN)
        return statistics.median(found)


async def _woken(steps: int) -> float:
    """Seconds of a processor to wake each of many runs that have done so many steps, and to end it."""
    async with App.open(":memory:", agents=[add, chain, remembered]) as app:
        found: list[float] = []
        for _ in range(_DRIVES):
            handles = await asyncio.gather(*(app.start(remembered, steps) for _ in range(_DRIVEN)))
            while app.worker._drives:  # noqa: SLF001 - until all have left memory
                await asyncio.sleep(0.01)
            begin = time.process_time()
            await asyncio.gather(*(handle.signal("go", 1) for handle in handles))
            await asyncio.gather(*(handle.result() for handle in handles))
            found.append((time.process_time() - begin) / _DRIVEN)
        return statistics.median(found)


async def measured(server: Server, sync: float) -> Costs:
    """Measure all of them."""
    costs, trip = await of_store(server, sync)
    return Costs(**costs, **await of_driving(), trip=trip, sync=sync)


def _on_processor(pid: int) -> float:
    """Seconds that a process was on a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
