"""The keys of the audit, as options and settings give them. The extra `audit` is loaded when it is used."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from podium.config import load_config
from podium.errors import UsageError
from podium.model.audit import SealChecker, SealSigner
from podium.operations.auditing import checker_set
from podium.secrets.reference import resolve


def new_keys() -> tuple[str, str]:
    """Return a new secret key and its public key."""
    with _extra():
        from podium.operations.signing import Signer
    return Signer.new()


def signer_with(secret: str) -> SealSigner:
    """Return what signs with a secret key."""
    with _extra():
        from podium.operations.signing import Signer
    return Signer(secret)


def signer_of(reference: str | None = None) -> SealSigner:
    """Return what signs with the secret key of a reference, else with that of the settings."""
    reference = reference or load_config().audit.key
    if reference is None:
        raise UsageError('no key is set: [podium.audit] key = "env:PODIUM_AUDIT_KEY". `podium audit keygen` makes one.')
    return signer_with(resolve(reference))


def checker_of(public_keys: Sequence[str] | None) -> SealChecker | None:
    """Return what checks seals, with the keys that are given or that of the settings; None where there is none."""
    if not public_keys:
        return checker_set(load_config().audit)
    with _extra():
        from podium.operations.signing import Checker
    return Checker(*public_keys)


@contextmanager
def _extra() -> Generator[None]:
    try:
        yield
    except ImportError as error:
        raise UsageError("the extra audit is missing: pip install 'podium[audit]'") from error
