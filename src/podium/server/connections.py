"""Connections: none is held by somebody who sends nothing, or takes nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_HEAD_SECONDS = 15.0
"""Seconds in which a request has to come, but for its body, once a connection is there or something of it has come."""
_STALL_SECONDS = 60.0
"""Who takes nothing of an answer for so long is let go."""


class HttpConnection(H11Protocol):
    """A connection of HTTP/1.1. What comes of a request is waited for until its body; from then on `Bounds` counts."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        for timer in (self._head, self._taking):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what came; as long as it is no request that is served, the time for one goes on."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison] - it is None at first
            if self._head is None:
                self._wait_for_head()
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def on_response_complete(self) -> None:
        """See to it that what was answered is taken."""
        super().on_response_complete()
        self._wait_until_taken()

    def pause_writing(self) -> None:
        """See to it that what is answered is taken, where there is much of it."""
        super().pause_writing()
        self._wait_until_taken()

    def _wait_for_head(self) -> None:
        self._head = self._later(_HEAD_SECONDS, self.transport.abort)

    def _wait_until_taken(self) -> None:
        if self._taking is None and (left := self.transport.get_write_buffer_size()):
            self._taking = self._later(_STALL_SECONDS, lambda: self._look_whether_taken(left))

    def _look_whether_taken(self, before: int) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._wait_until_taken()

    def _later(self, seconds: float, do: Callable[[], object]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, do)
