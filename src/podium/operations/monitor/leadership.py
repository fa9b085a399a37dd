"""What the monitor that leads has to know, of all that are on a store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from podium.model.shared_states import SharedStates
from podium.operations.leading import Leading


@dataclass(slots=True)
class MonitorMemory:
    """What the one that leads has to know, and whoever leads after it."""

    known: dict[str, str] = field(default_factory=dict[str, str])
    """The last incident of what is in trouble, by the name of the trouble: it gets no other before that has passed."""
    counted_from: dict[str, float] = field(default_factory=dict[str, float])
    """Of each workflow, since when failed runs count that no incident was about yet."""


class Leadership:
    """One monitor leads, whose memory is kept for whoever leads after it."""

    def __init__(
        self, states: SharedStates, worker: Callable[[], str], is_gone: Callable[[str], Awaitable[bool]]
    ) -> None:
        """`worker` tells the name of the worker of this process, which may change, and `is_gone` whether one left."""
        self._leading = Leading("monitor", states, worker, is_gone, begins=({}, {}))
        self.memory = MonitorMemory()
        """Of whoever leads, as it was when this process looked whether it leads."""

    async def lead(self) -> bool:
        """Whether this process leads; it does if nobody else does. Raises StoreError."""
        leads = await self._leading.lead()
        known, counted_from = self._leading.known
        self.memory = MonitorMemory(dict(known), dict(counted_from))
        return leads

    async def keep(self) -> bool:
        """Keep what the memory of this process now says; False, and nothing is kept, where another one leads by now."""
        return await self._leading.keep([self.memory.known, self.memory.counted_from])

    async def give_up(self) -> None:
        """Lead no more, so that another one need not wait until this process is gone."""
        await self._leading.give_up()
