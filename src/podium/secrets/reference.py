"""References to secrets: `env:NAME`, `file:/path`, `keyring:service/user`."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from podium.errors import ConfigError
from podium.secrets.literals import learn_value, learn_values
from podium.secrets.masking import MASKING

FORMS = "env:NAME, file:/path or keyring:service/user"
PATTERN = r"(?:env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\s]+|keyring:[^\s/]+/[^\s]+)"
_WHOLE = re.compile(PATTERN)
_LAST = re.compile(rf"(?:^|(?<=\s)){PATTERN}$")
_MOST = 64 * 1024
"""Bytes that a file with a secret may have."""


def is_reference(text: str) -> bool:
    """Whether a text is a reference, and nothing else."""
    return _WHOLE.fullmatch(text) is not None


def resolve(reference: str) -> str:
    """Return the secret that a reference leads to, masked from now on; raises ConfigError where it leads nowhere."""
    kind, _, place = reference.partition(":")
    if not is_reference(reference):
        raise ConfigError(f"{reference!r} is no reference to a secret: expected {FORMS}")
    secret = {"env": _of_environment, "file": _of_file, "keyring": _of_keyring}[kind](place)
    MASKING.learn(secret, reference)
    return secret


def filled(values: Mapping[str, str]) -> dict[str, str]:
    """Return settings with each reference looked up that a value is, or ends in: `Bearer env:TOKEN`.

    A value that is the secret itself, as the name says, is masked from now on as well.
    Raises ConfigError, with the setting's name, where a reference leads nowhere.
    """
    looked_up: dict[str, str] = {}
    for name, value in values.items():
        found = _LAST.search(value)
        if found is None:
            learn_value(name, value)
        try:
            looked_up[name] = value if found is None else value[: found.start()] + resolve(found[0])
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from error
    return looked_up


def mask_literals(values: Mapping[str, str]) -> None:
    """Have values masked from now on that are secrets themselves, not references to them, as their names say."""
    learn_values({name: value for name, value in values.items() if _LAST.search(value) is None})


def learn(references: Iterable[str]) -> None:
    """Have secrets masked from now on; what is not there now is passed over. Raises ConfigError for what is none."""
    for reference in references:
        if not is_reference(reference):
            raise ConfigError(f"[podium.secrets] knows {reference!r}: expected {FORMS}")
        try:
            resolve(reference)
        except ConfigError:
            continue  # told to whoever uses it


def _of_environment(name: str) -> str:
    secret = os.environ.get(name)
    if not secret:
        raise ConfigError(f"env:{name} is a secret, but the environment variable {name} is not set")
    return secret


def _of_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MOST + 1)
        secret = raw.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"file:{path} is a secret, but cannot be read: {type(error).__name__}") from error
    if not secret or len(raw) > _MOST:
        raise ConfigError(f"file:{path} is a secret, but is empty or has more than {_MOST} bytes")
    return secret


def _of_keyring(place: str) -> str:
    service, _, user = place.partition("/")
    try:
        import keyring  # an optional package
        from keyring.errors import KeyringError
    except ImportError as error:
        raise ConfigError(f'keyring:{place} needs the extra keyring: pip install "podium[keyring]"') from error
    try:
        secret = keyring.get_password(service, user)
    except KeyringError as error:
        raise ConfigError(f"keyring:{place} is a secret, but the keyring gives none: {error}") from error
    if not secret:
        raise ConfigError(f"keyring:{place} is a secret, but the keyring has none of that name")
    return secret
