"""A server that is killed at any moment loses nothing and doubles nothing: runs, signals, answers, webhooks."""

import json
import random
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from podium.webhooks import verify
from tests.e2e.cli import until
from tests.e2e.server.served import HookReceiver, Served
from tests.postgres import PostgresServer

pytestmark = pytest.mark.kill

DESK = """
from podium import Context, agent, workflow


@agent
async def book(order: str) -> str:
    return f"booked {order}"


@workflow
async def desk(ctx: Context, order: str) -> str:
    booked = await ctx.call(book, order)
    said = await ctx.signal("pay")
    fine = await ctx.ask(f"Is {order} fine?", answer=str, to="anyone")
    return f"{booked}, {said}, {fine}"
"""
SETTINGS = """
[podium]
lease = 2.0

[podium.webhooks]
key = "a long secret of this installation"
allow = ["127.0.0.0/8"]
"""
TOLD = ("run_started", "question_opened", "question_answered", "question_closed", "run_ended")
"""What happens to each order, once."""
ORDERS = 20
KILLS = 4


@contextmanager
def disturbed(server: Served, *, seed: int, kills: int) -> Generator[None]:
    """Have the server killed at random moments while the block lasts, and so often at least."""
    chance, over = random.Random(seed), threading.Event()

    def disturb() -> None:
        killed = 0
        while killed < kills or not over.is_set():
            if killed >= kills:
                return
            time.sleep(chance.uniform(0.02, 0.6))
            server.kill()
            server.begin()
            killed += 1

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def serve_orders(server: Served, receiver: HookReceiver, *, seed: int) -> None:
    """Have orders made and paid while the server is killed again and again, and see what came of them."""
    server.begin()
    hook = server.ask("POST", "/webhooks", json={"name": "shop", "url": receiver.url})
    runs: dict[str, str] = {}
    with disturbed(server, seed=seed, kills=KILLS):
        for n in range(ORDERS):
            order, key = f"order {n}", {"idempotency-key": f"order-{n}"}
            run = server.ask("POST", "/runs", json={"workflow": "desk", "input": order}, headers=key)
            runs[order] = run["id"]
            paid = {"name": "pay", "body": f"paid {n}", "id": f"pay-{n}"}
            server.ask("POST", f"/runs/{run['id']}/signals", json=paid)
            answer(server, run["id"], f"fine {n}")
    until(lambda: len(server.all("/runs?state=done&limit=50")) == ORDERS)
    assert sorted(each["id"] for each in server.all("/runs?limit=50")) == sorted(runs.values())
    for n, (order, run) in enumerate(runs.items()):
        ended = server.ask("GET", f"/runs/{run}/result?wait=20")
        assert ended["value"] == f"booked {order}, paid {n}, fine {n}"
        assert server.ask("GET", f"/runs/{run}/verify")["faults"] == []
    expected = {(run, kind) for run in runs.values() for kind in TOLD}
    until(lambda: expected <= {*receiver.ids()})
    assert all(len(ids) == 1 for ids in receiver.ids().values())
    said: dict[str, set[bytes]] = {}
    for headers, body in receiver.came:
        assert verify(body, headers, hook["secret"], tolerance=10_000.0).id == headers["webhook-id"]
        said.setdefault(headers["webhook-id"], set()).add(body)
    assert all(len(bodies) == 1 for bodies in said.values())
    first = list(dict.fromkeys(json.loads(body)["data"]["position"] for _, body in receiver.came))
    assert first == sorted(first)  # whatever came twice, what is new came in order
    until(lambda: _delivered(server, hook["id"]) == {*said})


def answer(server: Served, run: str, value: str) -> None:
    """Answer the question of a run, again until that is confirmed: the same answer is taken as the one there is."""
    until(lambda: bool(server.ask("GET", f"/questions?run={run}&limit=10")["items"]))
    (question,) = server.ask("GET", f"/questions?run={run}&limit=10")["items"]
    server.ask("POST", f"/questions/{question['id']}/answer", json={"value": value})


def _delivered(server: Served, hook: str) -> set[str]:
    return {each["id"] for each in server.all(f"/webhooks/{hook}/deliveries?state=delivered&limit=50")}


def test_what_is_cut_off_on_its_way_is_not_taken_for_a_webhook() -> None:
    receiver = HookReceiver()
    address = urlsplit(receiver.url)
    assert address.hostname is not None
    head = f"POST {address.path} HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-length: 20\r\n\r\n"
    with receiver.serving():
        for body in ('{"type":"run', '{"type":"run_ended"}'):
            with socket.create_connection((address.hostname, address.port or 0)) as sender:
                sender.sendall(f"{head}{body}".encode())
                sender.shutdown(socket.SHUT_WR)
                said = sender.makefile("rb").read()
                assert said.startswith(b"HTTP/1.0 204") == (len(body) == 20)
    assert [body for _, body in receiver.came] == [b'{"type":"run_ended"}']


@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_on_a_file_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    (tmp_path / "desk.py").write_text(DESK, encoding="utf-8")
    (tmp_path / "podium.toml").write_text(SETTINGS, encoding="utf-8")
    receiver, server = HookReceiver(), Served(tmp_path, "desk.py")
    try:
        with receiver.serving():
            serve_orders(server, receiver, seed=seed)
    finally:
        server.kill()


def test_a_server_on_postgresql_that_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    (tmp_path / "desk.py").write_text(DESK, encoding="utf-8")
    (tmp_path / "podium.toml").write_text(SETTINGS, encoding="utf-8")
    receiver, server = HookReceiver(), Served(tmp_path, "desk.py", store=postgres.address())
    try:
        with receiver.serving():
            serve_orders(server, receiver, seed=3)
    finally:
        server.kill()
