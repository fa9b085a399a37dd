"""Real connections: nobody holds one by sending nothing or taking nothing, and no two readers read another request."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from podium.model.server import ServerSettings
from podium.server import connections
from podium.server.access.bounds import Bounds
from podium.server.readiness import Readiness
from podium.server.running import listen, served
from podium.server.streams.response import OpenStreams

HOST = b"Host: 127.0.0.1\r\n"
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ready() -> str:
    return ""


class Desk:
    """A server with a few routes, and what becomes of them."""

    def __init__(self) -> None:
        self.go, self.over, self.lost = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.app = FastAPI()
        self.app.state.streams, self.app.state.readiness = OpenStreams(), Readiness(ready)
        self.app.add_api_route("/slow", self.slow)
        self.app.add_api_route("/refuses", lambda: PlainTextResponse("no", 401), methods=["POST"])
        self.app.add_api_route("/endless", self.endless)
        self.app.add_api_route("/large", lambda: PlainTextResponse(b"x" * 20_000_000))
        self.app.add_api_route("/echo", self.echo, methods=["POST"])
        self.app.add_middleware(Bounds, settings=ServerSettings(), listens_on="127.0.0.1")

    async def slow(self) -> str:
        await self.go.wait()
        return "done"

    async def echo(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(await request.body())

    async def endless(self) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 100_000
                    await asyncio.sleep(0)
            finally:
                self.over.set()

        return StreamingResponse(chunks())


@asynccontextmanager
async def connected(desk: Desk) -> AsyncGenerator[Ends]:
    """Serve, and give a connection; `desk.lost` is set once the server has let go of it."""
    lost = connections.HttpConnection.connection_lost

    def told(connection: connections.HttpConnection, error: Exception | None) -> None:
        lost(connection, error)
        desk.lost.set()

    with listen("127.0.0.1", 0) as listening, patch.object(connections.HttpConnection, "connection_lost", told):
        async with served(desk.app, listening):
            reader, writer = await asyncio.open_connection(*listening.getsockname()[:2])
            try:
                yield reader, writer
            finally:
                writer.transport.abort()


@pytest.fixture
def hasty() -> Generator[None]:
    with patch.object(connections, "_HEAD_SECONDS", 0.05), patch.object(connections, "_STALL_SECONDS", 0.05):
        yield


async def dripped(ends: Ends) -> bool:
    """Send a byte now and then until the server is gone; whether it is, before a thousand of them."""
    reader, writer = ends
    reading = asyncio.ensure_future(reader.read())
    for _ in range(1_000):
        writer.write(b"a")
        await asyncio.wait([reading], timeout=0.005)
        if reading.done():
            reading.exception()
            return True
    return False


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /slow HTTP/1.1\r\n" + HOST + b"X: ",
     b"POST /refuses HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"],
)  # fmt: skip
async def test_whoever_sends_a_request_byte_by_byte_is_let_go(begun: bytes) -> None:
    async with connected(Desk()) as ends:
        ends[1].write(begun)
        assert await dripped(ends)


@pytest.mark.usefixtures("hasty")
async def test_whoever_sends_nothing_is_let_go() -> None:
    desk = Desk()
    async with connected(desk):
        await desk.lost.wait()


@pytest.mark.usefixtures("hasty")
async def test_a_request_that_is_there_may_take_longer_and_another_one_follow() -> None:
    desk = Desk()
    async with connected(desk) as (reader, writer):
        for _ in range(2):
            writer.write(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
            asyncio.get_running_loop().call_later(0.15, desk.go.set)
            assert b"200 OK" in await reader.readuntil(b'"done"')
            desk.go.clear()
        assert not desk.lost.is_set()


@pytest.mark.usefixtures("hasty")
async def test_whoever_takes_nothing_of_a_stream_is_let_go() -> None:
    desk = Desk()
    async with connected(desk) as (_, writer):
        writer.write(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
        await desk.over.wait()


@pytest.mark.usefixtures("hasty")
async def test_whoever_takes_nothing_of_an_answer_is_let_go() -> None:
    desk = Desk()
    async with connected(desk) as (_, writer):
        writer.write(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
        await desk.lost.wait()


async def test_whoever_takes_an_answer_slowly_has_all_of_it() -> None:
    desk, size = Desk(), 0
    with patch.object(connections, "_STALL_SECONDS", 0.2):
        async with connected(desk) as (reader, writer):
            writer.write(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            while size < 20_000_000:
                size += len(await reader.read(1_000_000))
                await asyncio.sleep(0.02)
    assert size == 20_000_000


TWICE = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TWICE,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n",
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "another encoding": b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + TWICE,
    "an encoding twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TWICE,
    "a chunk of a negative length": b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n" + TWICE,
    "two names": b"Host: evil.example\r\nContent-Length: 0\r\n\r\n",
    "two keys": b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\nContent-Length: 0\r\n\r\n",
    "two keys of another header": b"X-API-Key: a\r\nX-API-Key: b\r\nContent-Length: 0\r\n\r\n",
    "a blank before the colon": b"Content-Length : 0\r\n\r\n",
}


@pytest.mark.parametrize("what", SMUGGLED)
async def test_a_request_that_two_could_read_differently_is_refused_and_nothing_after_it_is_read(what: str) -> None:
    async with connected(Desk()) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\n" + HOST + SMUGGLED[what])
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", b"414"),
     (b"GET /slow HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"400"),
     (b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1:80@evil.example\r\n\r\n", b"400")],
)  # fmt: skip
async def test_what_is_addressed_wrongly_is_refused(head: bytes, status: bytes) -> None:
    async with connected(Desk()) as (reader, writer):
        writer.write(head)
        assert (await reader.read()).startswith(b"HTTP/1.1 " + status)
