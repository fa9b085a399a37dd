"""What all processes of a store have of one limit: a state machine without a clock, changed by one of them at a time.

What a process holds it may use without asking, and what has begun counts for `per` seconds. Both together never exceed
the limit; so in no window does more begin, in whichever processes.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from operator import attrgetter
from typing import NamedTuple

from podium.model.json import Json
from podium.model.limit import Limit

_GRAINS = 64
"""What began within this part of a window is kept as one, where much began."""
_MOST_ROWS = 2 * _GRAINS
_COMES_BACK = 0.5
"""Seconds for which something is kept for a process that waits, beyond the time at which it was to ask again."""
_HUNGRY = 0.05
"""After so many seconds of waiting, or an eighth of a window, a process has its share kept for it."""
_SPARE_ROOM = 8
"""What is set aside without being needed is at most this part of what is left."""


class LimitAmounts(NamedTuple):
    """Calls at once, calls in a window, and tokens in one."""

    places: int = 0
    calls: int = 0
    tokens: int = 0


NOTHING = LimitAmounts()


@dataclass(slots=True)
class Used:
    """What has begun, and counts until a time."""

    until: float
    calls: int
    tokens: int


@dataclass(slots=True)
class HeldShare:
    """What one process holds: it is under way, has not begun, or may be used without asking."""

    seen: float
    """When the process was here last."""
    places: int = 0
    calls: int = 0
    tokens: int = 0
    wants: int = 0
    """How many calls wait there."""
    since: float = 0.0
    """Since when they wait, or some were admitted last."""
    back: float = 0.0
    """Until when something is kept for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRequest:
    """What a process wants, beside what it holds."""

    held: LimitAmounts
    calls: Sequence[int] = ()
    """Those that wait, in turn, by their tokens."""
    spare: LimitAmounts = NOTHING
    """What it would like to have at hand, since it will soon want it."""


class Pool:
    """One limit, as all processes have it in common. Times are seconds since 1970, by the clock of the store."""

    def __init__(self, limit: Limit, uncertain: float = 0.0) -> None:
        """`uncertain`: it may be by so many seconds later than whoever asks says, who does not know it better."""
        self._limit = limit
        self._uncertain = uncertain
        self.used: list[Used] = []
        """The first to be free again first."""
        self.parts: dict[str, HeldShare] = {}

    def said(self) -> Json:
        """Return all that there is to say of it, as JSON; None where nothing is used or held."""
        if not self.used and not self.parts:
            return None
        parts = {worker: list(astuple(part)) for worker, part in self.parts.items()}
        return [[[each.until, each.calls, each.tokens] for each in self.used], parts]

    @classmethod
    def of(cls, limit: Limit, said: Json, uncertain: float = 0.0) -> "Pool":
        """Return the one of which this was said, maybe by another process."""
        pool = cls(limit, uncertain)
        used, parts = said
        pool.used = [Used(*each) for each in used]
        pool.parts = {worker: HeldShare(*part) for worker, part in parts.items()}
        return pool

    @property
    def until(self) -> float:
        """Return until when it means something."""
        return math.inf if self.parts else self.used[-1].until if self.used else 0.0

    def begun(self, used: Iterable[Used]) -> None:
        """Take in what has begun somewhere; whoever held it says what it holds now."""
        for each in used:
            insort(self.used, each, key=_UNTIL)
        if len(self.used) > _MOST_ROWS:
            self._merge()

    def correct(self, until: float, tokens: int) -> None:
        """So many tokens more were used by something that counts until a time."""
        place = bisect_left(self.used, until, key=_UNTIL)
        if place < len(self.used):
            each = self.used[place]
            each.tokens = max(0, each.tokens + tokens)

    def lost(self, worker: str, now: float) -> None:
        """A process is gone: what it held was used, for all that anybody knows, until now."""
        part = self.parts.pop(worker, None)
        if part is not None and (part.calls or part.tokens):
            self.begun([Used(self._latest(now), part.calls, part.tokens)])

    def others(self, worker: str) -> LimitAmounts:
        """Return what all other processes hold."""
        parts = [part for name, part in self.parts.items() if name != worker]
        return LimitAmounts(
            sum(part.places for part in parts), sum(part.calls for part in parts), sum(part.tokens for part in parts)
        )

    def rivals(self, worker: str, now: float) -> list[HeldShare]:
        """Return the other processes in which calls have waited for so long that they are to have their share first.

        Those that wait for less may come too late for what is free now: it goes to whoever is here.
        """
        before = now - min(self._limit.per / 8, _HUNGRY)
        others = (part for name, part in self.parts.items() if name != worker)
        return [part for part in others if part.wants and part.since <= before and part.back > now]

    def take(self, worker: str, asked: ShareRequest, now: float) -> LimitAmounts:
        """Set aside what a process holds, and of what it asks for as much as there is room for; returns that part.

        Where calls wait in several processes, each gets its share of the room, those first that have waited longest.
        """
        self._forget(now)
        before = self.parts.pop(worker, None)
        since = before.since if before is not None and before.wants else now
        rivals = self.rivals(worker, now)
        room = self._room(asked.held)
        most = _share(min(room.places, room.calls), len(asked.calls), since, rivals)
        granted, tokens = self._fitting(asked, most, room.tokens, since, rivals)
        wants = len(asked.calls) - granted
        given = LimitAmounts(granted, granted, tokens)
        if not wants and not rivals:
            given = _with_spare(given, asked.spare, room)
        held = LimitAmounts(*(mine + more for mine, more in zip(asked.held, given, strict=True)))
        if any(held) or wants:
            back = max(now, self.used[0].until if self.used else now) + _COMES_BACK
            self.parts[worker] = HeldShare(now, *held, wants, now if granted else since, back)
        return given

    def _room(self, held: LimitAmounts) -> LimitAmounts:
        """Return what there is beside what is used and held; without a bound, very much."""
        limit, parts = self._limit, self.parts.values()
        places = held.places + sum(part.places for part in parts)
        calls = held.calls + sum(part.calls for part in parts) + sum(each.calls for each in self.used)
        tokens = held.tokens + sum(part.tokens for part in parts) + sum(each.tokens for each in self.used)
        if limit.tokens is not None and not tokens:
            return LimitAmounts(_left(limit.concurrency, places), _left(limit.requests, calls), _ALONE)
        return LimitAmounts(_left(limit.concurrency, places), _left(limit.requests, calls), _left(limit.tokens, tokens))

    def _fitting(
        self, asked: ShareRequest, most: int, room: int, since: float, rivals: Sequence[HeldShare]
    ) -> tuple[int, int]:
        """Return how many of those that wait fit, and their tokens; one that is larger than the limit goes alone."""
        limit = self._limit.tokens
        if limit is None:
            return most, sum(asked.calls[:most])
        if rivals and any(part.since < since for part in rivals):
            total = len(asked.calls) + sum(part.wants for part in rivals)
            room = min(room, limit) * len(asked.calls) // total
        granted = tokens = 0
        for each in asked.calls[:most]:
            if tokens + each > (min(room, limit) if tokens or each <= limit else room):
                break
            granted, tokens = granted + 1, tokens + each
        return granted, tokens

    def _forget(self, now: float) -> None:
        """Forget what does not count any more; where the time of day was set back, nothing counts for longer for it."""
        self.used = [each for each in self.used if each.until > now]
        latest = self._latest(now)
        for each in self.used:
            each.until = min(each.until, latest)
        for part in self.parts.values():
            part.seen, part.since = min(part.seen, now), min(part.since, now)
            part.back = min(part.back, latest + _COMES_BACK)

    def _latest(self, now: float) -> float:
        """Return until when what has begun by now may count."""
        return now + self._limit.per + self._uncertain

    def _merge(self) -> None:
        """Keep as one what ends at about the same time; it counts until the last of it."""
        grain, merged, first = self._limit.per / _GRAINS, list[Used](), -math.inf
        for each in self.used:
            if each.until - first <= grain:
                last = merged[-1]
                merged[-1] = Used(each.until, last.calls + each.calls, last.tokens + each.tokens)
            else:
                merged.append(each)
                first = each.until
        self.used = merged


_UNTIL = attrgetter("until")
_UNBOUND = 1 << 40
_ALONE = _UNBOUND
"""Nothing is used: what is larger than the whole limit may go."""


def _left(bound: int | None, taken: int) -> int:
    return _UNBOUND if bound is None else max(0, bound - taken)


def _with_spare(given: LimitAmounts, spare: LimitAmounts, room: LimitAmounts) -> LimitAmounts:
    """Add what is likely to be wanted soon. Places come back as calls end; of calls there has to be plenty."""
    places = min(spare.places, room.places - given.places)
    calls = min(spare.calls, (room.calls - given.calls) // _SPARE_ROOM)
    return LimitAmounts(given.places + places, given.calls + calls, given.tokens)


def _share(room: int, wants: int, since: float, rivals: Sequence[HeldShare]) -> int:
    """Return how many of those that wait in a process may go, where others wait in others."""
    total = wants + sum(part.wants for part in rivals)
    if total <= room:
        return wants
    mine = room * wants // total
    left = room - mine - sum(room * part.wants // total for part in rivals)
    before_me = sum(part.since < since for part in rivals)
    return min(wants, mine + (left > before_me))
