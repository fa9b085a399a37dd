"""Sending a stream: as fast as whoever reads it takes it, until it ends, they leave, or the server stops."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from podium.api.events import HEARTBEAT_SECONDS
from podium.errors import NotAllowed, NotSignedIn, PodiumError, TokenRefused
from podium.server.streams.frames import RETRY, TOGETHER_BYTES, over_frame, problem_frame

_STALL_SECONDS = 60.0
"""Who takes nothing for so long is let go, and may come again."""
_STILL_SECONDS = 10.0
"""So often it is looked whether whoever reads still may: a key may be revoked, a session ended."""
_GOODBYE_SECONDS = 1.0
"""So long who takes nothing is waited for when the server stops."""
_MOST_CHUNKS = 4_000
"""So many chunks a second are sent by all streams together: where there are many, each has more in a chunk."""
_FEW_STREAMS = 20
"""As many are sent without a pause."""
_LOG = logging.getLogger("podium.server")

Chunks = AsyncGenerator[bytes]


class OpenStreams:
    """The streams that a server sends: they end when it stops, at the end of an event."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.count = 0
        """How many there are."""

    def pause(self) -> float:
        """Return the seconds between two chunks of a stream."""
        return self.count / _MOST_CHUNKS if self.count > _FEW_STREAMS else 0.0

    def stop(self) -> None:
        """End all streams: whoever reads them goes on, from the event they had last, where the server is again."""
        self.stopping.set()


class EventStream(Response):
    """Sends chunks of server-sent events."""

    media_type = "text/event-stream"

    def __init__(
        self, chunks: Chunks, open_streams: OpenStreams, alive: Callable[[], bytes],
        still: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        """`alive` gives what is sent where nothing happens; `still` raises once whoever reads may do so no more."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._open = open_streams
        self._alive = alive
        self._still = still

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends, whoever reads it is gone, or the server stops."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        stream = _StreamAnswer(self._chunks, self._alive, send, self._open.pause)
        ends = _StreamEnds(receive, self._open.stopping, self._still)
        self._open.count += 1
        try:
            async with asyncio.timeout(None) as bound:
                with ends.watched(stream, bound), stream.looked_after(bound):
                    await stream.send_all()
                    if not ends.gone:
                        await send({"type": "http.response.body", "body": ends.said(), "more_body": False})
        except TimeoutError:
            if not ends.gone:
                _LOG.info("a stream was ended whose reader took nothing for a while")
        finally:
            self._open.count -= 1
            await stream.close()


class _StreamAnswer:
    """A stream on its way: what is there is sent together, while what comes next is read.

    No task is begun for each chunk: many streams that tell the same are sent in one turn, after a pause.
    """

    def __init__(self, chunks: Chunks, alive: Callable[[], bytes], send: Send, pause: Callable[[], float]) -> None:
        self._chunks = chunks
        self._pause = pause
        self._alive = alive
        self._send = send
        self._said = [RETRY]
        self._size = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._over = False
        self._at = asyncio.get_running_loop().time()
        """When something was sent last, or begun to be."""
        self._is_under_way = False
        self._looking: asyncio.TimerHandle
        self._reading = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(lambda _: self._news.set())

    async def _read(self) -> None:
        """Read ahead, until there is enough to send."""
        try:
            async for chunk in self._chunks:
                self._said.append(chunk)
                self._size += len(chunk)
                self._news.set()
                if self._size >= TOGETHER_BYTES:
                    self._room.clear()
                    await self._room.wait()
            self._said.append(over_frame())
        except PodiumError as error:
            self._said.append(problem_frame(error))

    async def send_all(self) -> None:
        """Send what there is as it comes, until there is no more, or it is to end."""
        loop, again_at = asyncio.get_running_loop(), float("-inf")
        while not self._over:
            if self._said and (wait := again_at - loop.time()) > 0:
                await asyncio.sleep(wait)  # noqa: TID251 - what comes meanwhile is sent together
            elif self._said:
                said = b"".join(self._said)
                self._said.clear()
                self._size = 0
                self._room.set()
                await self._send_one(said)
                again_at = loop.time() + self._pause()
            elif self._reading.done():
                return self._reading.result()
            else:
                self._news.clear()
                await self._news.wait()
        return None

    async def _send_one(self, said: bytes) -> None:
        """Send something once there is room: the server's `send` returns once all but some 64 kB have gone."""
        loop = asyncio.get_running_loop()
        self._at, self._is_under_way = loop.time(), True
        await self._send({"type": "http.response.body", "body": said, "more_body": True})
        self._at, self._is_under_way = loop.time(), False

    def end(self) -> None:
        """Send nothing more than what is under way."""
        self._over = True
        self._news.set()

    @contextmanager
    def looked_after(self, bound: asyncio.Timeout) -> Generator[None]:
        """Have a sign of life sent where nothing happens, and whoever takes nothing let go, while the block lasts."""
        self._look_later(_often(), bound)
        try:
            yield
        finally:
            self._looking.cancel()

    def _look_later(self, seconds: float, bound: asyncio.Timeout) -> None:
        self._looking = asyncio.get_running_loop().call_later(seconds, self._look, bound)

    def _look(self, bound: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        quiet = loop.time() - self._at
        if self._is_under_way and quiet >= _STALL_SECONDS:
            bound.reschedule(loop.time())
        elif not self._is_under_way and quiet >= HEARTBEAT_SECONDS and not self._said:
            self._said.append(self._alive())
            self._news.set()
        left = (_STALL_SECONDS if self._is_under_way else HEARTBEAT_SECONDS) - quiet
        often = _often()
        self._look_later(min(left, often) if left > 0 else often, bound)

    async def close(self) -> None:
        """Read no more."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        await self._chunks.aclose()


def _often() -> float:
    return min(HEARTBEAT_SECONDS, _STALL_SECONDS)


class _StreamEnds:
    """What ends a stream before its own end: whoever reads is gone, or may do so no more; the server stops."""

    def __init__(self, receive: Receive, stopping: asyncio.Event, still: Callable[[], Awaitable[object]]) -> None:
        self._gone = asyncio.ensure_future(_gone(receive))
        self._void = asyncio.ensure_future(_void(still))
        self._all: Sequence[asyncio.Future[Any]] = (self._gone, self._void, asyncio.ensure_future(stopping.wait()))

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more."""
        return self._gone.done()

    def said(self) -> bytes:
        """Return what is said at the end: why whoever reads may do so no more."""
        return problem_frame(self._void.result()) if self._void.done() else b""

    @contextmanager
    def watched(self, stream: _StreamAnswer, bound: asyncio.Timeout) -> Generator[None]:
        """Have the stream end once one of them is there: what is under way has a moment where somebody still reads."""
        loop, watching = asyncio.get_running_loop(), True

        def over(_: "asyncio.Future[Any]") -> None:
            if watching:  # it may be told only after the block, where both end in one turn of the loop
                stream.end()
                bound.reschedule(loop.time() + (0 if self.gone else _GOODBYE_SECONDS))

        for each in self._all:
            each.add_done_callback(over)
        try:
            yield
        finally:
            watching = False
            for each in self._all:
                each.remove_done_callback(over)
                each.cancel()


async def _void(still: Callable[[], Awaitable[object]]) -> PodiumError:
    """Return why whoever reads may read no more, once that is so: a stream outlives no key and no session."""
    never = asyncio.Event()
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_STILL_SECONDS):
                await never.wait()
        try:
            await still()
        except (NotSignedIn, NotAllowed, TokenRefused) as error:
            return error
        except PodiumError as error:
            _LOG.info("a stream goes on: who reads it could not be asked for: %s", error)


async def _gone(receive: Receive) -> None:
    """Return once whoever reads is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
