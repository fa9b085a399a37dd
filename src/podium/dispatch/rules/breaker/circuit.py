"""The states of a circuit breaker: a state machine without a clock; the caller gives it the time."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from podium.model.breaker import Breaker, CircuitState
from podium.model.json import Json


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
    """The number of the probe that it is; None is an ordinary call."""


_ORDINARY = Pass(None)
_SLICES = 60
"""The window is counted in this many slices, so that its memory does not grow with the calls."""


@dataclass(slots=True)
class CallCounts:
    """The calls that ended in a part of the window."""

    began: float
    calls: int = 0
    failed: int = 0
    slow: int = 0


class Circuit:
    """The breaker of one agent and version. Times are seconds of any clock; one that is set back holds nothing up."""

    def __init__(self, rule: Breaker) -> None:
        self.rule = rule
        self.state = CircuitState.CLOSED
        self._slices: deque[CallCounts] = deque()
        self._slice = rule.window / _SLICES
        self._all = CallCounts(0.0)
        """Their sum."""
        self.why = ""
        """What the last change was made by."""
        self.proven = False
        """Whether a call has succeeded since it was last open."""
        self._opened_at = 0.0
        self._number = 0
        """That of the last probe there was."""
        self._probing: dict[int, float] = {}
        """The probes that are under way, by when they began."""
        self._late: set[int] = set()
        """Those whose time was over, which opened it: they may still answer."""
        self._succeeded = 0

    def admit(self, now: float) -> tuple[Pass | None, Sequence[Change]]:
        """Let a call through, or not: then None, and `wait` says how long; with the changes that this was."""
        if self.state is CircuitState.CLOSED:
            return _ORDINARY, ()
        self._not_after(now)
        changes: list[Change] = []
        if self.state is CircuitState.HALF_OPEN and (ends := self._probe_ends()) <= now:
            late = {number for number, began in self._probing.items() if began + self._patience <= ends}
            changes.append(self._open(ends, f"a probe gave no answer within {self._patience:g} s"))
            self._late = late
        if self.state is CircuitState.OPEN and now >= self._opened_at + self.rule.open_for:
            changes.append(self._half_open(f"{self.rule.open_for:g} s are over"))
        if self.state is CircuitState.OPEN or len(self._probing) + self._succeeded >= self.rule.probes:
            return None, changes
        self._number += 1
        self._probing[self._number] = now
        return Pass(self._number), changes

    def is_shut(self, now: float) -> bool:
        """Whether a call would not be let through now."""
        self._not_after(now)
        if self.state is CircuitState.OPEN:
            return now < self._opened_at + self.rule.open_for
        if self.state is CircuitState.CLOSED:
            return False
        if (ends := self._probe_ends()) <= now:  # whoever asks next finds it open, whatever room there was
            return now < ends + self.rule.open_for
        return len(self._probing) + self._succeeded >= self.rule.probes

    def wait(self, now: float) -> float:
        """Return the seconds until it may be worth another try."""
        self._not_after(now)
        if self.state is CircuitState.OPEN:
            return max(0.0, self._opened_at + self.rule.open_for - now)
        return self.rule.open_for

    def leave(self, entry: Pass) -> None:
        """Take back a call whose end says nothing about the agent, such as one that was cancelled."""
        if entry.probe is not None:
            self._probing.pop(entry.probe, None)
            self._late.discard(entry.probe)

    def judge(self, entry: Pass, now: float, took: float, *, failed: bool) -> Change | None:
        """Take in how a call ended; returns the change that this makes."""
        slow = self.rule.slow_after is not None and took > self.rule.slow_after
        if entry.probe is not None:
            return self._judge_probe(entry.probe, now, bad=failed or slow)
        return self._take(now, 1, int(failed), int(slow))

    def take(self, ended: CallCounts) -> Change | None:
        """Take in ordinary calls that ended at a time; returns the change that they make."""
        return self._take(ended.began, ended.calls, ended.failed, ended.slow)

    def _take(self, now: float, calls: int, failed: int, slow: int) -> Change | None:
        if self.state is not CircuitState.CLOSED:
            return None
        self._count(now, calls, failed, slow)
        self.proven = self.proven or failed < calls
        rule, calls, latest = self.rule, self._all.calls, max(now, self._slices[-1].began)  # some are told late
        if calls < rule.min_calls:
            return None
        if self._all.failed and self._all.failed >= rule.failures * calls:
            return self._open(latest, f"{self._all.failed} of {calls} calls failed within {rule.window:g} s")
        if self._all.slow and self._all.slow >= rule.slow * calls:
            return self._open(latest, f"{self._all.slow} of {calls} calls took longer than {rule.slow_after:g} s")
        return None

    def said(self) -> Json:
        """Return all that there is to say of it, as JSON, for who makes one like it."""
        slices = [[each.began, each.calls, each.failed, each.slow] for each in self._slices]
        probing = [[number, began] for number, began in self._probing.items()]
        return [
            self.state.value, self.why, self.proven, self._opened_at, self._number, probing, sorted(self._late),
            self._succeeded, slices,
        ]  # fmt: skip

    @classmethod
    def of(cls, rule: Breaker, said: Json) -> "Circuit":
        """Return the one of which this was said, maybe by another process."""
        circuit = cls(rule)
        state, circuit.why, circuit.proven, circuit._opened_at, circuit._number, probing, late, succeeded, slices = said
        circuit.state, circuit._succeeded = CircuitState(state), succeeded
        circuit._probing, circuit._late = dict(probing), set(late)
        for each in slices:
            circuit._count(*each)
        return circuit

    def _count(self, now: float, calls: int, failed: int, slow: int) -> None:
        """Add calls to the window, and forget the slices of it that are over."""
        slices, total = self._slices, self._all
        while slices and slices[0].began <= now - self.rule.window:
            old = slices.popleft()
            total.calls -= old.calls
            total.failed -= old.failed
            total.slow -= old.slow
        if not slices or now - slices[-1].began >= self._slice:
            slices.append(CallCounts(now))
        last = slices[-1]
        last.calls += calls
        total.calls += calls
        if failed or slow:  # seldom: most calls are to cost nothing more
            for each in (last, total):
                each.failed += failed
                each.slow += slow

    def _judge_probe(self, number: int, now: float, *, bad: bool) -> Change | None:
        """Take in how a probe ended; one of an earlier phase says nothing, unless it is late and brings an answer."""
        change = None
        if self._probing.pop(number, None) is None:
            if number not in self._late or bad:
                return None
            self._late.discard(number)
            if self.state is CircuitState.OPEN:
                change = self._half_open("a probe has answered late")
        elif bad:
            return self._open(now, "a probe failed")
        self._succeeded += 1
        if self._succeeded < self.rule.probes:
            return change
        self._slices.clear()
        self._all = CallCounts(now)
        self.proven = True
        self._probing.clear()
        self._late.clear()
        return self._go(CircuitState.CLOSED, f"{self._succeeded} of {self.rule.probes} probes succeeded")

    def _not_after(self, now: float) -> None:
        """Have nothing be in the future, where the time of day was set back: it would be open until then."""
        self._opened_at = min(self._opened_at, now)
        if any(began > now for began in self._probing.values()):
            self._probing = {number: min(began, now) for number, began in self._probing.items()}

    @property
    def _patience(self) -> float:
        """How many seconds a probe may take."""
        return self.rule.open_for if self.rule.probe_timeout is None else self.rule.probe_timeout

    def _probe_ends(self) -> float:
        """Return when the time of the first probe is over that is under way."""
        return min(self._probing.values(), default=math.inf) + self._patience

    def _half_open(self, why: str) -> Change:
        self._probing.clear()
        self._succeeded = 0
        return self._go(CircuitState.HALF_OPEN, why)

    def _open(self, now: float, why: str) -> Change:
        self._opened_at = now
        self.proven = False
        self._probing.clear()
        self._late.clear()
        return self._go(CircuitState.OPEN, why)

    def _go(self, state: CircuitState, why: str) -> Change:
        before, self.state, self.why = self.state, state, why
        return Change(before, state, why)
