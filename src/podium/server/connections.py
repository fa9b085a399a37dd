"""Connections: none is held by somebody who sends nothing or takes nothing, and no request takes much memory."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import httptools
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.config import Config

    class _Connection(asyncio.Protocol):
        """What both have that read HTTP."""

        cycle: Any
        loop: asyncio.AbstractEventLoop
        transport: asyncio.Transport

        def connection_made(self, transport: asyncio.Transport) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride] - of TCP

        def on_response_complete(self) -> None: ...

else:
    _Connection = object

_HEAD_SECONDS = 15.0
"""Seconds in which a request has to come, but for its body, once a connection is there or something of it has come."""
_STALL_SECONDS = 60.0
"""Who takes nothing of an answer for so long is let go."""
_BESIDE = 8
"""Bytes that may come with each byte of a body, where it comes in chunks: so many has a chunk of one byte, and more."""


class _Patient(_Connection):
    """A connection that waits so long and no longer: for a request, but for its body, and until its answer is taken.

    From a request on `Bounds` counts.
    """

    _head: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._look_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._wait_no_more()

    def on_response_complete(self) -> None:
        """See to it that what was answered is taken."""
        super().on_response_complete()
        self._look_after_answer()

    def pause_writing(self) -> None:
        """See to it that what is answered is taken, where there is much of it."""
        super().pause_writing()
        self._look_after_answer()

    def _look_for_request(self) -> None:
        """Look whether a request is served: as long as there is none, the time for one goes on."""
        if self.cycle is None or self.cycle.response_complete:
            if self._head is None:
                self._head = self.loop.call_later(_HEAD_SECONDS, self.transport.abort)
        elif self._head is not None:
            self._head.cancel()
            self._head = None

    def _look_after_answer(self) -> None:
        if self._taking is None and (left := self.transport.get_write_buffer_size()):
            self._taking = self.loop.call_later(_STALL_SECONDS, self._look_whether_taken, left)

    def _look_whether_taken(self, before: int) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._look_after_answer()

    def _wait_no_more(self) -> None:
        for timer in (self._head, self._taking):
            if timer is not None:
                timer.cancel()
        self._head = self._taking = None


class HttpConnection(_Patient, HttpToolsProtocol):
    """A connection of HTTP/1.1.

    What reads it keeps all of a head that has not ended, so it is counted here. Who asks for another protocol is served
    all the same, as HTTP says; but then this one would read on in that protocol, so another one takes over.
    """

    def __init__(self, config: "Config", *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        self._made = config, arguments, options
        self._most = config.h11_max_incomplete_event_size or 0
        self._has_head = True
        """Whether the head of the last request that has begun is there."""
        self._beside = 0
        """Bytes of it that came so far and are not of a body, or may be had for one."""

    @property
    def _reading(self) -> httptools.HttpRequestParser:
        """What reads: it is there until the connection is lost."""
        return cast("httptools.HttpRequestParser", self.parser)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._beside += len(data)
        self._unset_keepalive_if_required()
        try:
            self._reading.feed_data(data)
        except httptools.HttpParserUpgrade as asked:
            self._hand_over(data[asked.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse()
            return
        if self._beside > self._most:
            self._refuse()
        else:
            self._look_for_request()

    def on_message_begin(self) -> None:
        """Begin to read a request; some of what came with its beginning may be of the one before."""
        super().on_message_begin()
        self._has_head, self._beside = False, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes after a body, where headers may stand too, counts for nobody."""
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Serve a request."""
        self._has_head, self._beside = True, 0
        if not self._reading.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._beside = max(self._beside - _BESIDE * len(body), 0)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that nothing more of a request comes; where another protocol is asked for it was never begun."""
        if not self._reading.should_upgrade():
            super().on_message_complete()

    def _refuse(self) -> None:
        """Say that what came is no request, unless something else is answered; and let go of whoever sent it."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.send_400_response("Invalid HTTP request received.")
        else:
            self.transport.close()
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()

    def _hand_over(self, rest: bytes) -> None:
        """Have the request that was read last, and all that comes, be served by what reads on in HTTP."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._refuse()
            return
        config, arguments, options = self._made
        self._wait_no_more()
        self.connections.discard(self)
        other = _OtherConnection(config, *arguments, **options)
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        version = self._reading.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self._reading.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers]
        other.data_received(b"\r\n".join([*lines, b"", rest]))


class _OtherConnection(_Patient, H11Protocol):
    """A connection of HTTP/1.1 on which another protocol was asked for, which is not spoken here."""

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        super().data_received(data)
        self._look_for_request()
