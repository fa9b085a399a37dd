"""Which of the processes on a store sees to what concerns all of it, and what that one has to know."""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, Self, TypeVar

from podium.model.json import Json
from podium.model.shared_states import SharedStates
from podium.store.codec import decode, encode

_FOR_EVER = float("inf")


class LeaderMemory(Protocol):
    """What the one that leads has to know, and whoever leads after it."""

    @classmethod
    def read(cls, said: list[Json], /) -> Self:
        """Return what was kept; of nothing, what is known at the start."""
        ...

    def written(self) -> list[Json]:
        """Return what is to be kept."""
        ...


class NoMemory:
    """The one that leads has nothing to know."""

    @classmethod
    def read(cls, _: list[Json], /) -> Self:
        """Return nothing."""
        return cls()

    def written(self) -> list[Json]:
        """Return nothing to keep."""
        return []


M = TypeVar("M", bound=LeaderMemory)


class Leadership(Generic[M]):
    """One process leads until its worker leaves or is declared dead; then the first that looks takes its place.

    It is one state, on any store: whose it is, and what it knows. No clock is compared with another one.
    """

    def __init__(
        self, name: str, memory: type[M], states: SharedStates, worker: Callable[[], str],
        is_gone: Callable[[str], Awaitable[bool]],
    ) -> None:  # fmt: skip
        """`worker` tells the name of the worker of this process, which may change, and `is_gone` whether one left."""
        self._name = name
        self._kind = memory
        self._states = states
        self._worker = worker
        self._is_gone = is_gone
        self._seen = b""
        self.memory: M = memory.read([])
        """Of whoever leads, as it was when this process looked whether it leads."""

    async def lead(self) -> bool:
        """Whether this process leads; it does if nobody else does. Raises StoreError."""
        worker = self._worker()
        while True:
            seen = await self._states.get(self._name)
            leader, memory = self._read(seen)
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
        seen = await self._states.get(self._name)
        leader, memory = self._read(seen)
        if leader == self._worker():
            await self._write(seen, "", memory)

    async def _write(self, seen: bytes, leader: str, memory: M) -> bool:
        state = encode([leader, *memory.written()])
        if state != seen and not await self._states.swap(self._name, seen, state, now=0.0, until=_FOR_EVER):
            return False
        self._seen, self.memory = state, memory
        return True

    def _read(self, state: bytes) -> tuple[str, M]:
        if not state:
            return "", self._kind.read([])
        leader, *said = decode(state)
        return leader, self._kind.read(said)
