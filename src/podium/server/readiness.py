"""Whether requests can be sent to a server: told in time, also where the store gives no answer."""

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE = 2.0
"""Seconds: whoever probes a server often takes an answer that comes later for none."""


class Readiness:
    """Asks an app whether it can do anything for others: one question at a time, however many probe."""

    def __init__(self, unready: Callable[[], Awaitable[str]], *, patience: float = _PATIENCE) -> None:
        """`unready` returns why not, or an empty text; it may take long where a store is waited for."""
        self._unready = unready
        self._patience = patience
        self._asked: asyncio.Future[str] | None = None

    async def hindrance(self) -> str:
        """Return why requests cannot be sent here; empty where they can."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(self._unready())
        done, _ = await asyncio.wait([self._asked], timeout=self._patience)
        return self._asked.result() if done else "its store gives no answer"

    def stop(self) -> None:
        """Wait for no answer any more."""
        if self._asked is not None:
            self._asked.cancel()
