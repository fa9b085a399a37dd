"""Sending what is delivered, and what the answer says."""

import asyncio
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from types import TracebackType
from typing import Protocol, Self

import httpcore

from podium.errors import ConfigError
from podium.formats.retry_after import retry_after
from podium.model.clock import Clock
from podium.model.webhooks import Webhook, WebhookDelivery, WebhookSettings
from podium.operations.webhooks.addresses import AddressRefused, GuardedNetwork
from podium.operations.webhooks.subscriptions import secrets_of
from podium.webhooks import signed_headers

_MOST_READ = 16 * 1024
_LONGEST_READ = 1.0
"""Bytes of an answer that are read, and seconds, so that its connection can be used again: it does not matter."""
_AWAY = frozenset({408, 425, 429, 502, 503, 504})
_GONE = 410
LONGEST_WAIT = 86_400.0
"""Seconds: no receiver has us wait longer."""
_IDLE_SECONDS = 30.0


class Verdict(Enum):
    """What came of a try."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """The receiver is there, and does not take it: others it may."""
    AWAY = "away"
    """The receiver is not there, or wants nothing now."""
    GONE = "gone"
    """The receiver wants nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What came of sending something."""

    verdict: Verdict
    status: int | None = None
    why: str = ""
    wait: float = 0.0
    """Seconds that the receiver asked us to wait at least."""


class Sends(Protocol):
    """Whatever sends."""

    async def send(self, webhook: Webhook, delivery: WebhookDelivery, body: bytes) -> SendResult:
        """Send something once."""
        ...


class Sender:
    """Sends over HTTP, signed; redirects are not followed, and nothing is asked of proxies."""

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pools: dict[bytes, httpcore.AsyncConnectionPool] = {}
        self._agent = f"podium/{metadata.version('podium')}"

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, scheme: bytes) -> httpcore.AsyncConnectionPool:
        if scheme not in self._pools:
            plain = scheme == b"http"
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=None if plain else ssl.create_default_context(), max_connections=sys.maxsize,
                keepalive_expiry=_IDLE_SECONDS, network_backend=GuardedNetwork(self._settings, plain=plain),
            )  # fmt: skip
        return self._pools[scheme]

    async def send(self, webhook: Webhook, delivery: WebhookDelivery, body: bytes) -> SendResult:
        """Send something once; whatever fails says that the receiver is away."""
        try:
            now = self._clock.now()
            headers = {
                "content-type": "application/json", "user-agent": self._agent,
                **signed_headers(delivery.id, now, body, secrets_of(webhook, self._settings, now)),
            }  # fmt: skip
            return await self._post(webhook.url, headers, body)
        except TimeoutError:
            return SendResult(verdict=Verdict.AWAY, why=f"no answer within {self._settings.timeout:g} s")
        except (ConfigError, AddressRefused) as error:
            return SendResult(verdict=Verdict.AWAY, why=str(error))
        except Exception as error:  # foreign code: whatever it raises says that nothing was taken
            return SendResult(verdict=Verdict.AWAY, why=f"{type(error).__name__}: {error}".rstrip(": "))

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> SendResult:
        """Post something; what counts is the status, whatever becomes of the rest of the answer."""
        target = httpcore.URL(url)
        sent = [(b"host", _host(target)), *((name.encode(), value.encode()) for name, value in headers.items())]
        pool = self._pool(target.scheme)
        answered: SendResult | None = None
        try:
            async with asyncio.timeout(self._settings.timeout) as limit:
                async with pool.stream("POST", target, headers=sent, content=body) as response:
                    said = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
                    answered = _judged(response.status, said)
                    limit.reschedule(asyncio.get_running_loop().time() + _LONGEST_READ)
                    await _read(response)
        except Exception:  # foreign code: what fails after the status changes nothing of it
            if answered is None:
                raise
        assert answered is not None  # else it was raised why not
        return answered


async def _read(response: httpcore.Response) -> None:
    read = 0
    async for chunk in response.aiter_stream():
        read += len(chunk)
        if read > _MOST_READ:
            return


def _host(url: httpcore.URL) -> bytes:
    usual = {b"http": 80, b"https": 443}[url.scheme]
    host = b"[%b]" % url.host if b":" in url.host else url.host
    return host if url.port in (None, usual) else b"%b:%d" % (host, url.port or usual)


def _judged(status: int, headers: Mapping[str, str]) -> SendResult:
    if status // 100 == 2:  # noqa: PLR2004  any success
        return SendResult(verdict=Verdict.DELIVERED, status=status)
    why = f"the receiver answered {status}"
    if status == _GONE:
        return SendResult(verdict=Verdict.GONE, status=status, why=why)
    if status in _AWAY:
        wait = min(retry_after(headers, status=status) or 0.0, LONGEST_WAIT)
        return SendResult(verdict=Verdict.AWAY, status=status, why=why, wait=wait)
    return SendResult(verdict=Verdict.REFUSED, status=status, why=why)
