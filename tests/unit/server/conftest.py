"""A server in the test's own event loop: its requests are real, but no socket is."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import httpx
import pytest
from fastapi import Request

from podium import App
from podium.errors import NotSignedIn
from podium.model.agent import AnyAgent
from podium.model.principal import Principal
from podium.server.application import application


class KnownByName:
    """Believes what the header X-Who says: `name tenant role role`."""

    async def caller(self, request: Request) -> Principal:
        said = request.headers.get("x-who", "").split()
        if not said:
            raise NotSignedIn("say who you are")
        return Principal(who=said[0], tenant=said[1], roles={*said[2:]})

    def refusing(self, request: Request) -> AbstractContextManager[None]:
        return nullcontext()


Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@asynccontextmanager
async def serving(
    *agents: AnyAgent, who: str = "ann default operator", store: str = ":memory:", **settings: Any
) -> AsyncGenerator[httpx.AsyncClient]:
    """Give a client of a server that serves these agents; whoever asks is `who`, unless a request says otherwise."""
    async with App.open(store, agents=agents, **settings) as app:
        way = httpx.ASGITransport(application(app, KnownByName()), raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=way, base_url="http://podium/api/v1", headers={"x-who": who}, timeout=30
        ) as client:
            yield client


@pytest.fixture(name="serving")
def _serving() -> Serving:
    return serving
