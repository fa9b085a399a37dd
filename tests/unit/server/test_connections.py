"""Real connections: nobody holds one by sending nothing or taking nothing, and no two readers read another request."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
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
        self.app.add_api_route("/headers", self.headers, methods=["POST"])
        self.app.add_middleware(Bounds, settings=ServerSettings(), listens_on="127.0.0.1")

    async def slow(self) -> str:
        await self.go.wait()
        return "done"

    async def headers(self, request: Request) -> PlainTextResponse:
        await request.body()
        return PlainTextResponse(str(request.headers))

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
    "a header that goes on": b"Content-Length: 0\r\n X-API-Key: a\r\n\r\n",
    "lines that end otherwise": b"X: a\nContent-Length: 0\r\n\r\n",
    "a line that is cut": b"X: a\rContent-Length: 0\r\n\r\n",
    "a character that ends texts": b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a chunk of no length": b"Transfer-Encoding: chunked\r\n\r\n\r\nx\r\n0\r\n\r\n" + TWICE,
    "a chunk of a length too large": b"Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx\r\n0\r\n\r\n" + TWICE,
    "an encoding that does not end it": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + TWICE,
    "a body and another protocol": b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + TWICE,
}


@pytest.mark.parametrize("what", SMUGGLED)
async def test_a_request_that_two_could_read_differently_is_refused_and_nothing_after_it_is_read(what: str) -> None:
    async with connected(Desk()) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\n" + HOST + SMUGGLED[what])
        said = await reader.read()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1") == 1


async def test_a_request_that_names_no_server_is_refused() -> None:
    async with connected(Desk()) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")


FLOODS = {
    "an address": (b"GET /", b"a"),
    "the name of a header": (b"GET /slow HTTP/1.1\r\n" + HOST, b"a"),
    "a header": (b"GET /slow HTTP/1.1\r\n" + HOST + b"X: ", b"a"),
    "headers": (b"GET /slow HTTP/1.1\r\n" + HOST, b"X: a\r\n"),
    "empty lines": (b"", b"\r\n"),
    "the length of a chunk": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "a header after the body": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ", b"a"
    ),
    "headers after the body": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FLOODS)
async def test_whoever_sends_a_head_without_an_end_is_let_go_before_it_takes_much_memory(what: str) -> None:
    begun, more = FLOODS[what]
    piece, sent = more * (20_000 // len(more)), 0
    async with connected(Desk()) as (reader, writer):
        writer.write(begun)
        reading = asyncio.ensure_future(reader.read())
        while not reading.done() and sent < 20_000_000:
            with suppress(ConnectionError):
                writer.write(piece)
                await writer.drain()
            sent += len(piece)
            await asyncio.wait([reading], timeout=0.001)
        reading.cancel()
        await asyncio.wait([reading])
    assert sent < 2_000_000


async def test_what_is_sent_after_a_body_counts_as_no_header() -> None:
    async with connected(Desk()) as (reader, writer):
        writer.write(b"POST /headers HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                     b"1\r\na\r\n0\r\nX-API-Key: smuggled\r\n\r\n")  # fmt: skip
        assert b"smuggled" not in (said := await reader.read())
    assert b"200 OK" in said


async def test_a_body_in_the_smallest_chunks_is_read() -> None:
    size = 200_000
    async with connected(Desk()) as (reader, writer):
        writer.write(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                     + b"1\r\nx\r\n" * size + b"0\r\n\r\n")  # fmt: skip
        assert (await reader.read()).endswith(b"x" * size)


@pytest.mark.parametrize("pieces", [1, 3, 40])
async def test_whoever_asks_for_another_protocol_is_served_and_may_go_on(pieces: int) -> None:
    """Java's client asks for HTTP/2 with its first request, whatever that is, and uses the connection on."""
    inner = b"GET /slow HTTP/1.1".ljust(40, b".")
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
    first = b"POST /echo HTTP/1.1\r\n" + HOST + upgrade + b"Content-Length: 40\r\n\r\n" + inner
    second = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nConnection: close\r\n\r\nsecond"
    async with connected(Desk()) as (reader, writer):
        for sent in (first, second):
            for begin in range(0, len(sent), -(-len(sent) // pieces)):
                writer.write(sent[begin : begin - (-len(sent) // pieces)])
                await writer.drain()
                await asyncio.sleep(0.002)
        said = await reader.read()
    assert said.count(b"HTTP/1.1 200") == 2
    assert inner in said
    assert said.endswith(b"second")


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
