"""Signed tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA-256, and no other form."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from podium.errors import TokenRefused
from podium.model.json import Json

_HEADER = '{"alg":"HS256","typ":"JWT"}'
_SHORTEST = 32
"""Characters of a key: RFC 7518 asks for as many bits as the hash has."""


def signed(claims: dict[str, Json], key: str) -> str:
    """Return a token that carries claims."""
    told = f"{_encoded(_HEADER.encode())}.{_encoded(json.dumps(claims, separators=(',', ':')).encode())}"
    return f"{told}.{_signature(told, key)}"


def claims_of(token: str, key: str, *, audience: str, now: float) -> dict[str, Json]:
    """Return what a token says; raises TokenRefused if it is not ours, for another audience, or too old."""
    told, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(told, key).encode(), signature.encode("utf-8", "replace")):
        raise TokenRefused("the token is not signed with the key of this installation")
    head, _, body = told.partition(".")
    try:
        claims: dict[str, Json] = json.loads(_decoded(body))
    except (ValueError, NotBase64) as error:
        raise TokenRefused("the token cannot be read") from error
    if head != _encoded(_HEADER.encode()):
        raise TokenRefused("the token is of another form than JWT with HS256")
    if claims.get("aud") != audience:
        raise TokenRefused(f"the token is for {claims.get('aud')!r}; this is {audience!r}")
    if (expires := claims.get("exp")) is not None and now >= expires:
        raise TokenRefused("the token has expired")
    return claims


def long_enough(key: str) -> bool:
    """Whether a key cannot be guessed by its length."""
    return len(key) >= _SHORTEST


def _signature(told: str, key: str) -> str:
    return _encoded(hmac.new(key.encode(), told.encode("utf-8", "replace"), hashlib.sha256).digest())


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
