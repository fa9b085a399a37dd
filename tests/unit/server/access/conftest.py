"""A server with its own sign-in, in the test's own event loop."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium import App
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.principal import Principal
from podium.server.access.opening import signing_in
from podium.server.access.sign_in import SignIn
from podium.server.application import application

HERE = "http://127.0.0.1:8400"


@dataclass(frozen=True)
class Served:
    """A server, and who asks it."""

    app: App
    access: SignIn
    client: httpx.AsyncClient

    async def key(self, *roles: str, tenant: str = "default", who: str = "bot") -> dict[str, str]:
        """Return the header of a new key."""
        made = await self.app.keys.create(who, who=who, tenant=tenant, roles=roles)
        return {"authorization": f"Bearer {made.secret}"}


Serving = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def signed(
    *agents: AnyAgent,
    host: str = "127.0.0.1",
    base: str = HERE,
    clock: Clock | None = None,
    store: Path | str = ":memory:",
    **settings: Any,
) -> AsyncGenerator[Served]:
    """Serve agents, as `podium serve` does on this address."""
    async with App.open(store, agents=agents, clock=clock, **settings) as app:
        starter = Principal(who="starter", tenant="default", roles={"admin"})
        async with signing_in(app, host, starter) as access:
            way = httpx.ASGITransport(application(app, access, listens_on=host), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=way, base_url=base, timeout=30) as client:
                yield Served(app, access, client)


@pytest.fixture(name="signed")
def _signed() -> Serving:
    return signed
