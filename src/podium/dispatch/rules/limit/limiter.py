"""How much may happen at once and in a time: a state machine without a clock; the caller gives it the time."""

import heapq
import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from operator import attrgetter
from typing import Generic, TypeVar

from podium.dispatch.rules.limit.line import QueueLine, QueuePlace, has, remove
from podium.dispatch.rules.limit.pool import LimitAmounts, Used
from podium.dispatch.rules.limit.stock import Stock
from podium.model.limit import Limit

W = TypeVar("W")

AGEING = 10.0
"""Seconds of waiting that weigh as much as one step of priority: so low priorities do not wait for ever."""

HOLD = 5.0
"""Seconds for which room is kept for a call that was sent away until a time, and is late."""

_UNTIL = attrgetter("until")
_WEIGHT = 0.1
"""What the newest counts in a running mean."""


@dataclass(slots=True, eq=False)
class LimitEntry:
    """Something that was admitted, and what it counts in the window."""

    admitted: float
    tokens: int
    at: float = math.inf
    """When it began: it counts from when it is admitted until `per` seconds after this."""
    counts: bool = True
    """Whether it counts in the window still."""
    told: float | None = None
    """Until when it counts in what processes have in common, which has been told of it, by the time of these."""


class Limiter(Generic[W]):
    """One bounded thing. What does not fit waits in a queue; `admit` returns those whose turn has come."""

    def __init__(self, limit: Limit, stock: Stock | None = None) -> None:
        """With a `stock`, it admits what is at hand there: the limit is that of other processes too."""
        self.limit = limit
        self.stock = stock
        self.used: list[Used] = []
        """What processes have in common of the windows, as it was seen last."""
        self.elsewhere = LimitAmounts()
        """What other processes hold, as it was seen last."""
        self.corrections: list[tuple[float, int]] = []
        """Tokens used beyond what was told of something, and until when that counts, by the time in common."""
        self.admitted = 0
        """How many were ever admitted."""
        self.most_running = 0
        """How many were under way at once, since it was last set."""
        self.windowed = limit.requests is not None or limit.tokens is not None
        """Whether it bounds what begins in a time."""
        self._running = 0
        self._window: deque[LimitEntry] = deque()
        """What has begun, the earliest first."""
        self._not_begun = 0
        """How many were admitted and have not begun: they are in every window."""
        self._tokens = 0
        """Those of what has begun, and of what has not."""
        self._tokens_not_begun = 0
        self._queue: QueueLine[W] = []
        """Who is here, or should be back by now."""
        self._away: list[tuple[float, tuple[float, int], QueuePlace[W]]] = []
        """A heap of those who are away, by when they come back; some may have given up."""
        self._line: QueueLine[W] = []
        """All of these: who is ahead of whom."""
        self._here = 0
        self._waited_for = 0
        """The tokens of all in the line."""
        self._order = count()
        self._lasts = 0.0
        """The mean time that something runs."""
        self._used = 1.0
        """The mean part of its bound that something uses."""

    @property
    def waiting(self) -> int:
        """How many wait here."""
        return self._here

    @property
    def untold(self) -> int:
        """How much has begun of which other processes do not know."""
        return len(self._window)

    @property
    def held(self) -> LimitAmounts:
        """What is under way, and what was admitted and has not begun."""
        places = 0 if self.limit.concurrency is None else self._running
        return LimitAmounts(places, self._not_begun, self._tokens_not_begun)

    @property
    def first_free(self) -> float | None:
        """Return when the first thing no longer counts of which other processes do not know."""
        return self._window[0].at + self.limit.per if self._window else None

    def wanted(self, most: int) -> list[int]:
        """Return the tokens of those who wait here or should be back, in turn, up to so many."""
        return [place.tokens for _, place in self._queue[:most]]

    def tell(self, ahead: float = 0.0) -> list[Used]:
        """Return what has begun of which other processes do not know; from now on it counts as told.

        The time that they have in common is so many seconds `ahead` of that of this limiter.
        """
        told = [Used(each.at + self.limit.per + ahead, 1, each.tokens) for each in self._window]
        for entry, used in zip(self._window, told, strict=True):
            entry.told, entry.counts = used.until, False
            self._tokens -= entry.tokens
        self._window.clear()
        return told

    def acquire(self, now: float, tokens: int = 0) -> LimitEntry | None:
        """Admit something at once, if none waits and there is room for it."""
        if self._away:
            self._come_due(now)
        if self._queue or not self._fits(now, tokens):
            return None
        return self._admit_one(now, tokens)

    def queue(self, who: W, now: float, tokens: int = 0, *, priority: int = 0) -> QueuePlace[W]:
        """Put one more into the queue."""
        place = QueuePlace((now - priority * AGEING, next(self._order)), tokens, who)
        insort(self._queue, (place.rank, place))
        self._join(place)
        self._here += 1
        return place

    def send_away(self, place: QueuePlace[W], until: float) -> None:
        """Send one who waits away until a time; from then on room is kept for it, for a while, if nobody shares it."""
        remove(self._queue, place)
        self._here -= 1
        place.who, place.due = None, until
        heapq.heappush(self._away, (until, place.rank, place))

    def come_back(self, place: QueuePlace[W], who: W) -> None:
        """One who was sent away is here again, and has its old place."""
        place.who, place.due = who, None
        if not has(self._queue, place):
            insort(self._queue, (place.rank, place))
        if not has(self._line, place):
            self._join(place)
        self._here += 1

    def give_up(self, place: QueuePlace[W]) -> None:
        """Remove one who no longer waits."""
        self._here -= place.who is not None
        remove(self._queue, place)
        if remove(self._line, place):
            self._waited_for -= place.tokens
        place.who, place.due = None, None

    def admit(self, now: float) -> list[tuple[W, LimitEntry]]:
        """Admit those whose turn it is, as far as there is room: the next one is never overtaken."""
        admitted: list[tuple[W, LimitEntry]] = []
        self._come_due(now)
        index, kept, tokens = 0, 0, 0
        while index < len(self._queue):
            place = self._queue[index][1]
            if place.due is not None and place.due + HOLD <= now:
                self.give_up(place)
                continue
            if not self._fits(now, place.tokens, kept, tokens):
                break
            if place.who is None:
                index, kept, tokens = index + 1, kept + 1, tokens + place.tokens
                continue
            admitted.append((place.who, self._admit_one(now, place.tokens)))
            self.give_up(place)
        return admitted

    def begin(self, entry: LimitEntry, at: float) -> None:
        """Something that was admitted has begun, at this time or before; told again, the earlier time counts."""
        if entry.at <= at or not entry.counts or not self.windowed:
            return
        if entry.at == math.inf:
            self._not_begun -= 1
            self._tokens_not_begun -= entry.tokens
        else:
            self._window.remove(entry)
        entry.at = at
        if not self._window or self._window[-1].at <= at:
            self._window.append(entry)
        else:
            insort(self._window, entry, key=_began_at)

    def leave(self, entry: LimitEntry, now: float) -> None:
        """Something that was admitted has ended; it still counts in the window."""
        self._running -= 1
        if self.stock is not None:
            self.stock.end()
        self.begin(entry, now)
        self._lasts += (now - entry.admitted - self._lasts) * (_WEIGHT if self._lasts else 1.0)

    def withdraw(self, entry: LimitEntry) -> None:
        """What was admitted did not take place: it counts no more."""
        self._running -= 1
        if self.stock is not None:
            self.stock.end()
            if entry.at == math.inf:
                self.stock.withdraw(entry.tokens)
        if entry.counts and self.windowed:
            if entry.at == math.inf:
                self._not_begun -= 1
                self._tokens_not_begun -= entry.tokens
            else:
                self._window.remove(entry)
            self._tokens -= entry.tokens
        entry.counts = False

    def count_used(self, entry: LimitEntry, tokens: int) -> None:
        """Count what was really used; takes effect while it is in the window."""
        if entry.tokens:
            self._used += (min(1.0, tokens / entry.tokens) - self._used) * _WEIGHT
        if entry.counts:
            self._tokens += tokens - entry.tokens
            if entry.at == math.inf:
                self._tokens_not_begun += tokens - entry.tokens
        elif entry.told is not None:
            self.corrections.append((entry.told, tokens - entry.tokens))
        entry.tokens = tokens

    def next_at(self, now: float) -> float | None:
        """Return when to look again whether one who waits here can be admitted; None if only an end helps.

        With a stock, what else may help is more of that.
        """
        if not self._here:
            return None
        kept, kept_tokens, tokens, times = 0, 0, 0, list[float]()
        for _, place in self._queue:
            if place.due is None:
                tokens = place.tokens
                break
            kept, kept_tokens = kept + 1, kept_tokens + place.tokens
            times.append(place.due + HOLD)
        limit = self.limit
        if self.stock is None and (limit.concurrency is None or self._running + kept < limit.concurrency):
            room = self._room_at(now, tokens, kept, kept_tokens)
            times.extend([] if room is None else [room])
        return min(times, default=None)

    def forecast(self, now: float, place: QueuePlace[W], *, here: bool = False) -> float:
        """Return when one who waits will be admitted, as far as can be foreseen.

        With `here` only those count who wait here before it, not those who are away: they may come back elsewhere.
        """
        self._forget(now)
        limit, line = self.limit, self._queue if here else self._line
        ahead = bisect_left(line, (place.rank,))
        at = now
        if limit.requests is not None and (late := ahead + self._counted - limit.requests) >= 0:
            rounds, index = divmod(late, limit.requests)
            at = self._calls_at(now, index) + limit.per * rounds
        if limit.tokens is not None:
            at = max(at, self._tokens_at(now, place, line, ahead))
        if (
            limit.concurrency is not None
            and (late := ahead + self._running + self.elsewhere.places - limit.concurrency) >= 0
        ):
            at = max(at, now + self._lasts * (1 + late // limit.concurrency))
        return at

    def _calls_at(self, now: float, index: int) -> float:
        """Return when so many calls, and one more, no longer count."""
        freed = 0
        for each in self._frees():
            freed += each.calls
            if freed > index:
                return each.until
        return now + self.limit.per

    def _frees(self) -> Iterator[Used]:
        """Return what has begun, the first first that will no longer count."""
        own = (Used(each.at + self.limit.per, 1, each.tokens) for each in self._window)
        return heapq.merge(own, self.used, key=_UNTIL)

    def _tokens_at(self, now: float, place: QueuePlace[W], line: QueueLine[W], ahead: int) -> float:
        """Return when there will be tokens, if those ahead use the part of their bounds that is usual."""
        most = self.limit.tokens or 1
        if line is self._line:
            before = self._waited_for - sum(each.tokens for _, each in line[ahead:])  # mostly few
        else:
            before = sum(each.tokens for _, each in line[:ahead])
        lacks = int(before * self._used) + place.tokens + self._counted_tokens - most
        if lacks <= 0:
            return now
        rounds, lacks = divmod(lacks - 1, most)
        freed = 0
        for each in self._frees():
            freed += each.tokens
            if freed > lacks:
                return each.until + self.limit.per * rounds
        return now + self.limit.per * (1 + rounds)

    def _room_at(self, now: float, tokens: int, kept: int, kept_tokens: int) -> float | None:
        """Return when the window has room for one more beside those it is kept for; None where these take all of it."""
        limit, at = self.limit, now
        requests, used = self._counted + kept, self._tokens + kept_tokens
        for entry in chain(self._window, (None,)):
            if (limit.requests is None or requests < limit.requests) and self._has_tokens(used, tokens):
                return at
            if entry is not None:
                requests, used, at = requests - 1, used - entry.tokens, entry.at + limit.per
        return None

    @property
    def _counted(self) -> int:
        """How many calls are in the window, as far as is known."""
        own = len(self._window) + self._not_begun
        return own + self.elsewhere.calls + sum(each.calls for each in self.used)

    @property
    def _counted_tokens(self) -> int:
        """How many tokens are in the window, as far as is known."""
        return self._tokens + self.elsewhere.tokens + sum(each.tokens for each in self.used)

    def _admit_one(self, now: float, tokens: int) -> LimitEntry:
        entry = LimitEntry(now, tokens)
        self._running += 1
        if self.stock is not None:
            self.admitted += 1
            self.stock.use(tokens)
            self.most_running = max(self.most_running, self._running)
        if self.windowed:
            self._not_begun += 1
            self._tokens += tokens
            self._tokens_not_begun += tokens
        return entry

    def _fits(self, now: float, tokens: int, kept: int = 0, kept_tokens: int = 0) -> bool:
        """Whether there is room beside those it is kept for."""
        if self.stock is not None:
            return self.stock.has(now, tokens, kept, kept_tokens)
        limit = self.limit
        if limit.concurrency is not None and self._running + kept >= limit.concurrency:
            return False
        self._forget(now)
        if limit.requests is not None and self._counted + kept >= limit.requests:
            return False
        return self._has_tokens(self._tokens + kept_tokens, tokens)

    def _has_tokens(self, used: int, tokens: int) -> bool:
        """Whether this many more fit; what is larger than the whole limit goes alone."""
        most = self.limit.tokens
        return most is None or used + tokens <= most or used == 0

    def _forget(self, now: float) -> None:
        while self.used and self.used[0].until <= now:
            self.used.pop(0)
        while self._window and self._window[0].at <= now - self.limit.per:
            gone = self._window.popleft()
            gone.counts = False
            self._tokens -= gone.tokens

    def _come_due(self, now: float) -> None:
        """Put those who should be back by now into the queue.

        Where the limit is that of other processes too, their runs may go on in one of these: nothing is kept for them.
        """
        while self._away and self._away[0][0] <= now:
            due, rank, place = heapq.heappop(self._away)
            if place.due != due or has(self._queue, place):
                continue
            if self.stock is None:
                insort(self._queue, (rank, place))
            else:
                self.give_up(place)

    def _join(self, place: QueuePlace[W]) -> None:
        insort(self._line, (place.rank, place))
        self._waited_for += place.tokens


def _began_at(entry: LimitEntry) -> float:
    return entry.at
