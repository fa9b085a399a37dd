"""Chunks on their way to whoever watches a run. They are not facts."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of an answer that is still being made."""

    key: str
    """The call it belongs to."""
    attempt: int
    step: str
    n: int
    """Counts from 0 within an attempt and step."""
    data: Json
    reset: bool = False
    """A new attempt begins: what was streamed of this call before is void."""


class Streams:
    """Who watches which run, in this process."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watchers: dict[str, list[asyncio.Queue[Chunk | None]]] = {}

    def publish(self, run: str, chunk: Chunk) -> None:
        """Hand a chunk to all who watch the run, from any thread; nobody watching costs nothing."""
        for queue in self._watchers.get(run, ()):
            self._loop.call_soon_threadsafe(queue.put_nowait, chunk)

    def end(self, run: str) -> None:
        """Tell all who watch the run that nothing more will come."""
        for queue in self._watchers.get(run, ()):
            self._loop.call_soon(queue.put_nowait, None)

    @contextmanager
    def watch(self, run: str) -> Generator[AsyncIterator[Chunk]]:
        """Watch a run while the block lasts; the iterator ends with the run."""
        queue: asyncio.Queue[Chunk | None] = asyncio.Queue()
        self._watchers.setdefault(run, []).append(queue)
        try:
            yield _drain(queue)
        finally:
            self._watchers[run].remove(queue)
            if not self._watchers[run]:
                del self._watchers[run]


async def _drain(queue: "asyncio.Queue[Chunk | None]") -> AsyncIterator[Chunk]:
    while (chunk := await queue.get()) is not None:
        yield chunk
