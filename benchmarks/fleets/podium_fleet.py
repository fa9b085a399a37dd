"""Podium's workers on one store, by the fleet that places their runs."""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.fleets.processes import Process, processor_seconds, several
from benchmarks.fleets.program import AGENTS, VICTIM
from benchmarks.fleets.server import Server
from benchmarks.job import Figures
from benchmarks.measuring import WrongResult, expect
from podium import App
from podium.store.postgres.store import PostgresStore

FLEETS: Mapping[str, Mapping[str, Any]] = {"store": {}, "dbos": {"fleet": {"kind": "dbos", "poll": 0.02}}}
"""The settings of an app with which a fleet places its runs."""

_STARTS_ONLY = ("nobody drives this queue",)
_AT_ONCE, _PARKED_AT_ONCE = 1_000, 500
_SECONDS = 300
_STEPS = 5
_ENDED = "SELECT count(*) FROM podium.runs WHERE state = 'done'"
_TOOK = "SELECT max(ended_at) - min(created_at) FROM podium.runs"
_SIZE = """SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relnamespace = 'podium'::regnamespace AND relkind = 'r'"""


class Fleet:
    """Workers of one fleet, on a store of its own for each measurement."""

    def __init__(self, server: Server, settings: Mapping[str, Any]) -> None:
        """`settings` are those of an app of the fleet."""
        self._server = server
        self._settings = settings

    def _workers(self, address: str, count: int, *, victim: bool = False, **settings: Any) -> list[Process]:
        arguments = [address, json.dumps({**self._settings, **settings})]
        environment = {VICTIM: "1"} if victim else None
        return [Process("benchmarks.fleets.worker", arguments, environment) for _ in range(count)]

    def _store(self) -> str:
        address = self._server.database()
        PostgresStore(address).close()  # the workers find it made
        return address

    async def _start(self, app: App, workflow: str, inputs: Sequence[Any]) -> list[str]:
        async def start(value: Any) -> str:
            return (await app.start(workflow, value)).id

        started: list[str] = []
        for begin in range(0, len(inputs), _AT_ONCE):
            started += await asyncio.gather(*(start(value) for value in inputs[begin : begin + _AT_ONCE]))
        return started

    async def _until(self, address: str, query: str, wanted: int, seconds: float = _SECONDS) -> None:
        end = time.monotonic() + seconds
        while (found := int(self._server.number(address, query))) < wanted:
            if time.monotonic() > end:
                raise WrongResult(f"{query}: {found}, wanted {wanted}")
            await asyncio.sleep(0.02)

    def _asking(self, address: str) -> Any:
        """An app that starts runs and drives none."""
        return App.open(address, agents=AGENTS, queues=_STARTS_ONLY, **self._settings)

    async def throughput(self, runs: int, workers: int, workflow: str = "chain", **settings: Any) -> Figures:
        """Start all runs at once, from another process: from the first start to the last end."""
        address = self._store()
        with several(self._workers(address, workers, **settings)) as processes:
            async with self._asking(address) as app:
                await self._start(app, workflow, [_STEPS] * workers)
                await self._until(address, _ENDED, workers)
                self._server.ask(address, "UPDATE podium.runs SET created_at = 1e12, ended_at = 0")
                pids = [each.pid for each in processes]
                server = self._server.processes()
                before, of_server = processor_seconds(pids), processor_seconds(server)
                await self._start(app, workflow, [_STEPS] * runs)
                await self._until(address, _ENDED, runs + workers)
                used, of_server = processor_seconds(pids) - before, processor_seconds(server) - of_server
            took = self._server.number(address, _TOOK)
        driven = [int(each.said) for each in processes]
        expect("steps", sum(driven), (runs + workers) * _STEPS)
        return {
            "steps_per_s": runs * _STEPS / took, "worker_us": used / runs / _STEPS * 1e6,
            "server_us": of_server / runs / _STEPS * 1e6, "evenness": min(driven) * workers / sum(driven),
        }  # fmt: skip

    async def latency(self, runs: int) -> Figures:
        """Start one run after the other while two workers have nothing to do: from the call to the first step."""
        address = self._store()
        with several(self._workers(address, 2)):
            async with self._asking(address) as app:
                waited: list[float] = []
                for _ in range(runs):
                    begin = time.time()
                    handle = await app.start("first", 1)
                    waited.append(await handle.result() - begin)
                    await asyncio.sleep(0.03)
        waited = sorted(waited[2:])
        return {
            "first_step_p50_ms": statistics.median(waited) * 1e3,
            "first_step_p95_ms": waited[int(len(waited) * 0.95)] * 1e3,
        }

    async def take_over(self, runs: int, lease: float, how: signal.Signals) -> Figures:
        """Kill or freeze the worker that drives all runs: seconds until the other one drives the last of them."""
        address = self._store()
        victim, *_ = self._workers(address, 1, victim=True, lease=lease)
        with several([victim]) as processes:
            async with self._asking(address) as app:
                ids = await self._start(app, "taken_over", [1] * runs)
                answered = "SELECT count(*) FROM podium.facts WHERE key = '1'"
                await self._until(address, answered, runs)
                with several(self._workers(address, 1, lease=lease)):
                    await asyncio.sleep(lease)  # it has seen the other one beat
                    begin = time.time()
                    processes[0].send(how)
                    await self._until(address, _ENDED, runs)
                    ends = [await (await app.handle(each)).result() for each in ids]
                if how is not signal.SIGKILL:
                    processes[0].send(signal.SIGKILL)
        return {"take_over_s": max(ends) - begin, "lease_s": lease}

    async def backlog(self, runs: int) -> Figures:
        """What a worker with few slots, all taken, holds in memory for runs that wait for one."""
        address, slots = self._store(), 10
        with several(self._workers(address, 1, slots=slots)) as processes:
            async with self._asking(address) as app:
                await self._start(app, "long", [3_600.0] * slots)
                await self._until(address, "SELECT count(*) FROM podium.runs WHERE state = 'running'", slots)
                await asyncio.sleep(1)
                before = _resident(processes[0])
                await self._start(app, "long", [3_600.0] * runs)
                await asyncio.sleep(3)
                grown = _resident(processes[0]) - before
            processes[0].send(signal.SIGKILL)
        return {"backlog_bytes": grown / runs}

    async def parked(self, runs: int, warm_up: int = 2_500) -> Figures:
        """What a run that waits for a signal takes on disk, and in the memory of the worker that drove it."""
        address = self._store()
        with several(self._workers(address, 1)) as processes:
            async with self._asking(address) as app:
                await self._park(app, address, warm_up)
                memory, disk = _resident(processes[0]), self._server.number(address, _SIZE)
                await self._park(app, address, runs)
                memory, disk = _resident(processes[0]) - memory, self._server.number(address, _SIZE) - disk
        return {"parked_memory": memory / runs, "parked_disk": disk / runs}

    async def _park(self, app: App, address: str, runs: int) -> None:
        """Have so many runs begin and wait, some at a time."""
        parked = "SELECT count(*) FROM podium.runs WHERE state = 'parked'"
        before = int(self._server.number(address, parked))
        for begin in range(0, runs, _PARKED_AT_ONCE):
            some = min(_PARKED_AT_ONCE, runs - begin)
            await self._start(app, "park", [0] * some)
            await self._until(address, parked, before + begin + some)
        await asyncio.sleep(1)

    async def scaling(self, workers: Sequence[int], slots: int, each: int) -> Figures:
        """How many steps of 50 ms several workers with few slots do."""
        found: Figures = {}
        for count in workers:
            done = await self.throughput(each * count, count, "naps", slots=slots)
            found[f"scaled_{count}"] = done["steps_per_s"]
            expect("slots", done["steps_per_s"] <= count * slots / 0.05, wanted=True)
        return found


def _resident(worker: Process) -> int:
    """Bytes that are in a worker's memory, without its garbage."""
    worker.tell("COLLECT")
    expect("answer", worker.line(), "COLLECTED")
    return worker.resident()
