"""A reader of server-sent events that is handed each chunk as the server sends it, and may take its time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

from podium.api.events import OVER

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Frame:
    """One event as it came."""

    id: int | None
    event: str | None
    data: Any


@dataclass
class Stream:
    """One request that is answered with a stream."""

    sent: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue(1))
    """What the server has sent and nobody has taken yet: one message at most, so the server waits for the reader."""
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    turns: int = 0
    """Turns of the loop from then on until sending the last of it returns."""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    last_id: int | None = None
    ended: bool = False
    over: bool = False
    """Whether the server said that there is nothing more to come."""
    serving: "asyncio.Future[None] | None" = None
    rest: bytes = b""

    async def _taken(self) -> Message:
        """Take what the server sends next; raises what it raised where it sends nothing more."""
        taking = asyncio.ensure_future(self.sent.get())
        assert self.serving is not None
        await asyncio.wait([taking, self.serving], return_when=asyncio.FIRST_COMPLETED)
        if not taking.done():
            taking.cancel()
            self.serving.result()
            raise AssertionError("the server ended the stream without saying so")
        return taking.result()

    async def begin(self) -> None:
        start = await self._taken()
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}

    async def chunk(self) -> bytes:
        """Take what was sent next; nothing is the end."""
        message = await self._taken()
        self.ended = not message.get("more_body")
        return message["body"]

    async def frame(self) -> Frame | None:
        """Return the next event that has data, or None at the end."""
        while not self.ended or b"\n\n" in self.rest:
            text, found, rest = self.rest.partition(b"\n\n")
            if not found:
                self.rest += await self.chunk()
                continue
            self.rest = rest
            lines = [line.partition(b": ") for line in text.splitlines()]
            fields = {name.decode(): value.decode() for name, _, value in lines if name}
            if "id" in fields:
                self.last_id = int(fields["id"])
            self.over = fields.get("event") == OVER
            if "data" in fields:
                own = int(fields["id"]) if "id" in fields else None
                return Frame(own, fields.get("event"), json.loads(fields["data"]))
        return None

    async def frames(self, count: int) -> list[Frame]:
        found = [await self.frame() for _ in range(count)]
        return [each for each in found if each is not None]

    async def send(self, message: Message) -> None:
        """Be sent something; once all is sent the server is told that nobody reads, as uvicorn does."""
        await self.sent.put(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.leave.set()
            for _ in range(self.turns):
                await asyncio.sleep(0)

    async def receive(self) -> Message:
        await self.leave.wait()
        return {"type": "http.disconnect"}


@asynccontextmanager
async def streaming(
    server: FastAPI, path: str, *, who: str = "ann default operator", key: str = "", last: int | str | None = None,
    **query: Any,
) -> AsyncGenerator[Stream]:  # fmt: skip
    """Ask for a stream, and leave it at the end of the block."""
    headers = [(b"x-who", who.encode()), (b"host", b"podium")]
    if key:
        headers.append((b"x-api-key", key.encode()))
    if last is not None:
        headers.append((b"last-event-id", str(last).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/api/v1{path}", "raw_path": f"/api/v1{path}".encode(), "root_path": "",
        "query_string": urlencode(query, doseq=True).encode(), "headers": headers, "client": ("127.0.0.1", 1),
        "server": ("podium", 80),
    }  # fmt: skip
    stream = Stream()
    serving = stream.serving = asyncio.ensure_future(server(scope, stream.receive, stream.send))
    try:
        await stream.begin()
        yield stream
    finally:
        stream.leave.set()
        while not serving.done():
            while not stream.sent.empty():
                stream.sent.get_nowait()
            await asyncio.sleep(0)
        await serving
