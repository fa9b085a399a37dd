"""Seals the ledger at intervals, and writes the seals down elsewhere."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from podium.errors import ConfigError, StoreError
from podium.in_threads import in_thread
from podium.model.audit import AuditSettings, Ledger, SealSigner
from podium.model.clock import Clock
from podium.operations.anchor import write_anchor
from podium.operations.rotation import require_current
from podium.secrets.reference import resolve
from podium.services.to_the_end import to_the_end
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")


class Sealer:
    """Seals what was entered in the ledger since the last time."""

    def __init__(self, store: Store, signer: SealSigner, clock: Clock, *, every: float, anchor: str | None) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._every = every
        self._anchor = None if anchor is None else Path(anchor)
        self._sealed = 0
        self._told = ""
        """Why it could not be sealed the last time: that is said once."""

    async def run(self) -> None:
        """Seal every so often, for ever. What fails once is made good the next time."""
        while True:
            await self._clock.sleep_until(self._clock.now() + self._every)
            await self.seal()

    async def seal(self) -> None:
        """Seal now, if there is anything new."""
        try:
            n, head = self._store.ledger.last()
            if n <= self._sealed:
                return
            require_current(self._store.ledger, self._signer.public)  # after `last`: it may be replaced at any moment
            seal = self._signer.seal(n, head, self._clock.now())
            await in_thread(self._store.ledger.seal, seal)
            if self._anchor is not None:
                await in_thread(write_anchor, self._anchor, seal)
            self._sealed, self._told = n, ""
        except (StoreError, ConfigError) as error:
            if str(error) != self._told:
                _LOG.warning("the ledger could not be sealed: %s", error)
            self._told = str(error)


@asynccontextmanager
async def sealed(store: Store, settings: AuditSettings, clock: Clock) -> AsyncGenerator[None]:
    """Have the ledger sealed meanwhile, and once more at the end, if a key is set."""
    signer = signer_of(settings)
    if signer is None:
        yield
        return
    sealer = Sealer(store, signer, clock, every=settings.every, anchor=settings.anchor)
    sealing = asyncio.create_task(sealer.run())
    try:
        yield
    finally:
        await to_the_end(_sealed_last(sealer, sealing))


async def _sealed_last(sealer: Sealer, sealing: "asyncio.Task[None]") -> None:
    sealing.cancel()
    await asyncio.wait([sealing])
    await sealer.seal()


def signer_of(settings: AuditSettings) -> SealSigner | None:
    """Return what signs with the key of the audit, if one is set; raises ConfigError where its extra is missing."""
    if settings.key is None:
        return None
    try:
        from podium.operations.signing import Signer  # needs the extra audit
    except ImportError as error:
        raise ConfigError("[podium.audit] key needs the extra audit: pip install 'podium[audit]'") from error
    return Signer(resolve(settings.key))


def sign_for(settings: AuditSettings, ledger: Ledger) -> Callable[[bytes], bytes] | None:
    """Return what signs redactions and prunings, where a key is set; raises ConfigError once that was replaced."""
    signer = signer_of(settings)
    if signer is None:
        return None
    require_current(ledger, signer.public)

    def sign(said: bytes) -> bytes:
        require_current(ledger, signer.public)
        return signer.sign(said)

    return sign
