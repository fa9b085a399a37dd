"""Viewers that take nothing, over real sockets: they take no memory of the server, and get all once they read again."""

import socket
from contextlib import ExitStack, suppress
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path

import pytest

from podium.client import Client
from podium.client.sse import SseDecoder, SseFrame
from tests.e2e.cli import PATIENCE, environment, kill
from tests.e2e.server.served import Served
from tests.forking import commands
from tests.forking.process import Process

pytestmark = [pytest.mark.system, pytest.mark.kill]

STEPS, STEP_BYTES, VIEWERS = 300, 100_000, 20
TEAM = f"""
from podium import Context, agent, workflow


@agent
async def big(n: int) -> str:
    return f"{{n}} " + "x" * {STEP_BYTES}


@workflow
async def long(ctx: Context) -> int:
    await ctx.signal("go")
    for n in range({STEPS}):
        await ctx.call(big, n)
    return {STEPS}
"""
MOST_GROWTH_MB = 100
"""For all that twenty viewers are behind, which is 600 MB: what is at hand for all, and some for each."""


def resident_mb(server: Served) -> float:
    """Return how much memory a server has now."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def asked(server: Served, key: str, path: str, after: int | None = None) -> socket.socket:
    """Ask for a stream, and take nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    more = "" if after is None else f"Last-Event-ID: {after}\r\n"
    head = f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {key}\r\n{more}\r\n"
    connection.sendall(head.encode())
    return connection


def rest_of(connection: socket.socket) -> list[SseFrame]:
    """Read what a stream sends until it ends."""
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.status == 200
    decoder, frames = SseDecoder(), list[SseFrame]()
    with suppress(IncompleteRead, ConnectionError):  # whoever took nothing for a minute was let go
        while chunk := answer.read(65_536):
            frames += [each for each in decoder.feed(chunk) if each.data is not None]
    return frames


def test_viewers_that_take_nothing_take_no_memory_and_get_all_once_they_read(tmp_path: Path) -> None:
    (tmp_path / "team.py").write_text(TEAM, encoding="utf-8")
    server = Served(tmp_path, "team.py", "--apart")
    env = {**environment(), "PODIUM_STORE": "desk.db"}
    workers: list[Process] = []
    try:
        server.begin()
        workers.append(commands.begin(("podium", "work", "team.py", "--forever"), cwd=tmp_path, env=env, merged=True))
        key: str = server.ask("POST", "/keys", json={"name": "viewer", "who": "ann", "roles": ["operator"]})["secret"]
        with ExitStack() as opened, Client(f"http://127.0.0.1:{server.port}", token=key) as client:
            run = client.runs.start("long").id
            slow = [opened.enter_context(asked(server, key, f"/runs/{run}/events")) for _ in range(VIEWERS)]
            before = resident_mb(server)
            client.runs.signal(run, "go")
            quick = [(str(each.number), each.type) for each in client.runs.events(run)]
            assert [kind for _, kind in quick].count("call_ended") >= STEPS
            assert resident_mb(server) - before < MOST_GROWTH_MB
            for each in slow[:3]:
                frames = rest_of(each)
                had = [(frame.id, frame.event) for frame in frames]
                assert had == quick[: len(had)]
                after = int(frames[-1].id or 0)
                assert had + [(str(e.number), e.type) for e in client.runs.events(run, after=after)] == quick
            assert resident_mb(server) - before < MOST_GROWTH_MB + 3 * STEPS * STEP_BYTES / 2**20, (
                "one at a time, and what the allocator keeps"
            )
    finally:
        server.kill()
        for each in workers:
            kill(each)
