"""An answer that is read as it comes: by blocking, or by awaiting."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import httpx

from podium.client.exchange import HttpReply


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
