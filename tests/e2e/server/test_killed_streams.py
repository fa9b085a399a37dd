"""Streams of events over a server that is killed or stopped again and again: nothing is missing, nothing twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from podium.client import Client
from podium.testing.witness import Witness
from tests.e2e.cli import PATIENCE, environment, kill, until
from tests.e2e.server.served import Served
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.system, pytest.mark.kill]

WORDS, ORDERS, ENDS = 20, 6, 4
TEAM = f"""
import asyncio
import os

from podium import Context, Steps, agent, workflow
from podium.testing.witness import Witness


@agent
async def write(order: str, steps: Steps) -> str:
    for n in range({WORDS}):
        steps.emit(f"{{order}} {{n}}")
        await asyncio.sleep(0.05)
    Witness(os.environ["WITNESS"]).saw("write", order)
    return order


@workflow
async def book(ctx: Context, order: str) -> str:
    first = await ctx.call(write, f"{{order}}-a")
    await ctx.sleep(0.5)
    return first + await ctx.call(write, f"{{order}}-b")
"""
SETTINGS = "[podium]\nlease = 2.0\n"
TRANSIENT = ("emitted", "stream_reset", "gone")
TOLD_ONCE = {"run_started": 1, "run_ended": 1}


class Viewer(threading.Thread):
    """Reads a stream with the client until it ends or somebody has enough."""

    def __init__(
        self, url: str, key: str, read: Callable[[Client], Generator[Any]], *, ends: Callable[[list[Any]], bool]
    ) -> None:
        super().__init__(daemon=True)
        self._url, self._key, self._read, self._ends = url, key, read, ends
        self.events: list[Any] = []

    def run(self) -> None:
        with Client(self._url, token=self._key, retries=100) as client, closing(self._read(client)) as events:
            for event in events:
                self.events.append(event)
                if self._ends(self.events):
                    return

    def all(self) -> list[Any]:
        """Return what it read, once that is all."""
        self.join(PATIENCE)
        assert not self.is_alive(), [each.type for each in self.events[-5:]]
        return self.events


def never(_: list[Any]) -> bool:
    return False


def all_ended(events: list[Any]) -> bool:
    return Counter(each.type for each in events)["run_ended"] == ORDERS


class Bookshop:
    """A server in a folder, apart from its worker or not, and how it ends."""

    def __init__(self, folder: Path, store: str, options: Sequence[str], end: Callable[[Served], None]) -> None:
        (folder / "team.py").write_text(TEAM, encoding="utf-8")
        (folder / "podium.toml").write_text(SETTINGS, encoding="utf-8")
        self.witness = Witness(folder / "witness.txt")
        more = {"WITNESS": str(self.witness.path)}
        self.server = Served(folder, "team.py", *options, store=store, **more)
        self.apart = "--apart" in options
        self._folder = folder
        self._env = {**environment(), **more, "PODIUM_STORE": store}
        self._workers: list[Process] = []
        self._end = end

    def begin(self) -> str:
        """Begin to serve, and return a key that is good for every server after this one."""
        self.server.begin()
        if self.apart:
            command = ("podium", "work", "team.py", "--forever")
            self._workers.append(commands.begin(command, cwd=self._folder, env=self._env, merged=True))
        key = {"name": "viewer", "who": "ann", "roles": ["operator"], "tenant": "default"}
        return self.server.ask("POST", "/keys", json=key)["secret"]

    def begin_again(self) -> None:
        self._end(self.server)
        self.server.begin()

    def close(self) -> None:
        self.server.kill()
        for each in self._workers:
            kill(each)


def watch(shop: Bookshop) -> None:
    """Have runs watched while the server ends and begins again, and see what the viewers were told."""
    key, url = shop.begin(), f"http://127.0.0.1:{shop.server.port}"
    system = Viewer(url, key, lambda client: client.events(after=0), ends=all_ended)
    system.start()
    runs: list[str] = []
    for n in range(ORDERS):
        start = {"workflow": "book", "input": f"order-{n}", "tag": f"{n}"}
        runs.append(shop.server.ask("POST", "/runs", json=start)["id"])
    viewers = [Viewer(url, key, lambda client, run=run: client.runs.events(run), ends=never) for run in runs]
    for each in viewers:
        each.start()
    for n in range(ENDS):
        until(lambda n=n: len(viewers[n].events) > n + 1)
        time.sleep(0.1 * n)  # somewhere in the middle of what is told
        shop.begin_again()
    told = system.all()
    assert [each.position for each in told] == list(range(1, len(told) + 1))
    for run, viewer in zip(runs, viewers, strict=True):
        assert Counter(each.type for each in told if each.run == run) == TOLD_ONCE
        events = viewer.all()
        numbers = [each.number for each in events if each.type != "gone"]
        assert numbers == sorted(set(numbers))
        with Client(url, token=key) as client:
            recorded = [each for each in client.runs.events(run) if each.type not in TRANSIENT]
        assert [each for each in events if each.type not in TRANSIENT] == recorded
        assert recorded[-1].type == "run_ended"
        assert recorded[-1].content["state"] == "done"
    seen = shop.witness.counts()
    effects = {f"write order-{n}-{part}" for n in range(ORDERS) for part in "ab"}
    assert set(seen) == effects
    if shop.apart:
        assert set(seen.values()) == {1}, "who drives runs was not disturbed"


@pytest.mark.parametrize("options", [(), ("--apart",)], ids=["in one process", "apart"])
@pytest.mark.parametrize("end", [Served.kill, Served.stop], ids=["killed", "stopped"])
def test_viewers_of_a_server_on_a_file_miss_nothing(
    tmp_path: Path, options: Sequence[str], end: Callable[[Served], None]
) -> None:
    shop = Bookshop(tmp_path, "desk.db", options, end)
    try:
        watch(shop)
    finally:
        shop.close()


@pytest.mark.parametrize("options", [(), ("--apart",)], ids=["in one process", "apart"])
def test_viewers_of_a_server_on_postgresql_miss_nothing(
    tmp_path: Path, postgres: PostgresServer, options: Sequence[str]
) -> None:
    shop = Bookshop(tmp_path, postgres.address(), options, Served.kill)
    try:
        watch(shop)
    finally:
        shop.close()
