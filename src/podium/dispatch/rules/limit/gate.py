"""A limiter with those who wait at it: for a short while in memory, for longer on disk."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from podium.dispatch.alarm import Alarm, Ring
from podium.dispatch.rules.limit.limiter import LimitEntry, Limiter
from podium.dispatch.rules.limit.line import QueuePlace
from podium.dispatch.rules.limit.share import Share, Sharing
from podium.dispatch.rules.limit.stock import stock_of
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.limit import Limit
from podium.model.outcome import Failed, Failure, Pending, Refused, Until
from podium.model.retry import FailureKind

_REMEMBERED = 3600.0
"""Seconds for which the place of a call is kept that was told to come back, and did not."""

_SOONEST = 1.0
"""The shortest time for which a call is sent away, in seconds."""
_EARLY = 1.0
"""So many seconds before its turn, at most, a call is back to wait in memory, where others may take what is free."""

_LATE_SHARE, _LATE_AT_MOST = 0.02, 0.1
"""A function in a thread that says that it begins may be held up by others before its first line: by this part of the
window, and these seconds, at most. What ended sooner has begun before that."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is not admitted now, and its outcome."""

    outcome: Pending | Refused | Failed


Waiter = asyncio.Future[LimitEntry | Sent]
_Name = tuple[str, str, str]
"""The run, key and step of what waits."""


class Gate:
    """One limiter with those who wait at it."""

    def __init__(self, name: str, limit: Limit, clock: Clock, ring: Ring, sharing: Sharing | None = None) -> None:
        """With `sharing` the limit is that of all processes on the store."""
        self.rule = f"limit:{name}"
        self.limiter: Limiter[Waiter] = Limiter(limit, None if sharing is None else stock_of(limit))
        self.share = None if sharing is None else Share(self.rule, self.limiter, sharing, self._was_told)
        self._at_limit = f"{name} is at its limit: {_words(limit)}"
        self.lingering = 0
        """How many calls were cut, and have functions in threads that go on: they keep their places."""
        self.limit = limit
        self._may_be_late = min(limit.per * _LATE_SHARE, _LATE_AT_MOST)
        self._clock = clock
        self._ring = ring
        self._sent: dict[_Name, tuple[float, QueuePlace[Waiter]]] = {}
        """Those who were sent away, by run, key and step: until when, and the places that they keep."""
        self._here: dict[_Name, tuple[QueuePlace[Waiter], Waiter]] = {}
        """Those who wait in memory, by the same."""
        self._hurried: dict[_Name, float | None] = {}
        """The deadlines of those who wait in memory, and of whom it is not known yet for how long."""
        self._draining = False
        self._swept_at = 64
        self._alarm: tuple[float, Alarm] | None = None

    @property
    def _why(self) -> str:
        if not self.lingering:
            return self._at_limit
        return f"{self._at_limit}; {self.lingering} of these were cut off, and go on in threads"

    def acquire(self, call: Call, step: str, tokens: int) -> LimitEntry | None:
        """Admit a call at once, if there is room and none is before it."""
        if self._sent and _name(call, step) in self._sent:
            return None
        return self.limiter.acquire(self._clock.now(), tokens)

    async def wait(self, call: Call, step: str, tokens: int) -> LimitEntry | Sent:
        """Admit a call after a short wait in memory, or send it away."""
        name, waiter = _name(call, step), asyncio.get_running_loop().create_future()
        if (sent := self._sent.pop(name, None)) is not None:
            place = sent[1]
            self.limiter.come_back(place, waiter)
        else:
            place = self.limiter.queue(waiter, self._clock.now(), tokens, priority=call.priority)
        self._here[name] = place, waiter
        self._hurried[name] = call.deadline
        try:
            self._pump()
            if self.share is None or not self.share.asking:
                self._hurry()
            return await waiter
        except asyncio.CancelledError:
            self._gave_up(place, waiter)
            raise
        finally:
            del self._here[name]
            self._hurried.pop(name, None)

    def begin(self, entry: LimitEntry, said: float | None = None) -> None:
        """What was admitted has begun; one that `said` so in a thread may come to its first line a little later."""
        now = self._clock.now()
        self.limiter.begin(entry, now if said is None else min(now, said + self._may_be_late))
        if self.limiter.waiting:
            self._pump()
        elif self.share is not None and not self.share.is_ready:
            self.share.look(now)

    def leave(self, entry: LimitEntry, tokens: int | None = None) -> None:
        """A call has ended, and has used this many tokens."""
        if tokens is not None:
            self.limiter.count_used(entry, tokens)
        now = self._clock.now()
        self.limiter.leave(entry, now)
        if self.share is None:
            if self.limiter.waiting:
                self._pump()
        elif self.share.may_go_on(now):
            self._pump()

    def withdraw(self, entry: LimitEntry) -> None:
        """It did not take place."""
        self.limiter.withdraw(entry)
        self._pump()

    def forget(self, run: str, key: str) -> None:
        """A call that was sent away does not come back: nobody waits for it any more."""
        gone = [name for name in self._sent if name[0] == run and name[1] == key]
        for name in gone:
            self.limiter.give_up(self._sent.pop(name)[1])
        if gone:
            self._pump()

    def drain(self) -> None:
        """Send everybody away who waits, and from now on whoever would have to: nobody admits them here any more."""
        self._draining = True
        for name, (place, waiter) in list(self._here.items()):
            self._send_away(place, waiter, name)

    def _was_told(self) -> None:
        """The store has answered: admit those for whom there is room, and send those away who would wait too long."""
        self._pump()
        self._hurry()

    def _hurry(self) -> None:
        """Send those away who would wait too long, at once or when their longest wait is over."""
        hurried, self._hurried = self._hurried, {}
        for name, deadline in hurried.items():
            place, waiter = self._here[name]
            if not waiter.done():
                self._must_be_soon(place, waiter, name, deadline)

    def _must_be_soon(self, place: QueuePlace[Waiter], waiter: Waiter, name: _Name, deadline: float | None) -> None:
        """Send a call away that would wait too long, at once or when its longest wait is over."""
        now, max_wait = self._clock.now(), self.limit.max_wait
        soonest = self.limiter.forecast(now, place, here=self.share is not None)
        if self._draining or soonest - now > max_wait:
            self._send_away(place, waiter, name)
            return
        ends = now + max_wait if deadline is None else min(now + max_wait, deadline)
        if ends < math.inf:
            late = deadline is not None and deadline <= ends
            alarm = self._ring(ends, lambda: self._send_away(place, waiter, name, late=late))
            waiter.add_done_callback(lambda _: alarm.cancel())

    def _send_away(self, place: QueuePlace[Waiter], waiter: Waiter, name: _Name, *, late: bool = False) -> None:
        if waiter.done():
            return
        now = self._clock.now()
        if late or (self.limit.when == "refuse" and not self._draining):
            self.limiter.give_up(place)
            failure = Failure(FailureKind.TIMEOUT, "DeadlinePassed", f"{self._why}; it had to wait past its deadline")
            waiter.set_result(Sent(Failed(failure) if late else Refused(self.rule, self._why)))
        else:
            early = 0.0 if self.share is None else min(_EARLY, self.limit.max_wait / 2)
            until = max(self.limiter.forecast(now, place) - early, now + _SOONEST)
            self.limiter.send_away(place, until)
            self._sent[name] = until, place
            self._sweep(now)
            waiter.set_result(Sent(Pending(Until(until, self._why))))
        self._pump()

    def _gave_up(self, place: QueuePlace[Waiter], waiter: Waiter) -> None:
        """A waiting call was cancelled, perhaps after it had been admitted and before it noticed."""
        known = None if waiter.cancelled() or not waiter.done() else waiter.result()
        if isinstance(known, LimitEntry):
            self.limiter.withdraw(known)
        elif known is None:
            self.limiter.give_up(place)
        self._pump()

    def _pump(self) -> None:
        """Admit those whose turn it is, and come again when there may be room for the next."""
        now = self._clock.now()
        for waiter, entry in self.limiter.admit(now):
            if waiter.done():
                self.limiter.withdraw(entry)
            else:
                waiter.set_result(entry)
        at = self.limiter.next_at(now)
        if self._alarm is None or self._alarm[0] != at:
            if self._alarm is not None:
                self._alarm[1].cancel()
            self._alarm = None if at is None else (at, self._ring(at, self._rung))
        if self.share is not None:
            self.share.look(now)

    def _rung(self) -> None:
        self._alarm = None
        self._pump()

    def _sweep(self, now: float) -> None:
        """Forget those who will not come back, such as calls of runs that were cancelled."""
        if len(self._sent) < self._swept_at:
            return
        for name, (until, _) in list(self._sent.items()):
            if until + _REMEMBERED < now:
                del self._sent[name]
        self._swept_at = max(64, 2 * len(self._sent))


def at_once(gates: Sequence[Gate], call: Call, step: str, tokens: int) -> list[LimitEntry] | None:
    """Pass all gates; None where one of them has no room now, and nothing is changed then."""
    entries: list[LimitEntry] = []
    for gate in gates:
        entry = gate.acquire(call, step, tokens)
        if entry is None:
            withdraw(gates, entries)
            return None
        entries.append(entry)
    return entries


async def in_turn(gates: Sequence[Gate], call: Call, step: str, tokens: int) -> list[LimitEntry] | Sent:
    """Pass all gates, one after the other, waiting if there is no room; a call that one gate sends away passes none."""
    entries: list[LimitEntry] = []
    try:
        for gate in gates:
            entry = gate.acquire(call, step, tokens) or await gate.wait(call, step, tokens)
            if isinstance(entry, Sent):
                withdraw(gates, entries)
                return entry
            entries.append(entry)
    except asyncio.CancelledError:
        withdraw(gates, entries)
        raise
    return entries


def begin(gates: Sequence[Gate], entries: Sequence[LimitEntry], said: float | None = None) -> None:
    """What passed all gates has begun: windows count from now on, or from when it `said` so in a thread."""
    for gate, entry in zip(gates, entries, strict=True):
        gate.begin(entry, said)


def leave(gates: Sequence[Gate], entries: Sequence[LimitEntry], tokens: int | None = None) -> None:
    """Leave all gates, having used this many tokens."""
    for gate, entry in zip(gates, entries, strict=True):
        gate.leave(entry, tokens)


def withdraw(gates: Sequence[Gate], entries: Sequence[LimitEntry]) -> None:
    """Give back what the first gates gave: nothing took place."""
    for gate, entry in zip(gates, entries, strict=False):
        gate.withdraw(entry)


def _name(call: Call, step: str) -> _Name:
    return call.run, call.key, step


def _words(limit: Limit) -> str:
    said = [
        f"{most} {name}"
        for most, name in (
            (limit.concurrency, "at once"), (limit.requests, f"in {limit.per:g} s"),
            (limit.tokens, f"tokens in {limit.per:g} s"),
        )
        if most is not None
    ]  # fmt: skip
    return ", ".join(said)
