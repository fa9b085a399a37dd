"""Steps that are asked for twice at once: one is done, and the other is handed what it gave."""

import asyncio


class StepClaims:
    """Lets one task at a time have a step, by its place in the call.

    What the first one did is recorded when the next one has the step. Where it failed, the next one tries.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[str, asyncio.Event | None] = {}
        """The steps that somebody has; with what those are told by who wait for one."""

    async def claim(self, path: str) -> None:
        """Have a step, as soon as nobody else does."""
        while path in self._ends:
            end = self._ends[path] = self._ends[path] or asyncio.Event()
            await end.wait()
        self._ends[path] = None

    def release(self, path: str) -> None:
        """Let others have it."""
        end = self._ends.pop(path)
        if end is not None:
            end.set()
