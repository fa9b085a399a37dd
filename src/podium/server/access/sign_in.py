"""How whoever asks is known: by a key, a token of the provider, a session of a browser, or what the terminal showed."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from fastapi import Request

from podium.errors import NotSignedIn, TokenRefused
from podium.model.api_key import id_of_key
from podium.model.principal import Principal
from podium.operations.api_keys import ApiKeys
from podium.server.access.one_time import OnThisMachine
from podium.server.access.rates import RequestRates
from podium.server.access.sessions import Sessions

if TYPE_CHECKING:
    from podium.server.access.oidc.browser import BrowserFlow
    from podium.server.access.oidc.tokens import TokenReader

_OWN_BITS = 64
"""Of an address of IPv6: what one customer of a provider has is of one prefix of so many bits, or of a shorter one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """All ways to be known, and how often whoever is known may ask."""

    keys: ApiKeys
    sessions: Sessions
    here: OnThisMachine | None
    """Who started the server, where it is reached from this machine alone and nothing else is set."""
    reader: "TokenReader | None"
    """Who reads the provider's tokens, where there is a provider."""
    flow: "BrowserFlow | None"
    """The way of browsers to the provider, where people may sign in by it."""
    rates: RequestRates
    """How often each key or user may ask."""
    failures: RequestRates
    """How often an address may send what nobody is known by."""

    async def caller(self, request: Request) -> Principal:
        """Return who asks.

        Raises NotSignedIn where nothing says it, TokenRefused for what is void, and TooManyRequests.
        """
        token = token_of(request)
        with self.refusing(request):
            name, principal = await self._by_token(token) if token is not None else await self._by_session(request)
        self.rates.count(name)
        return principal

    @contextmanager
    def refusing(self, request: Request) -> Generator[None]:
        """Count what is refused in the block as a try of an address; raises TooManyRequests from too many of them on.

        Who is known is let in all the same: others of that address, such as those behind one proxy, lock out nobody.
        """
        try:
            yield
        except TokenRefused:
            self.failures.count(network_of(request))
            raise

    async def close(self) -> None:
        """Close what was opened to ask the provider."""
        if self.reader is not None:
            await self.reader.provider.close()

    async def _by_session(self, request: Request) -> tuple[str, Principal]:
        principal = await self.sessions.principal(request)
        if principal is None:
            raise NotSignedIn(
                "nobody is signed in: send the header `Authorization: Bearer KEY`, with a key that `podium keys create`"
                " made, or sign in at /sign-in."
            )
        return _name(principal), principal

    async def _by_token(self, token: str) -> tuple[str, Principal]:
        if self.here is not None and self.here.knows(token):
            return _name(self.here.principal), self.here.principal
        if id_of_key(token) is not None:
            key = await self.keys.known(token)
            return key.id, key.principal
        if self.reader is None:
            raise TokenRefused("what was sent is no key of this server: `podium keys create` makes one.")
        principal = await self.reader.principal(token)
        return _name(principal), principal


def token_of(request: Request) -> str | None:
    """Return what a request says to be known by; raises NotSignedIn where it says it in two ways."""
    key = request.headers.get("x-api-key")
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind and key is not None:
        raise NotSignedIn("the request has both Authorization and X-API-Key: send one of them.")
    if kind and (kind.lower() != "bearer" or not given.strip()):
        raise NotSignedIn(f"the header Authorization begins with {kind!r:.40}: expected `Bearer KEY`.")
    return given.strip() if kind else key


def network_of(request: Request) -> str:
    """Return from where a request comes: an address, of IPv6 the network of one customer, who has all of it."""
    host = "?" if request.client is None else request.client.host
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(ip_network((address, _OWN_BITS), strict=False)) if mapped is None else str(mapped)
    return str(address)


def _name(principal: Principal) -> str:
    return f"{principal.who!r} of {principal.tenant!r}"
