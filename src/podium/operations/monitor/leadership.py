"""Which of the monitors on a store sees to what concerns all of it, and what that one has to know."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from podium.model.json import Json
from podium.model.shared_states import SharedStates
from podium.store.codec import decode, encode

_NAME = "monitor"
_FOR_EVER = float("inf")


@dataclass(slots=True)
class MonitorMemory:
    """What the one that leads has to know, and whoever leads after it."""

    known: dict[str, str] = field(default_factory=dict[str, str])
    """The last incident of what is in trouble, by the name of the trouble: it gets no other before that has passed."""
    counted_from: dict[str, float] = field(default_factory=dict[str, float])
    """Of each workflow, since when failed runs count that no incident was about yet."""


class Leadership:
    """One monitor leads until its worker leaves or is declared dead; then the first that looks takes its place.

    It is one state, `monitor`, on any store: whose it is, and what it knows. No clock is compared with another one.
    """

    def __init__(
        self, states: SharedStates, worker: Callable[[], str], is_gone: Callable[[str], Awaitable[bool]]
    ) -> None:
        """`worker` tells the name of the worker of this process, which may change, and `is_gone` whether one left."""
        self._states = states
        self._worker = worker
        self._is_gone = is_gone
        self._seen = b""
        self.memory = MonitorMemory()
        """Of whoever leads, as it was when this process looked whether it leads."""

    async def lead(self) -> bool:
        """Whether this process leads; it does if nobody else does. Raises StoreError."""
        worker = self._worker()
        while True:
            seen = await self._states.get(_NAME)
            leader, memory = _read(seen)
            if leader == worker or (leader and not await self._is_gone(leader)):
                break
            if await self._write(seen, worker, memory):
                return True
        self._seen, self.memory = seen, memory
        return leader == worker

    async def keep(self) -> bool:
        """Keep what the memory of this process now says; False, and nothing is kept, where another one leads by now."""
        return await self._write(self._seen, self._worker(), self.memory)

    async def give_up(self) -> None:
        """Lead no more, so that another one need not wait until this process is gone."""
        seen = await self._states.get(_NAME)
        leader, memory = _read(seen)
        if leader == self._worker():
            await self._write(seen, "", memory)

    async def _write(self, seen: bytes, leader: str, memory: MonitorMemory) -> bool:
        state = encode([leader, memory.known, memory.counted_from])
        if state != seen and not await self._states.swap(_NAME, seen, state, now=0.0, until=_FOR_EVER):
            return False
        self._seen, self.memory = state, memory
        return True


def _read(state: bytes) -> tuple[str, MonitorMemory]:
    if not state:
        return "", MonitorMemory()
    said: Json = decode(state)
    known: Mapping[str, str] = said[1]
    return said[0], MonitorMemory(dict(known), dict(said[2]))
