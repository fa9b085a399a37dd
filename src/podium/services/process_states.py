"""The states of a store that no other process can open: they are this process's own."""


class ProcessStates:
    """States by name, in memory: see `SharedStates`."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes:
        """Return a state."""
        return self._states.get(name, b"")

    async def named(self, prefix: str) -> dict[str, bytes]:
        """Return all states whose names begin so."""
        return {name: state for name, state in self._states.items() if name.startswith(prefix)}

    async def time(self) -> None:
        """Say that there is one clock."""

    async def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> bool:
        """Replace a state that still is as it was seen; what means nothing any more stays until it is replaced."""
        del now, until
        if self._states.get(name, b"") != seen:
            return False
        self._states[name] = state
        if not state:
            del self._states[name]
        return True
