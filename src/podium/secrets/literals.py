"""Secrets that stand in the code or the settings themselves, in place of a reference: in options, headers and URLs."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from podium.secrets.masking import MASKING
from podium.secrets.spellings import SHORTEST

_WORDS = frozenset({
    "apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "jwt", "key", "pass",
    "passphrase", "passwd", "password", "pat", "pwd", "secret", "sig", "signature", "token",
})  # fmt: skip
"""Words of which a name has one that stands for a secret."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SCHEME = re.compile(r"\s*(?:(basic)|bearer|token|apikey|digest|negotiate)\s+", re.IGNORECASE)
_KEY_IN_PATH = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_:\-]{20,}")
"""A part of a path that nobody would type, as the addresses of web hooks have."""
_CLIENTS = ("_client", "async_client", "_async_client", "root_client", "root_async_client")
_CLIENT = "client"
"""What Pydantic AI calls it, as a property that gives what is there."""
_KEYS = ("api_key", "auth_token")
"""What libraries of vendors call the client of a model, and its keys."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def learn_value(name: str, value: str) -> None:
    """Have a value masked from now on that stands under this name, if the name says that it is secret."""
    if not _is_of_secret(name):
        return
    scheme = _SCHEME.match(value)
    written = value if scheme is None else value[scheme.end() :]
    for each in (written, *_inside(written, cookie="cookie" in name.lower(), basic=scheme is not None and scheme[1])):
        learn(each.strip(), name)


def learn_values(values: Mapping[str, str]) -> None:
    """Do so for each of these."""
    for name, value in values.items():
        learn_value(name, value)


def learn_url(url: str, name: str) -> None:
    """Have masked from now on what a URL carries to log in with: a password, a key in the query or in the path."""
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return  # whoever uses it says what is wrong with it
    learn(unquote(password or user or ""), name)
    for field, value in parse_qsl(parts.query):
        learn_value(field, value)
    for part in parts.path.split("/"):
        if _KEY_IN_PATH.fullmatch(part) and not _UUID.fullmatch(part):
            learn(unquote(part), name)


def learn_keys_of(model: object) -> None:
    """Have the keys masked from now on with which a model's client logs in: those that it was given, or read itself."""
    held: dict[str, object] = getattr(model, "__dict__", {})  # a property may connect first, or fail
    clients = [held.get(place) for place in _CLIENTS]
    for client in (*clients, getattr(model, _CLIENT, None)):
        for name in _KEYS:
            key: object = getattr(client, name, None)
            if isinstance(key, str):
                learn_value(name, key)


def _is_of_secret(name: str) -> bool:
    return any(each.lower() in _WORDS for each in _WORD.findall(name))


def _inside(written: str, *, cookie: bool, basic: object) -> Iterator[str]:
    """Give the secrets inside of a value: each of several cookies, the password of a basic login."""
    if cookie:
        for each in written.split(";"):
            yield each.partition("=")[2]
    if basic:
        try:
            yield base64.b64decode(written, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return


def learn(value: str, name: str) -> None:
    """Have a value masked from now on that is long enough to be a key: some servers want none, and are given `any`."""
    if len(value) >= SHORTEST:
        MASKING.learn(value, name)
