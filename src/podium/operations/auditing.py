"""Auditing a store that is in use: through a connection of its own, in a thread, so that nobody is held up."""

import asyncio
from contextlib import closing

from podium.errors import NotPossible, UsageError
from podium.in_threads import in_thread
from podium.model.audit import Audit, AuditSettings, SealChecker
from podium.reports.audit import audit
from podium.secrets.reference import resolve
from podium.store.opening import is_memory, open_existing


async def audit_apart(address: str, checker: SealChecker | None) -> Audit:
    """Check everything of the store at an address; raises NotPossible where no other connection sees it."""
    if is_memory(address):
        raise NotPossible("the store is :memory:, which no other connection sees: it cannot be audited in use.")
    return await in_thread(_audited, address, checker)


def checker_set(settings: AuditSettings) -> SealChecker | None:
    """Return what checks seals with the key of the settings; None where none is set. Raises UsageError."""
    if settings.public_key is None and settings.key is None:
        return None
    try:
        from podium.operations.signing import Checker, Signer  # an extra
    except ImportError as error:
        raise UsageError("the extra audit is missing: pip install 'podium[audit]'") from error
    if settings.public_key is not None:
        return Checker(settings.public_key)
    return Checker(Signer(resolve(settings.key or "")).public)


def _audited(address: str, checker: SealChecker | None) -> Audit:
    with closing(open_existing(address)) as store:
        return asyncio.run(audit(store, checker=checker))
