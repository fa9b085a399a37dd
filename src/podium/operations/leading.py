"""Which of several processes on a store sees to something that one alone is to do, and what that one has to know."""

from collections.abc import Awaitable, Callable, Sequence

from podium.model.json import Json
from podium.model.shared_states import SharedStates
from podium.store.codec import decode, encode

_FOR_EVER = float("inf")


class Leading:
    """One process leads until its worker leaves or is declared dead; then the first that looks takes its place.

    It is one state on any store: whose it is, and what it knows. No clock is compared with another one.
    """

    def __init__(
        self, name: str, states: SharedStates, worker: Callable[[], str], is_gone: Callable[[str], Awaitable[bool]], *,
        begins: Sequence[Json] = (),
    ) -> None:  # fmt: skip
        """`worker` tells the name of the worker of this process, which may change, and `is_gone` whether one left.

        `begins` is what is known to the first one.
        """
        self._name = name
        self._states = states
        self._worker = worker
        self._is_gone = is_gone
        self._seen = b""
        self.known = self._begins = begins
        """What whoever leads knows, as it was when this process looked whether it leads."""

    async def lead(self) -> bool:
        """Whether this process leads; it does if nobody else does. Raises StoreError."""
        worker = self._worker()
        while True:
            seen = await self._states.get(self._name)
            leader, known = self._read(seen)
            if leader == worker or (leader and not await self._is_gone(leader)):
                break
            if await self._write(seen, worker, known):
                return True
        self._seen, self.known = seen, known
        return leader == worker

    async def keep(self, known: Sequence[Json]) -> bool:
        """Keep what this process knows; False, and nothing is kept, where another one leads by now."""
        return await self._write(self._seen, self._worker(), known)

    async def give_up(self) -> None:
        """Lead no more, so that another one need not wait until this process is gone."""
        seen = await self._states.get(self._name)
        leader, known = self._read(seen)
        if leader == self._worker():
            await self._write(seen, "", known)

    async def _write(self, seen: bytes, leader: str, known: Sequence[Json]) -> bool:
        state = encode([leader, *known])
        if state != seen and not await self._states.swap(self._name, seen, state, now=0.0, until=_FOR_EVER):
            return False
        self._seen, self.known = state, known
        return True

    def _read(self, state: bytes) -> tuple[str, Sequence[Json]]:
        if not state:
            return "", self._begins
        leader, *known = decode(state)
        return leader, known
