"""Webhooks as they are sent: signed as Standard Webhooks says, and checked by whoever receives them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podium.errors import ConfigError, NotVerified
from podium.model.clock import SystemClock
from podium.model.json import Json

PREFIX = "whsec_"
"""How a secret begins; what follows is its bytes in base 64."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = 300.0
_BYTES = range(24, 65)
"""So many a secret may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a webhook said, from whom it claims to be."""

    id: str
    """The same each time that it is sent: whoever has seen it has nothing more to do."""
    type: str
    """What happened: `run_ended`, `question_opened`."""
    timestamp: str
    """When that was, as ISO 8601 in UTC."""
    data: Mapping[str, Json]


def verify(
    body: bytes, headers: Mapping[str, str], secret: str | Sequence[str], *, tolerance: float = TOLERANCE,
    now: float | None = None,
) -> Received:  # fmt: skip
    """Return what a webhook says that came as a request with this body, just as it was read, and these headers.

    `secret` is what was shown when the webhook was made, `whsec_…`, or several while one takes the place of another.
    `tolerance` is by how many seconds the sender's clock, and what was under way, may differ from `now`, which is the
    time of this machine. Raises NotVerified for what nobody who has the secret has sent, or not in time: answer 400,
    and do nothing. Raises ConfigError for a secret that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if not given.get(name)]
    if missing:
        raise NotVerified(f"the request has no header {missing[0]}: it is no webhook.")
    now = SystemClock().now() if now is None else now
    at = _time_of(given[TIMESTAMP])
    if abs(now - at) > tolerance:
        how = "old" if at < now else "far ahead"
        raise NotVerified(f"the webhook is too {how}: it was sent at {at}, and it is {now:.0f}. Compare the clocks.")
    keys = [secret_bytes(each) for each in ([secret] if isinstance(secret, str) else secret)]
    signed = [each.partition(",")[2] for each in given[SIGNATURE].split() if each.startswith("v1,")]
    fits = [hmac.compare_digest(_signature(key, given[ID], at, body), _bytes(each)) for key in keys for each in signed]
    if not any(fits):
        raise NotVerified("no signature of the webhook is of this secret: compare it with that of the sender.")
    return _read(given[ID], body)


def signed_headers(id: str, at: float, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Return the headers with which a body is sent at a time, signed with each secret."""
    signatures = [f"v1,{_signature(secret_bytes(each), id, int(at), body).decode()}" for each in secrets]
    return {ID: id, TIMESTAMP: str(int(at)), SIGNATURE: " ".join(signatures)}


def secret_of(key: bytes) -> str:
    """Return a secret as it is shown."""
    return PREFIX + base64.b64encode(key).decode()


def secret_bytes(secret: str) -> bytes:
    """Return the bytes of a secret; raises ConfigError where it is none."""
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith(PREFIX) or len(found) not in _BYTES:
        raise ConfigError(f"the secret of a webhook is expected as {PREFIX} and 24 to 64 bytes in base 64.")
    return found


def _signature(key: bytes, id: str, at: int, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, b"%b.%d.%b" % (_bytes(id), at, body), "sha256"))


def _bytes(text: str) -> bytes:
    """Return a header as bytes, also where it has halves of characters, as some servers hand on what is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _time_of(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):  # noqa: PLR2004  further than any date
        raise NotVerified(f"the header {TIMESTAMP} is {text!r:.40}; expected seconds since 1970.")
    return int(text)


def _read(id: str, body: bytes) -> Received:
    try:
        said: dict[str, Any] = json.loads(body)
        return Received(id=id, type=said["type"], timestamp=said["timestamp"], data=said["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotVerified("the webhook is signed, but is no JSON with type, timestamp and data.") from error
