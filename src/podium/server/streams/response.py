"""Sending a stream: as fast as whoever reads it takes it, until it ends, they leave, or the server stops."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from podium.api.events import HEARTBEAT_SECONDS
from podium.errors import PodiumError
from podium.server.streams.frames import RETRY, TOGETHER_BYTES, problem_frame

_STALL_SECONDS = 60.0
"""Who takes nothing for so long is let go, and may come again."""
_GOODBYE_SECONDS = 1.0
"""So long who takes nothing is waited for when the server stops."""
_MOST_CHUNKS = 4_000
"""So many chunks a second are sent by all streams together: where there are many, each has more in a chunk."""
_LOG = logging.getLogger("podium.server")

Chunks = AsyncGenerator[bytes]
_Over = Sequence["asyncio.Future[Any]"]
"""What ends a stream: whoever reads it is gone; the server stops."""


class OpenStreams:
    """The streams that a server sends: they end when it stops, at the end of an event."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.count = 0
        """How many there are."""

    def stop(self) -> None:
        """End all streams: whoever reads them goes on, from the event they had last, where the server is again."""
        self.stopping.set()


class EventStream(Response):
    """Sends chunks of server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, chunks: Chunks, open_streams: OpenStreams, alive: Callable[[], bytes]) -> None:
        """`alive` gives what is sent where nothing happens."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._open = open_streams
        self._alive = alive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends, whoever reads it is gone, or the server stops."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        over = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._open.stopping.wait())]
        self._open.count += 1
        try:
            if await self._send(send, RETRY, over):
                await self._send_all(send, over)
            if not over[0].done():
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            _LOG.info("a stream was ended whose reader took nothing for a while")
        finally:
            self._open.count -= 1
            for each in over:
                each.cancel()
            await self._chunks.aclose()

    async def _send_all(self, send: Send, over: _Over) -> None:
        chunk: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                if chunk is None:
                    chunk = asyncio.ensure_future(anext(self._chunks, None))
                await asyncio.wait([chunk, *over], timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if any(each.done() for each in over):
                    return
                if not chunk.done():
                    if not await self._send(send, self._alive(), over):
                        return
                    continue
                said, chunk = await self._gathered(chunk)
                if said is None or not await self._send(send, said, over) or chunk is None:
                    return
                await asyncio.wait(over, timeout=self._open.count / _MOST_CHUNKS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if chunk is not None:
                chunk.cancel()
                await asyncio.wait([chunk])

    async def _gathered(
        self, first: "asyncio.Future[bytes | None]"
    ) -> "tuple[bytes | None, asyncio.Future[bytes | None] | None]":
        """Return what there is at once, and what is waited for next; None is the end."""
        said, size, chunk = list[bytes](), 0, first
        while chunk.done() and size < TOGETHER_BYTES:
            try:
                found = chunk.result()
            except PodiumError as error:
                said.append(problem_frame(error))
                found = None
            if found is None:
                return (b"".join(said), None) if said else (None, None)
            said.append(found)
            size += len(found)
            chunk = asyncio.ensure_future(anext(self._chunks, None))
            await asyncio.sleep(0)  # noqa: TID251 - what is there comes within this turn of the loop
        return b"".join(said), chunk

    @staticmethod
    async def _send(send: Send, said: bytes, over: _Over) -> bool:
        """Send something once there is room; False where nobody reads any more, or the server stops meanwhile.

        The server's `send` returns once what is to be sent has gone but for some 64 kB.
        """
        if not said:
            return True
        sending = asyncio.ensure_future(send({"type": "http.response.body", "body": said, "more_body": True}))
        try:
            await asyncio.wait([sending, *over], timeout=_STALL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() and over[1].done():
                await asyncio.wait([sending], timeout=_GOODBYE_SECONDS)
            if not sending.done() and not over[0].done():
                raise TimeoutError
        finally:
            if not sending.done():
                sending.cancel()
        return not any(each.done() for each in over)


async def _gone(receive: Receive) -> None:
    """Return once whoever reads is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
