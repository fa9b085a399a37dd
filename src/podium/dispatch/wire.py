"""What was really written to the network while a request was made: only there is it known what surely was not sent.

The clients of vendors stand on HTTPX, or its successor HTTPX2, and raise the same for a request that was cut off before
it was written as for one that was answered unheard. So the transports of both are watched, once they are imported, by
means of their `trace` extension. What uses neither is not seen: then what it raises has to say it.
"""

import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from podium.formats.turned_away import TURNED_AWAY
from podium.model.empty import empty

_LIBRARIES = ("httpx", "httpx2")
_WRITES = ".send_request_headers.started"
_ERRORS = 400
"""The least status of an answer that tells of an error."""
_TUNNEL = b"CONNECT"
"""What is written to a proxy before the request is."""

Trace = Callable[[str, Mapping[str, Any]], Any]


@dataclass(slots=True)
class _Exchange:
    written: bool = False
    status: int | None = None
    """Of its answer, once there is one."""

    @property
    def harmless(self) -> bool:
        """Whether nothing was written, or the other side turned it away."""
        return not self.written or self.status in TURNED_AWAY

    @property
    def failed(self) -> bool:
        """Whether it was written, and ended otherwise than with an answer."""
        return not self.harmless and (self.status is None or self.status >= _ERRORS)

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what a transport does."""
        if event.endswith(_WRITES) and getattr(info.get("request"), "method", None) != _TUNNEL:
            self.written = True


@dataclass(slots=True)
class Wire:
    """The HTTP requests that are made while somebody watches."""

    outer: "Wire | None" = None
    exchanges: list[_Exchange] = field(default_factory=empty(list[_Exchange]))

    def begin(self) -> _Exchange:
        """Return what is noted of one more."""
        exchange, wire = _Exchange(), self
        while wire is not None:
            wire.exchanges.append(exchange)
            wire = wire.outer
        return exchange

    @property
    def quiet(self) -> bool:
        """Whether requests were made, and none of them can have been answered."""
        return bool(self.exchanges) and self.harmless

    @property
    def harmless(self) -> bool:
        """Whether no request was made that can have been answered."""
        return all(each.harmless for each in self.exchanges)

    @property
    def lost(self) -> bool:
        """Whether any was written and failed: where a vendor's client tries again, both may be paid."""
        return any(each.failed for each in self.exchanges)


UNWATCHED = Wire()
"""What is known where nobody watches: nothing."""

_wire: ContextVar[Wire | None] = ContextVar("podium_wire", default=None)
_watched: set[str] = set()


@contextmanager
def watched() -> Generator[Wire]:
    """Watch what is sent in this task, and in those that it starts."""
    for name in _LIBRARIES:
        if name in sys.modules and name not in _watched:
            _watched.add(name)
            _watch_library(sys.modules[name])
    wire = Wire(_wire.get())
    token = _wire.set(wire)
    try:
        yield wire
    finally:
        _wire.reset(token)


def _watch_library(library: Any) -> None:
    library.AsyncHTTPTransport.handle_async_request = _async(library.AsyncHTTPTransport.handle_async_request)
    library.HTTPTransport.handle_request = _sync(library.HTTPTransport.handle_request)


def _async(handle: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    @wraps(handle)
    async def watching(transport: Any, request: Any) -> Any:
        wire = _wire.get()
        if wire is None:
            return await handle(transport, request)
        exchange, others = wire.begin(), request.extensions.get("trace")

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            exchange.note(event, info)
            if others is not None:
                await others(event, info)

        request.extensions = {**request.extensions, "trace": trace}
        response = await handle(transport, request)
        exchange.status = response.status_code
        return response

    return watching


def _sync(handle: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    @wraps(handle)
    def watching(transport: Any, request: Any) -> Any:
        wire = _wire.get()
        if wire is None:
            return handle(transport, request)
        exchange, others = wire.begin(), request.extensions.get("trace")

        def trace(event: str, info: Mapping[str, Any]) -> None:
            exchange.note(event, info)
            if others is not None:
                others(event, info)

        request.extensions = {**request.extensions, "trace": trace}
        response = handle(transport, request)
        exchange.status = response.status_code
        return response

    return watching
