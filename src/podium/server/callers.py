"""Who asks: each request is carried out for one principal, with no more than what that one may do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request

from podium.app import App
from podium.facade.scoped import ScopedApp
from podium.model.principal import Principal
from podium.server.access.bounds import lift_time_limit
from podium.server.access.rights import ANYONE, admit, labels


class Access(Protocol):
    """How whoever asks is known."""

    async def caller(self, request: Request) -> Principal:
        """Return who asks; raises NotSignedIn where nobody is known, TokenRefused for what is void."""
        ...

    def refusing(self, request: Request) -> AbstractContextManager[None]:
        """Count what is refused in the block, so that nobody tries on and on; raises TooManyRequests."""
        ...


@dataclass(frozen=True, slots=True)
class RequestScope:
    """Who asks, and the app as that one may use it."""

    principal: Principal
    app: ScopedApp


def access_of(request: Request) -> Access:
    """Return what knows whoever asks a server."""
    return cast("Access", request.app.state.access)


def app_of(request: Request) -> App:
    """Return the app that a server serves."""
    return cast("App", request.app.state.podium)


async def caller(request: Request) -> RequestScope:
    """Return who asks; raises NotSignedIn, and NotAllowed where roles or policies do not let them use the route."""
    principal = await access_of(request).caller(request)
    request.state.who = principal.who
    app = app_of(request).scoped(principal)
    admit(request, principal, app)
    return RequestScope(principal, app)


def still(request: Request) -> Callable[[], Awaitable[object]]:
    """Return what raises, when it is asked, as `caller` does: once whoever asked is known no more, or may no more."""
    return lambda: caller(request)


Who = Annotated[RequestScope, Depends(caller)]


async def through_the_store(request: Request, who: Who) -> None:
    """Let a request take as long as it takes, of whoever sees all of a tenant: it goes through all of the store.

    Others have no more to go through than what is theirs, and have as much time for it as for anything.
    """
    if labels(who.principal) - {ANYONE}:
        lift_time_limit(request.scope)


def rights(*roles: str) -> dict[str, Any]:
    """Return what the document says of who may use a route: `anyone` who is signed in, or only these roles."""
    return {"x-roles": list(roles)}


READS: Sequence[str] = ("anyone", "viewer", "approver", "operator", "admin")
"""May look: at what is theirs, those that the façade knows as seeing all of their tenant at all of it."""
STARTS: Sequence[str] = ("anyone", "operator", "admin")
"""May start runs, and stop the own ones."""
OPERATES: Sequence[str] = ("operator", "admin")
ADMINISTERS: Sequence[str] = ("admin",)
PUBLIC: Mapping[str, Any] = {**rights("public"), "security": []}
"""What the document says of a route that everybody may use, without signing in."""
