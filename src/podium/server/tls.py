"""The certificate that a server shows, from the files of the settings."""

import ssl
from pathlib import Path

from podium.errors import ConfigError
from podium.model.server import ServerSettings


def tls_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """Return with what a server speaks TLS; None without a certificate. Raises ConfigError, with what is wrong."""
    certificate, key = settings.certificate, settings.private_key
    if certificate is None or key is None:
        return None
    for name, file in (("certificate", certificate), ("private_key", key)):
        try:
            found = Path(file).read_bytes()
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"server.{name} is {file!r}, which cannot be read: {why}.") from error
        if b"-----BEGIN " not in found:
            raise ConfigError(f"server.{name} is {file!r}, which is no PEM: expected `-----BEGIN …` in it.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        other = error.reason == "KEY_VALUES_MISMATCH"
        why = "the key is that of another certificate" if other else "one of them is damaged, or is the other"
        raise ConfigError(f"server.certificate {certificate!r} does not go with server.private_key: {why}.") from error
    return context


def _no_password() -> str:
    raise ConfigError(
        "server.private_key is encrypted, and nobody can be asked for its password: decrypt it with `openssl pkey`, and"
        " let nobody but the server read it."
    )
