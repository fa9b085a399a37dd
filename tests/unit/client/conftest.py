"""Both clients, each with a server in the test's own event loop: their requests are real, but no socket is."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium import App
from podium.client import AsyncClient, Client
from podium.model.agent import AnyAgent
from podium.server.application import application
from tests.unit.server.conftest import KnownByName

URL = "http://podium"
Ask = Callable[[Callable[[Any], Any]], Awaitable[Any]]
"""Carries out what is asked of a client, whichever of the two it is: `await ask(lambda client: client.runs.list())`."""
Asking = Callable[..., AbstractAsyncContextManager[Ask]]


class FromAThread(httpx.BaseTransport):
    """Has an event loop answer what another thread asks."""

    def __init__(self, way: httpx.AsyncBaseTransport, loop: asyncio.AbstractEventLoop) -> None:
        self._way = way
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._way.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


@asynccontextmanager
async def transport(
    *agents: AnyAgent, store: Path | str = ":memory:", **options: Any
) -> AsyncGenerator[httpx.ASGITransport]:
    """Give the way to a server that serves these agents, and believes whoever says in X-Who who they are."""
    async with App.open(store, agents=agents, **options) as app:
        yield httpx.ASGITransport(application(app, KnownByName()), raise_app_exceptions=False)


def told(who: str) -> dict[str, str]:
    return {"x-who": who}


@asynccontextmanager
async def awaiting(*agents: AnyAgent, who: str = "ann default operator", **options: Any) -> AsyncGenerator[Ask]:
    async with transport(*agents, **options) as way, httpx.AsyncClient(transport=way, headers=told(who)) as http:
        client = AsyncClient(URL, http=http)

        async def ask(what: Callable[[Any], Any]) -> Any:
            found = what(client)
            if isawaitable(found):
                return await found
            return [each async for each in found] if hasattr(found, "__aiter__") else found

        yield ask


@asynccontextmanager
async def blocking(*agents: AnyAgent, who: str = "ann default operator", **options: Any) -> AsyncGenerator[Ask]:
    async with transport(*agents, **options) as way:
        with httpx.Client(transport=FromAThread(way, asyncio.get_running_loop()), headers=told(who)) as http:
            client = Client(URL, http=http)

            def ask(what: Callable[[Any], Any]) -> Any:
                found = what(client)
                return [*found] if hasattr(found, "page") or hasattr(found, "send") else found

            yield lambda what: asyncio.to_thread(ask, what)


@pytest.fixture(params=[blocking, awaiting], ids=["blocking", "awaiting"])
def asking(request: pytest.FixtureRequest) -> Asking:
    """Open either client, with a server of its own."""
    return request.param
