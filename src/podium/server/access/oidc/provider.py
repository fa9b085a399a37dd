"""What a provider says of itself: where it is asked, and with which keys it signs."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from podium import lazy
from podium.errors import ProviderAway, TokenRefused
from podium.model.clock import Clock
from podium.model.expected import is_list
from podium.model.json import Json, is_object
from podium.model.server import LOOPBACK

if TYPE_CHECKING:
    import httpx
else:
    httpx = lazy.module("httpx")

_OK, _FAULT = 200, 500
_TIMEOUT = 10.0
_LASTS = 600.0
"""Seconds that what a provider said is taken for true: a key that it took back is refused after that."""
_PAUSE = 10.0
"""Seconds between two questions for keys that are not known: nobody makes us ask for each forged token."""
_PUBLIC = ("RSA", "EC", "OKP")
"""Kinds of keys of which one half is public. A symmetric key that a provider publishes proves nothing."""
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a provider is asked."""

    keys: str
    authorization: str
    token: str


@dataclass(frozen=True, slots=True)
class _Known:
    endpoints: Endpoints
    keys: Mapping[str | None, list[Key]]
    at: float


class Provider:
    """Asks a provider for its keys: when they are needed first, from time to time, and when one is not known."""

    def __init__(self, issuer: str, clock: Clock, client: "httpx.AsyncClient | None" = None) -> None:
        self.issuer = issuer.rstrip("/")
        self._clock = clock
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        self._known: _Known | None = None
        self._failed: tuple[float, str] | None = None
        """When it could not be asked last, and why."""
        self._asking = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """Return where it is asked; raises ProviderAway."""
        return (await self._lately(_LASTS)).endpoints

    async def keys(self, kid: str | None) -> list[Key]:
        """Return the keys of a name, or all where none is named; raises TokenRefused where there are none."""
        known = await self._lately(_LASTS)
        if kid is not None and kid not in known.keys:
            known = await self._lately(_PAUSE)
        found = [key for name, several in known.keys.items() if kid in (None, name) for key in several]
        if not found:
            raise TokenRefused(f"the token is signed with the key {kid!r:.80}, which {self.issuer} does not know.")
        return found

    async def redeem(self, form: Mapping[str, str], client: tuple[str, str] | None) -> Mapping[str, Json]:
        """Return what the provider gives for a code; raises TokenRefused where it gives nothing."""
        endpoint = (await self.endpoints()).token
        try:
            answer = await self._client.post(endpoint, data=dict(form), auth=client or httpx.USE_CLIENT_DEFAULT)
        except httpx.HTTPError as error:
            raise ProviderAway(f"{self.issuer} cannot be asked: {error}. Try again.") from error
        if answer.status_code >= _FAULT:
            raise ProviderAway(f"{self.issuer} failed with status {answer.status_code}. Try again.")
        body = _object(answer)
        if answer.status_code != _OK or body is None:
            said = "" if body is None else f": {body.get('error', '')}"
            raise TokenRefused(f"{self.issuer} took no sign-in for this{said:.200}. Sign in again.")
        return body

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _lately(self, seconds: float) -> _Known:
        """Return what it said no longer ago than this; raises ProviderAway where it cannot be asked."""
        if self._is_fresh(seconds) is None:
            async with self._asking:
                if self._is_fresh(seconds) is None:
                    await self._ask_in_turn()
        assert self._known is not None  # it was asked, or nothing was to be asked for
        return self._known

    def _is_fresh(self, seconds: float) -> _Known | None:
        known = self._known
        return known if known is not None and self._clock.monotonic() - known.at < seconds else None

    async def _ask_in_turn(self) -> None:
        """Ask it, unless it was away just now: one that hangs would have all wait for each forged token."""
        now = self._clock.monotonic()
        if self._failed is not None and now - self._failed[0] < _PAUSE:
            raise ProviderAway(self._failed[1])
        try:
            await self._ask()
        except ProviderAway as error:
            self._failed = self._clock.monotonic(), str(error)
            raise
        self._failed = None

    async def _ask(self) -> None:
        said = await self._get(f"{self.issuer}/.well-known/openid-configuration")
        if str(said.get("issuer", "")).rstrip("/") != self.issuer:
            raise ProviderAway(f"{self.issuer} says that it is {said.get('issuer')!r:.200}: set that `issuer`.")
        endpoints = Endpoints(
            keys=_address(said, "jwks_uri"), authorization=_address(said, "authorization_endpoint"),
            token=_address(said, "token_endpoint"),
        )  # fmt: skip
        listed = (await self._get(endpoints.keys)).get("keys")
        self._known = _Known(endpoints, _by_name(listed), self._clock.monotonic())

    async def _get(self, address: str) -> Mapping[str, Json]:
        try:
            answer = await self._client.get(address)
        except httpx.HTTPError as error:
            raise ProviderAway(f"{address} cannot be asked: {error or type(error).__name__}. Try again.") from error
        body = _object(answer)
        if answer.status_code != _OK or body is None:
            raise ProviderAway(f"{address} answered with status {answer.status_code} and no JSON object. Try again.")
        return body


def _object(answer: "httpx.Response") -> Mapping[str, Json] | None:
    if len(answer.content) > _MOST_BYTES:
        return None
    try:
        body: Json = answer.json()
    except ValueError:
        return None
    return body if is_object(body) else None


def _address(said: Mapping[str, Json], name: str) -> str:
    """Return an address that a provider names; raises ProviderAway where it is none that can be trusted."""
    found = said.get(name)
    where = urlsplit(found if isinstance(found, str) else "")
    if where.scheme != "https" and not (where.scheme == "http" and where.hostname in LOOPBACK):
        raise ProviderAway(f"the provider says that its {name} is {found!r:.200}; expected an address with https://.")
    return str(found)


def _by_name(listed: Json) -> Mapping[str | None, list[Key]]:
    """Return the public keys that signatures are checked with; what cannot be read is left out, as are others."""
    found: dict[str | None, list[Key]] = {}
    for each in listed if is_list(listed) else ():
        if not is_object(each) or each.get("kty") not in _PUBLIC or each.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key(dict(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        kid = each.get("kid")
        found.setdefault(kid if isinstance(kid, str) else None, []).append(key)
    return found
