"""How requests and pauses are carried out: by blocking, or by awaiting. All that the two clients do not share."""

import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, closing
from typing import Any, Final, TypeVar

import httpx

from podium.client.api_call import ApiCall
from podium.client.exchange import HttpReply, Pause, SendingPlan, effects
from podium.client.streams import AsyncOpenStream, ItemCame, NextChunk, OpenStream, StreamPlan, StreamReading
from podium.model.clock import SystemClock
from podium.model.json import Json, encode_as_is

T = TypeVar("T")

PREFIX: Final = "/api/v1"


class ServerAddress:
    """Where a server is, who asks it, and for how long and how often."""

    def __init__(self, url: str, token: str | None, timeout: float, retries: int) -> None:
        self.url = url
        self.retries = retries
        self._timeout = timeout
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    def parts(self, call: ApiCall[Any]) -> dict[str, Any]:
        """Return a call as httpx takes it."""
        headers: Mapping[str, str] = {"accept": "application/json", **self._headers, **call.headers}
        timeout = httpx.Timeout(self._timeout, read=self._timeout + call.wait)
        parts = {"method": call.method, "url": f"{self.url}{PREFIX}{call.path}", "params": call.query or None}
        return {**parts, **_content(call, headers), "timeout": timeout, "follow_redirects": False}


def _content(call: ApiCall[Any], headers: Mapping[str, str]) -> dict[str, Json]:
    if call.body is None:
        return {"headers": headers}
    said = call.body.model_dump(mode="json", exclude_unset=True)
    return {"headers": {**headers, "content-type": "application/json"}, "content": encode_as_is(said)}


class Blocking:
    """Carries out requests and pauses one after another, and blocks the thread meanwhile."""

    def __init__(self, http: httpx.Client, address: ServerAddress) -> None:
        self.http = http
        self._address = address

    def carry_out(self, plan: SendingPlan[T]) -> T:
        """Send what a plan has, and return what comes of it."""
        running = effects(plan, self._address.url, self._address.retries)
        reply: httpx.Response | httpx.TransportError | None = None
        while True:
            try:
                effect = running.send(reply)
            except StopIteration as ended:
                return ended.value
            reply = self._do(effect)

    def items(self, wanted: StreamPlan[T]) -> Generator[T]:
        """Give events or lines as they come, until they end; the connection is closed with the generator."""
        running = wanted.read(self._address.url, self._address.retries)
        reply: HttpReply | bytes | None = None
        with closing(OpenStream(self.http)) as stream:
            while (effect := _sent(running, reply)) is not None:
                match effect:
                    case ApiCall():
                        reply = stream.open(self._address.parts(effect))
                    case NextChunk():
                        reply = stream.chunk()
                    case Pause():
                        reply = self._pause(effect)
                    case ItemCame():
                        reply = None
                        yield effect.item

    def _do(self, effect: ApiCall[Any] | Pause) -> httpx.Response | httpx.TransportError | None:
        if isinstance(effect, Pause):
            return self._pause(effect)
        try:
            return self.http.request(**self._address.parts(effect))
        except httpx.TransportError as error:
            return error

    def _pause(self, pause: Pause) -> None:
        time.sleep(pause.seconds)


class Awaiting:
    """Carries out requests and pauses one after another, and leaves the event loop to others meanwhile."""

    def __init__(self, http: httpx.AsyncClient, address: ServerAddress) -> None:
        self.http = http
        self._address = address
        self._clock = SystemClock()

    async def carry_out(self, plan: SendingPlan[T]) -> T:
        """Send what a plan has, and return what comes of it."""
        running = effects(plan, self._address.url, self._address.retries)
        reply: httpx.Response | httpx.TransportError | None = None
        while True:
            try:
                effect = running.send(reply)
            except StopIteration as ended:
                return ended.value
            reply = await self._do(effect)

    async def items(self, wanted: StreamPlan[T]) -> AsyncGenerator[T]:
        """Give events or lines as they come, until they end; the connection is closed with the generator."""
        running = wanted.read(self._address.url, self._address.retries)
        reply: HttpReply | bytes | None = None
        async with aclosing(AsyncOpenStream(self.http)) as stream:
            while (effect := _sent(running, reply)) is not None:
                match effect:
                    case ApiCall():
                        reply = await stream.open(self._address.parts(effect))
                    case NextChunk():
                        reply = await stream.chunk()
                    case Pause():
                        reply = await self._pause(effect)
                    case ItemCame():
                        reply = None
                        yield effect.item

    async def _do(self, effect: ApiCall[Any] | Pause) -> httpx.Response | httpx.TransportError | None:
        if isinstance(effect, Pause):
            return await self._pause(effect)
        try:
            return await self.http.request(**self._address.parts(effect))
        except httpx.TransportError as error:
            return error

    async def _pause(self, pause: Pause) -> None:
        await self._clock.sleep_until(self._clock.now() + pause.seconds)


def _sent(
    running: StreamReading[T], reply: HttpReply | bytes | None
) -> ApiCall[Any] | NextChunk | ItemCame[T] | Pause | None:
    """Return what is to be done next; None where a stream has ended."""
    try:
        return running.send(reply)
    except StopIteration:
        return None
