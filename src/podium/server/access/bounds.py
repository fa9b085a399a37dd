"""What every request and every answer is held to, whoever asks: names, sizes, time, and the headers of answers."""

import asyncio
import ipaddress
import re
from collections.abc import Mapping
from typing import cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.model.server import LOOPBACK, RequestSettings, ServerSettings
from podium.server.problems import problem

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Of every answer that does not say otherwise."""
_ONCE = (
    b"host", b"authorization", b"x-api-key", b"content-length", b"transfer-encoding", b"content-type", b"origin",
    b"sec-fetch-site", b"idempotency-key", b"last-event-id",
)  # fmt: skip
"""Headers of which a proxy in front might read another one than we do."""
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:@/\[\]\s,]+))(?::[0-9]{0,5})?")
_RAW = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
_SECURE_RAW = (*_RAW, (b"strict-transport-security", b"max-age=31536000"))

_UNTIL_IT_BEGINS = "podium.until_it_begins"
"""Under which a request has the bound on its time."""


def lift_time_limit(scope: Scope) -> None:
    """Let the answer to a request take as long as it takes to begin."""
    cast("asyncio.Timeout", scope[_UNTIL_IT_BEGINS]).reschedule(None)


class Bounds:
    """Stands around the application. What it refuses never comes to be parsed."""

    def __init__(self, application: ASGIApp, settings: ServerSettings, *, listens_on: str | None) -> None:
        """Hold requests to the settings; `listens_on` is the address, which says whether it is this machine alone."""
        self._application = application
        self._requests: RequestSettings = settings.requests
        own = LOOPBACK if listens_on is not None and is_loopback(listens_on) else ()
        self._hosts = frozenset(name.lower() for name in (*settings.hosts, *own)) if settings.hosts or own else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the application answer it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        answering = _BoundedAnswer(send, is_secure=scope.get("scheme") == "https")
        headers = Headers(scope=scope)
        if (refused := self._refused(headers, scope)) is not None:
            status, detail, code = refused
            await problem(status, detail, code=code, headers={"Connection": "close"})(scope, receive, answering)
            return
        counted = _Counted(receive, self._requests.body_bytes)
        until_it_begins = answering.until_it_begins = asyncio.timeout(self._requests.seconds)
        scope[_UNTIL_IT_BEGINS] = until_it_begins
        try:
            async with until_it_begins:
                await self._application(scope, counted, answering)
        except TimeoutError:
            if answering.begun or not until_it_begins.expired():
                raise
            answering.until_it_begins = None
            detail = (
                f"it took longer than {self._requests.seconds:g} seconds; what was begun goes on. Ask how it stands."
            )
            await problem(503, detail, code="took-too-long", headers={"Retry-After": "2"})(scope, receive, answering)

    def _refused(self, headers: Headers, scope: Scope) -> tuple[int, str, str] | None:
        """Return status, detail and code where a request is refused by its address or its headers."""
        most = self._requests
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > most.header_bytes:
            return 414, f"the address has more than {most.header_bytes:,} bytes: send less in it.", "address-too-long"
        if (detail := _ambiguous(headers)) is not None:
            return 400, detail, "ambiguous"
        if scope.get("http_version") == "1.1" and "host" not in headers:
            return 400, "the header Host is missing: it says which server is asked.", "wrong-host"
        if sum(len(name) + len(value) for name, value in headers.raw) > most.header_bytes:
            return 431, f"the headers have more than {most.header_bytes:,} bytes: send fewer.", "headers-too-large"
        if self._hosts is not None and _host(headers.get("host", "")) not in self._hosts:
            known = ", ".join(sorted(self._hosts))
            return (
                400,
                f"the server is not called {headers.get('host', '')!r:.200}: it is {known} (`hosts`).",
                "wrong-host",
            )
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > most.body_bytes:
            return 413, _too_large(most.body_bytes), "body-too-large"
        return None


class _Counted:
    """Receives a body, and no more of it than may be."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413, _too_large(self._most))
        return message


class _BoundedAnswer:
    """Sends an answer with the headers that all have; once it begins it may take as long as it likes."""

    def __init__(self, send: Send, *, is_secure: bool) -> None:
        self._send = send
        self._is_secure = is_secure
        self.begun = False
        self.until_it_begins: asyncio.Timeout | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            if self.until_it_begins is not None:
                self.until_it_begins.reschedule(None)
            said = list(message.get("headers", ()))
            names = {name for name, _ in said}
            own = _SECURE_RAW if self._is_secure else _RAW
            message["headers"] = [*said, *(each for each in own if each[0] not in names)]
        await self._send(message)


def _ambiguous(headers: Headers) -> str | None:
    """Return what is wrong with headers that somebody in between may read differently; None where nothing is."""
    names = [name for name, _ in headers.raw]
    if twice := [name for name in _ONCE if names.count(name) > 1]:
        return f"the header {twice[0].decode()} stands there twice: send it once."
    coding = headers.get("transfer-encoding")
    if coding is not None and "content-length" in headers:
        return "there are Content-Length and Transfer-Encoding: send one of them."
    if coding is not None and coding.lower() != "chunked":
        return f"the body comes as {coding!r:.80}: send it as it is, or `chunked`."
    return None


def is_loopback(address: str) -> bool:
    """Whether an address on which one listens can be reached from this machine alone."""
    if address == LOOPBACK[0]:
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _host(header: str) -> str:
    """Return the name in a Host header, without the port; empty where it is none."""
    found = _HOST.fullmatch(header)
    return "" if found is None else (found["six"] or found["name"]).rstrip(".").lower()


def _too_large(most: int) -> str:
    return f"the body has more than {most:,} bytes: send less, or store it elsewhere and send where."
