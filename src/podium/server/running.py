"""Listening on a port, and stopping as the engine drains."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from podium.errors import UsageError
from podium.model.server import ServerSettings
from podium.server.connections import HttpConnection
from podium.server.tls import tls_context
from podium.services.to_the_end import to_the_end

_LINE_BYTES = 32 * 1024
"""What the first line of a request may have, beside its headers."""
_GRACE = 5
"""Seconds that requests which are under way have to end."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to whoever runs the loop."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises UsageError where the address cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on: {_why(error)}") from error
    # Connections inherit it. asyncio sets it for sockets alone that were made for TCP by name, which this one is not;
    # without it an answer waits some 40 ms until its head is acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _why(error: OSError) -> str:
    """Return what is wrong with an address, and what to do; Python writes the address into some of its sentences."""
    if error.errno == errno.EADDRINUSE:
        return "something listens there already. --port names another port."
    if error.errno == errno.EACCES:
        return "this user may not. --port names another port, of 1024 or above."
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return "it is no address of this machine. --host names another one."
    return f"{os.strerror(error.errno) if error.errno else error}. --host and --port name another address."


def _always(context: ssl.SSLContext) -> Callable[[object, object], ssl.SSLContext]:
    return lambda _, __: context


@asynccontextmanager
async def served(
    application: FastAPI, listening: socket.socket, settings: ServerSettings | None = None
) -> AsyncGenerator[None]:
    """Serve while the block lasts; then nothing new is taken, and what is under way may end.

    Raises ConfigError for a certificate that cannot be used.
    """
    settings = settings or ServerSettings()
    tls = tls_context(settings)
    config = uvicorn.Config(
        application, http=HttpConnection, ws="none", log_config=None, access_log=False, lifespan="off",
        timeout_graceful_shutdown=_GRACE,
        server_header=False, date_header=True, ssl_context_factory=None if tls is None else _always(tls),
        proxy_headers=bool(settings.proxies), forwarded_allow_ips=list(settings.proxies),
        h11_max_incomplete_event_size=_LINE_BYTES + settings.requests.header_bytes,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():
            await asyncio.wait([serving], timeout=0.005)
        if serving.done():
            serving.result()
        yield
    finally:
        application.state.streams.stop()
        application.state.readiness.stop()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await to_the_end(asyncio.wait([serving]))
