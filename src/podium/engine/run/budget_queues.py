"""The calls of a process that wait for room in budgets: what others have set aside may come back when they are done."""

import asyncio
from collections.abc import Callable, Collection, Iterable

from podium.model.budget import BudgetLine
from podium.model.clock import Clock
from podium.services.timers import Timer, Timers


class BudgetPlace:
    """The place of one call in the queue of a budget."""

    __slots__ = ("_cancelled", "_turn", "budget", "late", "presses", "timer")

    def __init__(self, budget: str, *, presses: bool, cancelled: Callable[[], bool]) -> None:
        self.budget = budget
        self.presses = presses
        """Whether it holds something that others may wait for: it waits for nobody who came before it."""
        self.late = False
        """Whether it has waited for as long as it may, or is wanted no more: it tries for the last time."""
        self.timer: Timer | None = None
        """Makes it late."""
        self._cancelled = cancelled
        self._turn: asyncio.Future[None] | None = None

    async def woken(self) -> None:
        """Return once somebody says that there may be room, or that it is late."""
        self._turn = asyncio.get_running_loop().create_future()
        try:
            await self._turn
        finally:
            self._turn = None

    def wake(self) -> None:
        """Have it look whether there is room."""
        self.late = self.late or self._cancelled()
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def end(self) -> None:
        """Have it look for the last time."""
        self.late = True
        self.wake()

    @property
    def unwanted(self) -> bool:
        """Whether its call was cancelled."""
        return self._cancelled()


class BudgetQueues:
    """The queues of all budgets that calls of this process wait for.

    Where something may have come back, the first of a queue tries; once it has what it wants, or is refused, the next
    one does. So who wants much is not passed by those who want little, and of a thousand who wait one tries at a time.
    """

    def __init__(self, timers: Timers, clock: Clock, max_wait: float) -> None:
        self._timers = timers
        self._clock = clock
        self.max_wait = max_wait
        """The longest wait, in seconds."""
        self._queues: dict[str, dict[BudgetPlace, None]] = {}
        self.turned = 0
        """How often something may have come back."""
        self.draining = False
        """Whether the worker stops: who waits is let go, and tries again where its run is driven next."""

    def crowded(self, lines: Iterable[BudgetLine]) -> str | None:
        """Return the first of these budgets for which somebody waits who is to be served before whoever comes now."""
        return next((line.id for line in lines if self._first(line.id) is not None), None)

    def join(self, budget: str, *, presses: bool, until: float | None, cancelled: Callable[[], bool]) -> BudgetPlace:
        """Return a place at the end of a queue, to be left again; after the time `until` it is late."""
        place = BudgetPlace(budget, presses=presses, cancelled=cancelled)
        self._queues.setdefault(budget, {})[place] = None
        ends = self._clock.now() + self.max_wait
        place.timer = self._timers.at(ends if until is None else min(ends, until), place.end)
        return place

    def move(self, place: BudgetPlace, budget: str) -> None:
        """Have it stand at the end of another queue: there is room where it waited, and none in that budget."""
        if place.budget != budget:
            self._take_out(place)
            place.budget = budget
            self._queues.setdefault(budget, {})[place] = None

    def leave(self, place: BudgetPlace) -> None:
        """Leave a queue; whoever is the first now may try."""
        self._take_out(place)
        if place.timer is not None:
            place.timer.cancel()

    def _take_out(self, place: BudgetPlace) -> None:
        queue = self._queues[place.budget]
        del queue[place]
        if not queue:
            del self._queues[place.budget]
        elif (first := self._first(place.budget)) is not None:
            first.wake()

    async def turn(self, place: BudgetPlace, seen: int) -> None:
        """Return when it may try: at once, if something came back since `turned` was `seen`."""
        while not self._may_try(place) or (self.turned == seen and not place.late):
            await place.woken()
            if self._may_try(place):
                return

    def changed(self, budgets: Collection[str] | None = None) -> None:
        """Something may have come back in these budgets, or in all: have those try whose turn it is."""
        self.turned += 1
        for budget in list(self._queues) if budgets is None else budgets:
            for place in list(self._queues.get(budget, ())):
                if self._may_try(place):
                    place.wake()

    def cancelled(self) -> None:
        """Calls were cancelled: have those among them look that wait where no cancel cuts them short."""
        for queue in self._queues.values():
            for place in queue:
                if place.unwanted:
                    place.wake()

    def drain(self) -> None:
        """Have all look who wait: the worker stops."""
        self.draining = True
        for queue in self._queues.values():
            for place in queue:
                place.wake()

    def _may_try(self, place: BudgetPlace) -> bool:
        return self.draining or place.presses or place.late or place is self._first(place.budget)

    def _first(self, budget: str) -> BudgetPlace | None:
        return next((place for place in self._queues.get(budget, ()) if not place.presses), None)
