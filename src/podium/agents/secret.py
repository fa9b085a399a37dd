"""`env:NAME` in a setting: a secret that is looked up when it is used, and masked in what comes back."""

import os
import re
from collections.abc import Mapping

from podium.errors import ConfigError

_REFERENCE = re.compile(r"(?:^|(?<=\s))env:([A-Za-z_][A-Za-z0-9_]*)$")
_MASK = b"***"
_SHORTEST = 8
"""A shorter secret is not masked: its characters would be found everywhere."""


def resolve(values: Mapping[str, str]) -> tuple[dict[str, str], list[bytes]]:
    """Return the values with `env:NAME` (also at the end, `Bearer env:TOKEN`) looked up, and the secrets found so.

    Raises ConfigError for a variable that is not set.
    """
    secrets: list[bytes] = []
    resolved: dict[str, str] = {}
    for name, value in values.items():
        found = _REFERENCE.search(value)
        if found is None:
            resolved[name] = value
            continue
        secret = os.environ.get(found[1])
        if not secret:
            raise ConfigError(f"{name} refers to {found[0]}, but the environment variable {found[1]} is not set")
        if not secret.isprintable():
            raise ConfigError(f"the environment variable {found[1]} has a character that cannot be in a header")
        secrets.append(secret.encode())
        resolved[name] = value[: found.start()] + secret
    return resolved, secrets


def masked(text: bytes, secrets: list[bytes]) -> bytes:
    """Return the text with every secret in it replaced by `***`."""
    for secret in secrets:
        if len(secret) >= _SHORTEST and secret in text:
            text = text.replace(secret, _MASK)
    return text
