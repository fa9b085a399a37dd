"""How much may happen at once and in a time: a plain machine that is told the time."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from podium.model.limit import Limit

W = TypeVar("W")

AGEING = 10.0
"""Seconds of waiting that weigh as much as one step of priority: so nobody waits for ever."""


@dataclass(slots=True)
class Entry:
    """Something that was let in, and what it counts in the window."""

    at: float
    tokens: int


@dataclass(order=True, slots=True)
class Place(Generic[W]):
    """A place in the queue: the smallest goes first."""

    rank: float
    """The time of arrival, less for a higher priority: a later one overtakes by a bounded time only."""
    order: int
    tokens: int = field(compare=False)
    who: W = field(compare=False)
    gone: bool = field(default=False, compare=False)


class Limiter(Generic[W]):
    """One bounded thing. Whoever does not fit waits in a queue; `admit` hands out those whose turn has come."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._running = 0
        self._window: deque[Entry] = deque()
        self._tokens = 0
        self._queue: list[Place[W]] = []
        self._order = count()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not place.gone for place in self._queue)

    def enter(self, now: float, tokens: int = 0) -> Entry | None:
        """Let something in at once, if nobody waits and there is room for it."""
        self._drop_gone()
        return self._let_in(now, tokens) if not self._queue and self._fits(now, tokens) else None

    def queue(self, who: W, now: float, tokens: int = 0, *, priority: int = 0, since: float | None = None) -> Place[W]:
        """Have somebody wait; `since` is when they came, where they were sent away and came again."""
        arrived = now if since is None else since
        place = Place(arrived - priority * AGEING, next(self._order), tokens, who)
        heapq.heappush(self._queue, place)
        return place

    def admit(self, now: float) -> list[tuple[W, Entry]]:
        """Let in those whose turn it is, as far as there is room: whoever is next is never overtaken."""
        admitted: list[tuple[W, Entry]] = []
        self._drop_gone()
        while self._queue and self._fits(now, self._queue[0].tokens):
            place = heapq.heappop(self._queue)
            admitted.append((place.who, self._let_in(now, place.tokens)))
            self._drop_gone()
        return admitted

    def leave(self) -> None:
        """Something that was let in has ended; it still counts in the window."""
        self._running -= 1

    def settle(self, entry: Entry, tokens: int) -> None:
        """Count what was really used; takes effect while it is in the window."""
        self._tokens += tokens - entry.tokens if any(each is entry for each in self._window) else 0
        entry.tokens = tokens

    def give_up(self, place: Place[W]) -> None:
        """Somebody no longer waits."""
        place.gone = True

    def next_at(self, now: float, tokens: int | None = None) -> float | None:
        """Return when the window has room for whoever is next, or for so many tokens; None where only an end helps."""
        self._forget(now)
        self._drop_gone()
        if tokens is None:
            tokens = self._queue[0].tokens if self._queue else 0
        limit = self.limit
        if limit.concurrency is not None and self._running >= limit.concurrency:
            return None
        at, requests, used = now, len(self._window), self._tokens
        for entry in self._window:
            if (limit.requests is None or requests < limit.requests) and self._has_tokens(used, tokens):
                break
            requests, used, at = requests - 1, used - entry.tokens, entry.at + limit.per
        return at

    def forecast(self, now: float, tokens: int = 0) -> float:
        """Return roughly when somebody who comes now would be let in by the window, behind all who wait."""
        first = self.next_at(now, tokens)
        if first is None:
            return now
        rounds = 0 if self.limit.requests is None else self.waiting // self.limit.requests
        return first + rounds * self.limit.per

    def _let_in(self, now: float, tokens: int) -> Entry:
        entry = Entry(now, tokens)
        self._running += 1
        if self.limit.requests is not None or self.limit.tokens is not None:
            self._window.append(entry)
            self._tokens += tokens
        return entry

    def _fits(self, now: float, tokens: int) -> bool:
        limit = self.limit
        if limit.concurrency is not None and self._running >= limit.concurrency:
            return False
        self._forget(now)
        if limit.requests is not None and len(self._window) >= limit.requests:
            return False
        return self._has_tokens(self._tokens, tokens)

    def _has_tokens(self, used: int, tokens: int) -> bool:
        """Whether so many more fit; what is larger than all that is allowed goes alone."""
        most = self.limit.tokens
        return most is None or used + tokens <= most or used == 0

    def _forget(self, now: float) -> None:
        while self._window and self._window[0].at <= now - self.limit.per:
            self._tokens -= self._window.popleft().tokens

    def _drop_gone(self) -> None:
        while self._queue and self._queue[0].gone:
            heapq.heappop(self._queue)
