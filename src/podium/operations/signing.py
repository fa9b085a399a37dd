"""Signatures of the ledger: Ed25519, with a key that is not in the store. Needs the extra `audit`."""

import base64
import binascii
from collections.abc import Sequence
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from podium.errors import ConfigError
from podium.model.audit import Seal, sealed_bytes

_KEY_BYTES = 32


class Signer:
    """Seals with the secret key."""

    def __init__(self, text: str) -> None:
        """Read a key as `podium audit keygen` prints it: 32 bytes in base64; raises ConfigError."""
        self._key = Ed25519PrivateKey.from_private_bytes(_bytes(text, "secret"))

    @classmethod
    def new(cls) -> "tuple[str, str]":
        """Return a new secret key and its public key, as text."""
        key = Ed25519PrivateKey.generate()
        return base64.b64encode(key.private_bytes_raw()).decode(), _text(key.public_key())

    @property
    def public(self) -> str:
        """The public key, as text: whoever checks needs it."""
        return _text(self._key.public_key())

    def seal(self, n: int, head: bytes, at: float) -> Seal:
        """Return a seal of the ledger up to an entry."""
        return Seal(n=n, hash=head, at=at, signature=self.sign(sealed_bytes(n, head, at)))

    def sign(self, said: bytes) -> bytes:
        """Return a signature of what was said."""
        return self._key.sign(said)


class Checker:
    """Checks signatures with public keys."""

    def __init__(self, *trusted: str) -> None:
        """Read the public keys that can be trusted: one, or several where a key was not rotated; raises ConfigError."""
        for text in trusted:
            _public(text)
        self._trusted = tuple(text.strip() for text in trusted)

    @property
    def trusted(self) -> Sequence[str]:
        """The public keys, as text."""
        return self._trusted

    def fits(self, public: str, said: bytes, signature: bytes) -> bool:
        """Whether a signature of what was said was made with the key of this public one; False for nonsense."""
        try:
            _public(public).verify(signature, said)
        except (InvalidSignature, ConfigError, AttributeError, TypeError):  # another type than we write
            return False
        return True


@cache
def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_bytes(text, "public"))


def _text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode()


def _bytes(text: str, which: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(f"the {which} key of the audit is no base64: `podium audit keygen` makes one") from error
    if len(raw) != _KEY_BYTES:
        raise ConfigError(
            f"the {which} key of the audit has {len(raw)} bytes, {_KEY_BYTES} are wanted: `podium audit keygen`"
        )
    return raw
