"""The states of a circuit breaker: a state machine without a clock; the caller gives it the time."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from podium.model.breaker import Breaker


class CircuitState(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: a few do, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Change:
    """A circuit went from one state into another."""

    before: CircuitState
    after: CircuitState
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """A call that was let through; it tells how it ended, or that it gives its place back."""

    probe: int | None
    """Which half-open phase it looks for; None is an ordinary call."""


_ORDINARY = Pass(None)
_SLICES = 60
"""The window is counted in this many slices, so that its memory does not grow with the calls."""


@dataclass(slots=True)
class _Slice:
    """The calls that ended in a part of the window."""

    began: float
    calls: int = 0
    failed: int = 0
    slow: int = 0


class Circuit:
    """The breaker of one agent and version. Times are seconds of any clock that does not go back."""

    def __init__(self, rule: Breaker) -> None:
        self.rule = rule
        self.state = CircuitState.CLOSED
        self._slices: deque[_Slice] = deque()
        self._slice = rule.window / _SLICES
        self._all = _Slice(0.0)
        """Their sum."""
        self.why = ""
        """What the last change was made by."""
        self.proven = False
        """Whether a call has succeeded since it was last open."""
        self._opened_at = 0.0
        self._phase = 0
        """Counts the half-open phases: a probe of an earlier one says nothing about this."""
        self._probing = 0
        self._succeeded = 0

    def admit(self, now: float) -> tuple[Pass | None, Change | None]:
        """Let a call through, or not: then None, and `wait` says how long; with the change that this was, if any."""
        if self.state is CircuitState.CLOSED:
            return _ORDINARY, None
        change = None
        if self.state is CircuitState.OPEN and now >= self._opened_at + self.rule.open_for:
            change = self._go(CircuitState.HALF_OPEN, f"{self.rule.open_for:g} s are over")
            self._phase += 1
            self._probing = self._succeeded = 0
        if self.state is CircuitState.OPEN or self._probing + self._succeeded >= self.rule.probes:
            return None, change
        self._probing += 1
        return Pass(self._phase), change

    def is_shut(self, now: float) -> bool:
        """Whether a call would not be let through now."""
        if self.state is CircuitState.OPEN:
            return now < self._opened_at + self.rule.open_for
        return self.state is CircuitState.HALF_OPEN and self._probing + self._succeeded >= self.rule.probes

    def wait(self, now: float) -> float:
        """Return the seconds until it may be worth another try."""
        if self.state is CircuitState.OPEN:
            return max(0.0, self._opened_at + self.rule.open_for - now)
        return self.rule.open_for

    def leave(self, entry: Pass) -> None:
        """Take back a call whose end says nothing about the agent, such as one that was cancelled."""
        if self._is_current(entry):
            self._probing -= 1

    def judge(self, entry: Pass, now: float, took: float, *, failed: bool) -> Change | None:
        """Take in how a call ended; returns the change that this makes."""
        slow = self.rule.slow_after is not None and took > self.rule.slow_after
        if entry.probe is not None:
            return self._judge_probe(now, bad=failed or slow) if self._is_current(entry) else None
        if self.state is not CircuitState.CLOSED:
            return None
        self.proven = self.proven or not failed
        self._count(now, failed=failed, slow=slow)
        rule, calls = self.rule, self._all.calls
        if calls < rule.min_calls:
            return None
        if self._all.failed and self._all.failed >= rule.failures * calls:
            return self._open(now, f"{self._all.failed} of {calls} calls failed within {rule.window:g} s")
        if self._all.slow and self._all.slow >= rule.slow * calls:
            return self._open(now, f"{self._all.slow} of {calls} calls took longer than {rule.slow_after:g} s")
        return None

    def _count(self, now: float, *, failed: bool, slow: bool) -> None:
        """Add a call to the window, and forget the slices of it that are over."""
        slices, total = self._slices, self._all
        while slices and slices[0].began <= now - self.rule.window:
            old = slices.popleft()
            total.calls -= old.calls
            total.failed -= old.failed
            total.slow -= old.slow
        if not slices or now - slices[-1].began >= self._slice:
            slices.append(_Slice(now))
        last = slices[-1]
        last.calls += 1
        total.calls += 1
        if failed or slow:  # seldom: most calls are to cost nothing more
            for each in (last, total):
                each.failed += failed
                each.slow += slow

    def _judge_probe(self, now: float, *, bad: bool) -> Change | None:
        self._probing -= 1
        if bad:
            return self._open(now, "a probe failed")
        self._succeeded += 1
        if self._succeeded < self.rule.probes:
            return None
        self._slices.clear()
        self._all = _Slice(now)
        self.proven = True
        return self._go(CircuitState.CLOSED, f"{self._succeeded} of {self.rule.probes} probes succeeded")

    def _is_current(self, entry: Pass) -> bool:
        return entry.probe == self._phase and self.state is CircuitState.HALF_OPEN

    def _open(self, now: float, why: str) -> Change:
        self._opened_at = now
        self.proven = False
        return self._go(CircuitState.OPEN, why)

    def _go(self, state: CircuitState, why: str) -> Change:
        before, self.state, self.why = self.state, state, why
        return Change(before, state, why)
