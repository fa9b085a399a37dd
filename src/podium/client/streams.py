"""An answer that is read as it comes: what is to be done for it, by blocking or by awaiting."""

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import httpx

from podium.client.api_call import ApiCall
from podium.client.exchange import HttpReply, Pause

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NextChunk:
    """More of the answer is waited for; no bytes are its end."""


@dataclass(frozen=True, slots=True)
class ItemCame(Generic[T]):
    """An event, or a line, is handed on."""

    item: T


StreamReading: TypeAlias = Generator[ApiCall[Any] | NextChunk | ItemCame[T] | Pause, HttpReply | bytes | None, None]
"""What is to be done next: a request gets an answer that is not read yet, `NextChunk` bytes, or what cut them off."""


class StreamPlan(Protocol[T]):
    """What is asked for, and how it is read."""

    def read(self, url: str, retries: int) -> StreamReading[T]:
        """Say what is to be done for it, step by step."""
        ...


class OpenStream:
    """The stream that is read now, if there is one."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._opened = ExitStack()
        self._chunks: Iterator[bytes] = iter(())

    def open(self, parts: dict[str, Any]) -> HttpReply:
        """Ask for a stream instead of the one before; an answer that is none is read."""
        self.close()
        try:
            answer = self._opened.enter_context(self._http.stream(**parts))
            if not answer.is_success:
                answer.read()
        except httpx.TransportError as error:
            return error
        self._chunks = answer.iter_bytes()
        return answer

    def chunk(self) -> bytes | httpx.TransportError:
        """Wait for more of it; no bytes are its end."""
        try:
            return next(self._chunks, b"")
        except httpx.TransportError as error:
            return error

    def close(self) -> None:
        """Close its connection."""
        self._opened.close()


class AsyncOpenStream:
    """The stream that is read now, if there is one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._opened = AsyncExitStack()
        self._chunks: AsyncIterator[bytes]

    async def open(self, parts: dict[str, Any]) -> HttpReply:
        """Ask for a stream instead of the one before; an answer that is none is read."""
        await self.aclose()
        try:
            answer = await self._opened.enter_async_context(self._http.stream(**parts))
            if not answer.is_success:
                await answer.aread()
        except httpx.TransportError as error:
            return error
        self._chunks = answer.aiter_bytes()
        return answer

    async def chunk(self) -> bytes | httpx.TransportError:
        """Wait for more of it; no bytes are its end."""
        try:
            return await anext(self._chunks, b"")
        except httpx.TransportError as error:
            return error

    async def aclose(self) -> None:
        """Close its connection."""
        await self._opened.aclose()
