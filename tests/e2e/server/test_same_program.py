"""A program written against the client runs unchanged on SQLite in one process and on PostgreSQL with three workers."""

import json
import re
import signal
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from podium.client import Client
from podium.errors import UnknownRun
from podium.testing.witness import Witness
from tests.e2e.cli import environment, kill, until
from tests.forking import commands
from tests.forking.process import Process
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.system, pytest.mark.kill]

ORDERS = 40
SLOTS = 4
BAD = 3
TEAM = """
import asyncio
import os

from podium import Context, Retry, agent, workflow
from podium.testing.witness import Witness


def saw(what: str, n: int) -> None:
    Witness(os.environ["WITNESS"]).saw(what, n)


@agent
async def reserve(n: int) -> int:
    await asyncio.sleep(0.1)
    saw("reserve", n)
    return n


@agent(retry=Retry(attempts=1))
async def pay(n: int) -> int:
    await asyncio.sleep(0.1)
    if n == 3:
        raise ValueError("the card is refused")
    saw("pay", n)
    return n * 10


@agent
async def ship(n: int) -> str:
    saw("ship", n)
    return f"order {n} is on its way"


@workflow
async def order(ctx: Context, n: int) -> str:
    reserved = await ctx.call(reserve, n)
    how = await ctx.signal("ship")
    paid = await ctx.call(pay, reserved)
    return f"{await ctx.call(ship, reserved)} {how}, for {paid}"
"""
PROGRAM = """
import json
import os
import sys

from podium import Budget
from podium.client import Client
from podium.errors import NotPossible, RunFailed

orders = int(sys.argv[1])
with Client(os.environ["DESK_URL"], token=os.environ["DESK_TOKEN"]) as client:
    runs = [
        client.runs.start("order", n, idempotency_key=f"order {n}", budget=Budget(calls=9)) for n in range(orders)
    ]
    assert client.runs.start("order", 0, idempotency_key="order 0").id == runs[0].id
    for n, run in enumerate(runs):
        client.runs.signal(run.id, "ship", "by bike" if n % 2 else "by post")
    ended = [client.runs.result(run.id) for run in runs]
    told = {"values": [], "errors": []}
    for each in ended:
        try:
            told["values"].append(each.raise_for_state().value)
        except RunFailed as error:
            told["errors"].append(str(error).partition(" failed: ")[2])
            tree = client.runs.get(each.id).tree
            (failed,) = [call.key for call in tree.children if call.state == "failed"]
            forked = client.runs.fork(each.id, failed, input=1_000)
            told["forked"] = client.runs.result(forked.id).raise_for_state().value
    try:
        client.runs.cancel(runs[0].id)
    except NotPossible as error:
        told["cancel"] = error.status
    told["listed"] = len([*client.runs.list(workflow="order", state="done")])
    told["sound"] = all(client.runs.verify(run.id).faults == [] for run in runs)
    told["asked"] = [line.agent for line in client.audit.export(run=runs[0].id) if line.what == "asked"]
    told["faults"] = [each.what for each in client.audit.verify().faults]
    told["stored"] = client.store.get().runs
    client.keys.revoke(client.keys.create("ci", who="ci", roles=["operator"]).id)
    told["keys"] = [(each.name, each.revoked_by == client.me().who) for each in client.keys.list()]
    print(json.dumps(told))
"""
EXPECTED = {
    "values": [
        f"order {n} is on its way by {'bike' if n % 2 else 'post'}, for {n * 10}" for n in range(ORDERS) if n != BAD
    ],
    "errors": ["CallFailed: pay failed at 2: ValueError: the card is refused"],
    "forked": f"order {BAD} is on its way by bike, for 10000",
    "cancel": 409,
    "listed": ORDERS,
    "sound": True,
    "asked": ["reserve", "pay", "ship"],
    "faults": [],
    "stored": {"done": ORDERS, "failed": 1},
    "keys": [["ci", True]],
}
EFFECTS = Counter(f"{what} {n}" for what in ("reserve", "pay", "ship") for n in range(ORDERS))
EFFECTS[f"pay {BAD}"] = 0
EFFECTS["pay 1000"] = 1


class Desk:
    """A folder with a team, what serves it, and a program that asks for what it does."""

    def __init__(self, folder: Path, store: str) -> None:
        self._folder = folder
        self.witness = Witness(folder / "witness.txt")
        self._environment = {
            **environment(), "PODIUM_STORE": store, "PODIUM_SLOTS": str(SLOTS), "WITNESS": str(self.witness.path)
        }  # fmt: skip
        self._processes: list[Process] = []
        (folder / "team.py").write_text(TEAM, encoding="utf-8")
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")

    def begin(self, *command: str, **more: str) -> Process:
        process = commands.begin(command, cwd=self._folder, env={**self._environment, **more}, merged=True)
        self._processes.append(process)
        return process

    def serve(self, *options: str) -> Mapping[str, str]:
        """Start a server, and return by which variables the program finds it."""
        server = self.begin("podium", "serve", "team.py", "--port", "0", *options)
        lines: list[str] = []
        while not (found := re.search(r"Bearer ([^']+)' (http://127\.0\.0\.1:\d+)/api/v1", "".join(lines))):
            lines.append(server.stdout.readline())
            assert lines[-1], "".join(lines)
        return {"DESK_TOKEN": found[1], "DESK_URL": found[2]}

    def work(self) -> Process:
        return self.begin("podium", "work", "team.py", "--forever")

    def close(self) -> None:
        for each in self._processes:
            if each.poll() is None:
                kill(each)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Generator[Desk]:
    desk = Desk(tmp_path, str(tmp_path / "desk.db"))
    yield desk
    desk.close()


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgresServer) -> Generator[Desk]:
    desk = Desk(tmp_path, postgres.address())
    yield desk
    desk.close()


def told_by(program: Process) -> Any:
    out, _ = program.communicate(600)
    assert program.wait() == 0, out
    return json.loads(out)


def recorded(where: Mapping[str, str]) -> set[str]:
    """Return the effects that are in journals now."""
    names = ("reserve", "pay", "ship")
    found: set[str] = set()
    with Client(where["DESK_URL"], token=where["DESK_TOKEN"]) as client:
        for run in client.runs.list(workflow="order"):
            done = [
                each for each in client.runs.get(run.id).tree.children if each.state == "done" and each.name in names
            ]
            found |= {f"{each.name} {client.runs.call(run.id, each.key).input}" for each in done}
    return found


def test_in_one_process_on_sqlite(on_sqlite: Desk) -> None:
    where = on_sqlite.serve()
    assert told_by(on_sqlite.begin("python", "program.py", str(ORDERS), **where)) == EXPECTED
    assert on_sqlite.witness.counts() == +EFFECTS


def test_with_three_workers_on_postgresql_of_which_one_is_killed(on_postgres: Desk) -> None:
    where = on_postgres.serve("--apart")
    workers = [on_postgres.work() for _ in range(3)]
    program = on_postgres.begin("python", "program.py", str(ORDERS), **where)
    until(lambda: len(on_postgres.witness.lines()) >= ORDERS)
    workers[0].send_signal(signal.SIGSTOP)
    before = recorded(where)
    assert len(before) < len(+EFFECTS)
    kill(workers[0])
    assert told_by(program) == EXPECTED
    seen = on_postgres.witness.counts()
    assert {each: seen[each] for each in before if seen[each] != 1} == {}
    assert set(seen) == set(+EFFECTS)
    assert sum((seen - EFFECTS).values()) <= SLOTS, "what was under way there, and no more, is done again"
    assert [each.poll() for each in workers[1:]] == [None, None]
    with Client(where["DESK_URL"], token=where["DESK_TOKEN"]) as client, pytest.raises(UnknownRun):
        client.runs.get("run_none")
