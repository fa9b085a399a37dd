"""Sessions of browsers: which it is, in a cookie that nobody else can make, and that no other site can have sent."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request, Response

from podium import lazy
from podium.errors import NotAllowed
from podium.model.clock import Clock
from podium.model.json import Json
from podium.model.principal import Principal
from podium.operations.browser_sessions import BrowserSessions

if TYPE_CHECKING:
    from joserfc import errors, jwk, jwt
else:  # programs that ask have keys, and no cookies
    errors, jwk, jwt = (lazy.module(f"joserfc.{name}") for name in ("errors", "jwk", "jwt"))

_ALGORITHM = "HS256"
_SAFE = ("GET", "HEAD", "OPTIONS")
_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Gives browsers cookies, and reads them.

    A cookie is `HttpOnly` and `SameSite=Strict`, over TLS `Secure` and bound to this host by its name. Whatever changes
    something has to come from a page of this server: browsers say where a request comes from.
    """

    opened: BrowserSessions
    """Who is signed in, as the store knows it: what is ended there is refused with the next request."""
    clock: Clock
    lasts: float
    key: str | None = None
    """The secret that signs them; without one they end with the process."""
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        secret = secrets.token_bytes(_BYTES) if self.key is None else self.key.encode()
        object.__setattr__(self, "_secret", secret)

    @property
    def _key(self) -> "jwk.OctKey":
        return jwk.OctKey.import_key(self._secret)

    async def begin(self, request: Request, response: Response, principal: Principal) -> None:
        """Sign a browser in; a session that it had before is over."""
        await self._end(request)
        session = await self.opened.begin(principal, lasts=self.lasts)
        self.put(request, response, "session", {"sid": session.id}, lasts=self.lasts)

    async def end(self, request: Request, response: Response) -> None:
        """Sign a browser out: its cookie is void from now on, whoever has a copy of it."""
        await self._end(request)
        self.take_back(request, response, "session")

    async def principal(self, request: Request) -> Principal | None:
        """Return who signed in with a browser; None without a session. Raises NotAllowed where another site asks."""
        said = self.read(request, "session")
        session = None if said is None else await self.opened.get(str(said["sid"]))
        if session is None:
            return None
        if request.method not in _SAFE and not _is_own(request):
            raise NotAllowed("another site sent this request with your cookie: do it on a page of this server.")
        return session.principal

    async def _end(self, request: Request) -> None:
        if (said := self.read(request, "session")) is not None:
            await self.opened.end(str(said["sid"]))

    def put(
        self, request: Request, response: Response, name: str, said: Mapping[str, Json], *, lasts: float,
        strict: bool = True,
    ) -> None:  # fmt: skip
        """Give a browser a signed cookie; one that is not `strict` comes back where another site leads here."""
        value = jwt.encode(
            {"alg": _ALGORITHM}, {**said, "for": name, "exp": int(self.clock.now() + lasts)}, self._key,
            algorithms=[_ALGORITHM],
        )  # fmt: skip
        response.set_cookie(
            _cookie(request, name), value, max_age=int(lasts), path="/", httponly=True, secure=_is_secure(request),
            samesite="strict" if strict else "lax",
        )  # fmt: skip

    def take_back(self, request: Request, response: Response, name: str) -> None:
        """Have a browser forget a cookie."""
        response.delete_cookie(_cookie(request, name), path="/", httponly=True, secure=_is_secure(request))

    def read(self, request: Request, name: str) -> Mapping[str, Json] | None:
        """Return what a cookie of ours says; None where there is none that is in force."""
        value = request.cookies.get(_cookie(request, name))
        if value is None:
            return None
        try:
            said = jwt.decode(value, self._key, algorithms=[_ALGORITHM]).claims
        except (errors.JoseError, ValueError, TypeError):
            return None
        if said.get("for") != name or not self.clock.now() < said.get("exp", 0):
            return None  # what is signed with this key is ours, but may be of another name, or of another time
        return said


def must_be_own(request: Request) -> None:
    """Raise NotAllowed where a form was not sent from a page of this server."""
    if not _is_own(request):
        raise NotAllowed("another site sent this form: do it on a page of this server.")


def _is_own(request: Request) -> bool:
    """Whether a browser says that a request comes from this server itself; all of today say at least one of these."""
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _cookie(request: Request, name: str) -> str:
    return f"__Host-podium_{name}" if _is_secure(request) else f"podium_{name}"
