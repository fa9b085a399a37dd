"""Small states that all processes of a store share, such as how a circuit breaker stands, or which monitor leads."""

from collections.abc import Awaitable, Mapping
from typing import Protocol


class SharedStates(Protocol):
    """States by name, each replaced as a whole by somebody who has seen what it replaces.

    What they say is the matter of whoever uses them. A state of no bytes is none.
    """

    def get(self, name: str) -> Awaitable[bytes]:
        """Return a state. Raises StoreError."""
        ...

    def named(self, prefix: str) -> Awaitable[Mapping[str, bytes]]:
        """Return all states whose names begin so. Raises StoreError."""
        ...

    def time(self) -> Awaitable[float | None]:
        """Return the store's own time, in seconds since 1970; None where all who can open it have one clock.

        Raises StoreError.
        """
        ...

    def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> Awaitable[bool]:
        """Replace a state that still is as it was seen; False, and nothing is changed, where it is another one.

        `until`, in seconds since 1970, it means something: one whose time was over by `now` may be deleted. Raises
        StoreError.
        """
        ...
