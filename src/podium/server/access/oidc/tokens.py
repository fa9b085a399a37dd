"""Tokens of a provider: whether one is genuine and for us, and who it is of."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from podium.errors import TokenRefused, UsageError
from podium.facade.scope import Scope
from podium.model.clock import Clock
from podium.model.expected import is_list
from podium.model.json import Json, is_object
from podium.model.principal import ROLES, Principal
from podium.model.server import OidcSettings
from podium.server.access.oidc.provider import Provider

_MOST_ROLES = 200
_LONGEST = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReader:
    """Takes the tokens of a provider."""

    settings: OidcSettings
    provider: Provider
    clock: Clock

    async def principal(self, token: str) -> Principal:
        """Return who sends a token that is for programs; raises TokenRefused with the reason."""
        return self.principal_of(await self.claims(token, audience=self.settings.audience))

    async def claims(self, token: str, *, audience: str, nonce: str | None = None) -> Mapping[str, Json]:
        """Return what a token says; raises TokenRefused where it is forged, for others, too early, or too late.

        Only the provider's own keys count, and only algorithms of the settings: none is ever symmetric, or `none`.
        """
        settings = self.settings
        keys = await self.provider.keys(_kid(token, settings.algorithms))
        wanted: dict[str, jwt.ClaimsOption] = {"exp": {"essential": True}}
        wanted["iss"] = {"essential": True, "values": [self.provider.issuer, f"{self.provider.issuer}/"]}
        wanted["aud"] = {"essential": True, "value": audience}
        if nonce is not None:
            wanted["nonce"] = {"essential": True, "value": nonce}
        registry = jwt.JWTClaimsRegistry(now=int(self.clock.now()), leeway=int(settings.leeway), **wanted)
        try:
            said = _signed(token, keys, settings.algorithms)
            registry.validate(said)
        except ExpiredTokenError as error:
            raise TokenRefused("the token has expired: sign in again.") from error
        except (InvalidClaimError, MissingClaimError) as error:
            raise TokenRefused(f"the token is not for this server: {error.description or error}.") from error
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused("the token is forged, or damaged on its way.") from error
        return said

    def principal_of(self, claims: Mapping[str, Json]) -> Principal:
        """Return who claims are of; raises TokenRefused where they do not say it."""
        settings = self.settings
        who = _text(claims, settings.who)
        tenant = settings.tenant if settings.tenant_claim is None else _text(claims, settings.tenant_claim)
        try:
            principal = Principal(who=who, tenant=tenant, roles=self._roles(_inside(claims, settings.roles_claim)))
            Scope.check_user(principal)
        except UsageError as error:
            raise TokenRefused(f"the token says what cannot be: {error}") from error
        return principal

    def _roles(self, said: Json) -> frozenset[str]:
        """Return roles by the settings, and groups by the token: no group of a provider is a role by its name alone."""
        names = said.split() if isinstance(said, str) else said if is_list(said) else []
        found: set[str] = set()
        for name in [each for each in names if isinstance(each, str) and each.strip()][:_MOST_ROLES]:
            mapped = self.settings.roles.get(name)
            found.update(mapped if mapped is not None else () if name in ROLES else (name,))
        return frozenset(found)


def _signed(token: str, keys: Sequence[Key], algorithms: Sequence[str]) -> dict[str, Json]:
    """Return what a token says that one of these keys has signed; raises JoseError where none has."""
    refused: JoseError = BadSignatureError()
    for key in keys:
        try:
            return jwt.decode(token, key, algorithms=algorithms, registry=JWSRegistry(algorithms=algorithms)).claims
        except JoseError as error:
            refused = error
    raise refused


def _kid(token: str, algorithms: Sequence[str]) -> str | None:
    """Return the name of the key that a token says it is signed with, before anything of it is believed."""
    header = _header(token) if len(token) <= _LONGEST else None
    if header is None:
        raise TokenRefused("it is neither a key of this server nor a token that can be read.")
    if header.get("alg") not in algorithms:
        raise TokenRefused(f"the token is signed with {header.get('alg')!r:.40}; expected {' or '.join(algorithms)}.")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def _header(token: str) -> Mapping[str, Json] | None:
    encoded = token.partition(".")[0]
    try:
        header: Json = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        return None
    return header if is_object(header) else None


def _text(claims: Mapping[str, Json], name: str) -> str:
    found = _inside(claims, name)
    if not isinstance(found, str) or not found.strip():
        raise TokenRefused(f"the token does not say `{name}`: let the provider put it there, or set another claim.")
    return found


def _inside(claims: Mapping[str, Json], path: str) -> Json:
    """Return a claim; one whose name has dots, as those that are addresses have, is looked for as it is first."""
    if path in claims:
        return claims[path]
    found: Json = claims
    for name in path.split("."):
        found = found.get(name) if is_object(found) else None
    return found
