"""The share that this process has of a limit: how it asks the store for more, and gives back what it does not need."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from podium.dispatch.alarm import Alarm, Ring
from podium.dispatch.rules.limit.limiter import Limiter
from podium.dispatch.rules.limit.pool import NOTHING, LimitAmounts, Pool, ShareRequest, Used
from podium.errors import StoreError
from podium.model.clock import Clock
from podium.model.shared_states import SharedStates
from podium.services.store_time import StoreTime
from podium.store.codec import decode, encode

W = TypeVar("W")

_LOG = logging.getLogger("podium")

_VALID = 1.0
"""Seconds for which what is at hand may be used. A process that was stopped for longer asks first."""
_KEPT_SHARE, _KEPT_AT_LEAST, _KEPT_AT_MOST = 0.02, 0.005, 0.1
"""For this part of a window, and so many seconds, something is at hand that nobody uses."""
_LOOK_AT_LEAST, _LOOK_AT_MOST, _PATIENCE = 0.005, 0.25, 16
"""How often a process that waits looks whether others have given something back, in seconds: that part of its wait."""
_AFTER_FAILURE = 1.0
"""Seconds after which a store that could not be used is asked again."""
_SILENT = 1.0
"""Whoever was not here for so many seconds may be gone: then it is asked whether it lives."""
_SPARE = 16
"""So many calls, or three times as many as lately, are to be at hand beyond those that wait, where there is plenty."""
_MOST_WANTED = 512
"""So many of those who wait are asked for at once."""


@dataclass(slots=True)
class Sharing:
    """What all shares of a process need: the store, who this process is, and who else lives."""

    states: SharedStates
    worker: Callable[[], str]
    is_gone: Callable[[str], Awaitable[bool]]
    """Whether another process is known to be gone."""
    clock: Clock
    ring: Ring
    time: StoreTime
    shares: int = 0
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])


class Share(Generic[W]):
    """What this process has of one limit, in a limiter with a stock, and when it goes to the store.

    What it tells the store is in the store's time, as late as it may be; what it is told it takes to be as late, too.
    """

    def __init__(self, name: str, limiter: Limiter[W], sharing: Sharing, changed: Callable[[], None]) -> None:
        """`changed` is called when there is more to admit."""
        self._name = name
        self._limiter = limiter
        self._sharing = sharing
        self._changed = changed
        sharing.shares += 1
        self._number = sharing.shares
        """Tells it from another share of the same limit in this process, which was defined anew."""
        limit = limiter.limit
        kept = limit.per * _KEPT_SHARE if limiter.windowed else _KEPT_AT_MOST
        self._kept = min(max(kept, _KEPT_AT_LEAST), _KEPT_AT_MOST)
        self._looks = max(self._kept / 2, _LOOK_AT_LEAST) if limiter.windowed else _LOOK_AT_LEAST
        self.asking = False
        """Whether the store is being asked."""
        self.rivals = False
        """Whether calls waited in other processes when it was asked last."""
        self._asked_at = -math.inf
        self._given_at = -math.inf
        """When it was given something last."""
        self._not_before = -math.inf
        """When those who wait may find more: before that it is of no use to ask."""
        self._asked_of: dict[str, float] = {}
        """When it was asked last whether others live."""
        self._admitted = 0
        self._begun: list[Used] = []
        """What has begun, and could not be told."""
        self._alarm: tuple[float, Alarm] | None = None

    def look(self, now: float) -> None:
        """Something has changed: ask the store now, or at the right time."""
        if self.asking:
            return
        limiter, alarm = self._limiter, self._alarm
        if alarm is not None and not limiter.waiting and alarm[0] <= max(now, self._asked_at) + self._kept:
            return
        if limiter.waiting and now >= self._not_before:
            self.ask()
        elif (at := self._next_at(now)) is not None and (alarm is None or at < alarm[0]):
            self._stop_alarm()
            self._alarm = at, self._sharing.ring(at, self._rung)

    @property
    def is_ready(self) -> bool:
        """Whether the store is asked, or will soon be."""
        return self.asking or self._alarm is not None

    def may_go_on(self, now: float) -> bool:
        """Something has ended: whether one who waits here may have its place.

        Where others may wait too, and nobody has asked for a while, the store is asked first.
        """
        waiting = self._limiter.waiting
        if waiting or self.rivals:
            if now >= self._kept + (self._given_at if self.rivals else self._asked_at):
                self.ask()
            if waiting:
                return not self.asking
        if not self.is_ready:
            self.look(now)
        return False

    async def close(self) -> None:
        """Tell what was used, and give back what is at hand."""
        self._stop_alarm()
        if not self.asking and self._asked_at > -math.inf:
            await self._sharing.time.learn()
            await self._exchange(self._sharing.clock.now(), spare=NOTHING)

    def _next_at(self, now: float) -> float | None:
        """Return when to ask the store, if nothing else happens."""
        limiter, stock = self._limiter, self._limiter.stock
        times: list[float] = []
        if limiter.waiting:
            times.append(self._not_before)
            if (free := limiter.first_free) is not None:
                times.append(max(free, now))
        if limiter.untold or limiter.corrections or (stock is not None and not stock.is_empty):
            times.append(max(self._asked_at + self._kept, now))
        return min((at for at in times if at < math.inf), default=None)

    def _rung(self) -> None:
        self._alarm = None
        self._not_before = -math.inf
        if not self.asking:
            self.ask()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None

    def ask(self) -> None:
        """Go to the store, in a task of its own: whoever waits may be cancelled meanwhile."""
        if self.asking:
            return
        self.asking = True
        self._stop_alarm()
        task = asyncio.get_running_loop().create_task(self._asks())
        self._sharing.tasks.add(task)
        task.add_done_callback(self._sharing.tasks.discard)

    async def _asks(self) -> None:
        limiter, now = self._limiter, self._sharing.clock.now()
        wanted, admitted = limiter.waiting, limiter.admitted
        try:
            await self._sharing.time.learn()
            now, wanted, admitted = self._sharing.clock.now(), limiter.waiting, limiter.admitted
            recently = limiter.admitted - self._admitted
            calls = max(_SPARE, 3 * recently) if recently + limiter.waiting and limiter.limit.tokens is None else 0
            spare = LimitAmounts(max(0, limiter.most_running - limiter.held.places - limiter.waiting), calls)
            await self._exchange(now, spare=spare)
        except StoreError as error:
            _LOG.warning("%s: the store cannot be asked for room, it is asked again soon: %s", self._name, error)
            self._not_before = now + _AFTER_FAILURE
        finally:
            self.asking = False
        self._told(now, wanted, admitted)

    def _told(self, now: float, wanted: int, admitted: int) -> None:
        """Have those admitted for whom there is room; where that is nobody, the next time is not now."""
        limiter, self.asking = self._limiter, True
        self._changed()
        self.asking = False
        if limiter.admitted == admitted and 0 < limiter.waiting <= wanted:
            self._not_before = max(self._not_before, now + self._looks)
        self.look(self._sharing.clock.now())

    async def _exchange(self, now: float, *, spare: LimitAmounts) -> None:
        """Tell what has begun, give back what is at hand, and get what is wanted now."""
        limiter, worker = self._limiter, f"{self._sharing.worker()} {self._number}"
        stock = limiter.stock
        assert stock is not None  # a share is made of a limiter with one
        stock.give_back()
        self._admitted, limiter.most_running = limiter.admitted, limiter.held.places
        self._begun += limiter.tell(self._sharing.time.ahead().most)
        asked = ShareRequest(held=limiter.held, calls=limiter.wanted(_MOST_WANTED), spare=spare)
        begun, corrections = tuple(self._begun), tuple(limiter.corrections)
        pool, given, at = await self._swap(worker, asked, begun, corrections)
        del self._begun[: len(begun)], limiter.corrections[: len(corrections)]
        stock.add(given, now + _VALID)
        ahead = self._sharing.time.ahead().least
        limiter.used = [Used(each.until - ahead, each.calls, each.tokens) for each in pool.used] if ahead else pool.used
        limiter.elsewhere = pool.others(worker)
        if any(given):
            self._given_at = now
        self._asked_at, self.rivals = now, bool(pool.rivals(worker, at))
        self._not_before = self._may_find_more(pool, worker, at) - ahead

    async def _swap(
        self,
        worker: str,
        asked: ShareRequest,
        begun: Sequence[Used],
        corrections: Sequence[tuple[float, int]],
    ) -> tuple[Pool, LimitAmounts, float]:
        """Have the pool changed in the store; returns what it is then, what this process was given of it, and when."""
        states, gone = self._sharing.states, set[str]()
        while True:
            seen = await states.get(self._name)
            ahead = self._sharing.time.ahead()
            now = self._sharing.clock.now() + ahead.least  # what others told meanwhile is not in the future
            limit, off = self._limiter.limit, ahead.uncertain
            pool = Pool.of(limit, decode(seen), off) if seen else Pool(limit, off)
            for each in gone:
                pool.lost(each, now)
            pool.begun(begun)
            for until, tokens in corrections:
                pool.correct(until, tokens)
            given = pool.take(worker, asked, now)
            if given.calls < len(asked.calls) and (found := await self._gone(pool, worker, now)):
                gone |= found
                continue
            said = pool.said()
            state = b"" if said is None else encode(said)
            if state == seen or await states.swap(self._name, seen, state, now=now, until=pool.until):
                return pool, given, now

    def _may_find_more(self, pool: Pool, worker: str, now: float) -> float:
        """Return when those who wait and got nothing may get something."""
        mine = pool.parts.get(worker)
        if mine is None or not mine.wants:
            return -math.inf
        times = [pool.used[0].until] if pool.used else []
        if len(pool.parts) > 1:
            times.append(now + max(self._looks, min((now - mine.since) / _PATIENCE, _LOOK_AT_MOST)))
        return min(times, default=math.inf)

    async def _gone(self, pool: Pool, worker: str, now: float) -> set[str]:
        """Return the others that are known to be gone, of those that were not heard of for a while, or ever."""
        gone = set[str]()
        for name, part in pool.parts.items():
            last = self._asked_of.get(name, -math.inf)
            if name == worker or now < last + _SILENT or (last > -math.inf and now < part.seen + _SILENT):
                continue
            self._asked_of[name] = now
            if await self._sharing.is_gone(name.partition(" ")[0]):
                gone.add(name)
        return gone
