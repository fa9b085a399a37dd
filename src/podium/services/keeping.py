"""Keeping what was done outside: while the store is away that is tried again, so that nothing is done twice for it."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from podium.errors import StoreError
from podium.model.clock import Clock

T = TypeVar("T")

_LOG = logging.getLogger("podium")


async def kept(
    keep: Callable[[], Awaitable[T]],
    what: str,
    clock: Clock,
    every: float,
    *,
    stops: Callable[[], bool] = lambda: False,
) -> T:
    """Return what `keep` returns, once the store takes it: tried each `every` seconds. That `what` waits is logged.

    Raises StoreError where it cannot be kept and this `stops`: then it may be done again by whoever comes next.
    """
    while True:
        try:
            return await keep()
        except StoreError as error:
            if stops():
                raise
            _LOG.warning("%s waits for the store: %s", what, error)
        await clock.sleep_until(clock.now() + every)
