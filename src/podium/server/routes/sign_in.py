"""Signing in with a browser and out again, and who one is."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from podium.api.access import MeBody
from podium.errors import NotSignedIn, TokenRefused
from podium.server.access.sessions import must_be_own
from podium.server.access.sign_in import SignIn
from podium.server.callers import READS, Who, rights
from podium.server.rendering import html
from podium.server.routing import Routes

if TYPE_CHECKING:
    from podium.server.access.oidc.browser import BrowserFlow

router = Routes("access")
pages = Routes(prefix="", include_in_schema=False)
"""What browsers open; it stands beside the API."""
_PLACES = (
    ("Questions that wait", "/api/v1/questions"), ("Runs", "/api/v1/runs"), ("Agents", "/api/v1/agents"),
    ("Who you are", "/api/v1/me"), ("All there is", "/api/v1/openapi.json"),
)  # fmt: skip
"""Where whoever has signed in may go on, where no page was asked for."""
_FLOW_LASTS = 600.0
"""Seconds that somebody has to sign in at the provider."""


@router.get("/me", openapi_extra=rights(*READS))
async def show_me(who: Who) -> MeBody:
    """Say as whom one is known: name, tenant, roles, and the workflows that one may start."""
    return MeBody.of(who.principal)


@pages.get("/sign-in")
async def sign_in(
    request: Request, token: Annotated[str | None, Query()] = None, next: Annotated[str | None, Query()] = None
) -> Response:
    """Sign a browser in: by the link that the terminal showed, or at the provider."""
    access = _access(request)
    if token is not None:
        if access.here is None:
            raise TokenRefused("this server gives no links to sign in by: use a key, or the provider.")
        answer = _signed_in(_local(next))
        with access.refusing(request):
            principal = access.here.use_link(token)
        await access.sessions.begin(request, answer, principal)
        return answer
    if access.flow is None:
        raise NotSignedIn("open the link that the terminal showed when the server began, or send a key.")
    where, kept = await access.flow.begin(_callback(request))
    leave = RedirectResponse(where, 303)
    access.sessions.put(request, leave, "flow", {**kept, "next": _local(next) or ""}, lasts=_FLOW_LASTS, strict=False)
    return leave


@pages.get("/sign-in/callback")
async def sign_in_callback(request: Request) -> Response:
    """Take the answer that a browser brings back from the provider."""
    access = _access(request)
    kept = access.sessions.read(request, "flow")
    principal = await _flow(access).end(request.query_params, kept)
    answer = _signed_in(_local(None if kept is None else str(kept["next"])))
    await access.sessions.begin(request, answer, principal)
    access.sessions.take_back(request, answer, "flow")
    return answer


@pages.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Sign a browser out, on the server too: its cookie is void from then on."""
    must_be_own(request)
    answer = html("message.html", title="You are signed out", text="Sign in again as you did before.")
    await _access(request).sessions.end(request, answer)
    return answer


def _access(request: Request) -> SignIn:
    return cast("SignIn", request.app.state.access)


def _flow(access: SignIn) -> "BrowserFlow":
    if access.flow is None:
        raise TokenRefused("no provider is set by which people sign in with a browser: `server.oidc.client_id`.")
    return access.flow


def _callback(request: Request) -> str:
    url = cast("str | None", request.app.state.podium.config.server.url)
    if url is not None:
        return f"{url.rstrip('/')}/sign-in/callback"
    return str(request.url_for("sign_in_callback"))


def _local(address: str | None) -> str | None:
    """Return a page of this server to go on with, None where none is named: no other address is ever gone to."""
    is_own = (
        address is not None and address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()
    )
    return address if is_own else None


def _signed_in(next: str | None) -> HTMLResponse:
    """Return the page after signing in.

    It leads on by itself: the cookie is not sent with what the provider leads to, only with what this page does.
    """
    return html("signed_in.html", next=next, places=_PLACES)
