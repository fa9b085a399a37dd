"""The circuit breaker of an agent, as all processes of a store have it in common."""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from podium.dispatch.rules.breaker.circuit import CallCounts, Change, Circuit, Pass
from podium.errors import StoreError
from podium.model.breaker import Breaker, CircuitState
from podium.model.shared_states import SharedStates
from podium.store.codec import decode, encode

_LOOKS_AGAIN = 0.1
"""For so many seconds a closed circuit is taken to be closed still."""
_TOLD_TOGETHER, _TOLD_SHARE = 1.0, 0.05
"""For so many seconds, or that part of the window, calls that went well are told together: no call waits for that."""

T = TypeVar("T")

_LOG = logging.getLogger("podium")


class SharedCircuit:
    """A circuit, and what of it was not told to the store yet. Without a store it is this process's alone."""

    def __init__(
        self, rule: Breaker, name: str, states: SharedStates | None, changed: Callable[[], None],
        now: Callable[[], float], *, learn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        """`changed` is told when it stands otherwise; `now` is asked for the time once the store has answered.

        `learn` has the time be that of the store. All times are by `now`.
        """
        self.circuit = Circuit(rule)
        """How it stood when it was looked at last, and what happened here since."""
        self.rule = rule
        self._name = f"breaker:{name}"
        self._states = states
        self._changed = changed
        self._now = now
        self._learn = learn
        self._looked_at = -math.inf
        self._untold: list[CallCounts] = []
        """The ordinary calls that ended here and that the store does not know of."""
        self._new = encode(self.circuit.said())

    def is_closed(self, now: float) -> bool:
        """Whether it need not be asked whether a call may pass: `circuit` lets it."""
        if self._states is None:
            return True
        return self.circuit.state is CircuitState.CLOSED and self._is_fresh(now)

    async def admit(self, now: float) -> tuple[Pass | None, Sequence[Change]]:
        """Let a call through, or not; see `Circuit.admit`."""
        if self.is_closed(now):
            return self.circuit.admit(now)
        (entry, more), changes = await self._exchange(now, Circuit.admit)
        return entry, [*changes, *more]

    def count(self, entry: Pass, now: float, took: float, *, failed: bool) -> Sequence[Change] | None:
        """Take in how a call ended, where the store need not be told at once; returns the changes; None: `judge` it.

        What went well is told with what comes later.
        """
        if self._states is None:
            change = self.circuit.judge(entry, now, took, failed=failed)
            return () if change is None else (change,)
        if entry.probe is not None:
            return None
        slow = self.rule.slow_after is not None and took > self.rule.slow_after
        if self.circuit.state is CircuitState.CLOSED:
            self._note(now, int(failed), int(slow))
        change = self.circuit.judge(entry, now, took, failed=failed)
        return () if change is None and not failed and not slow else None

    async def judge(self, entry: Pass, now: float, took: float, *, failed: bool) -> Sequence[Change]:
        """Take in how a call ended that `count` did not; returns the changes that this makes."""
        if entry.probe is None:
            return (await self._exchange(now, _nothing))[1]
        change, changes = await self._exchange(now, lambda each, at: each.judge(entry, at, took, failed=failed))
        return changes if change is None else [*changes, change]

    async def leave(self, entry: Pass, now: float) -> None:
        """Take back a call whose end says nothing about the agent."""
        if self._states is None:
            self.circuit.leave(entry)
        elif entry.probe is not None:
            await self._exchange(now, lambda circuit, _: circuit.leave(entry))

    def was_seen(self, now: float, seconds: float) -> bool:
        """Whether nobody else can have changed it, or it was looked at within these seconds."""
        return self._states is None or 0.0 <= now - self._looked_at < seconds

    async def look(self, now: float) -> None:
        """See how it stands now."""
        if self._states is not None:
            await self._exchange(now, _nothing)

    def _is_fresh(self, now: float) -> bool:
        return self.was_seen(now, _LOOKS_AGAIN)

    def _note(self, now: float, failed: int, slow: int) -> None:
        """Note an ordinary call to be told; those of about the same time together."""
        if not self._untold or now - self._untold[-1].began >= min(self.rule.window / 60.0, _LOOKS_AGAIN):
            self._untold.append(CallCounts(now, 1, failed, slow))
            return
        last = self._untold[-1]
        last.calls += 1
        last.failed += failed
        last.slow += slow

    def _may_wait(self, untold: Sequence[CallCounts], now: float) -> bool:
        """Whether all that is to be told went well, and not long ago."""
        longest = min(_TOLD_TOGETHER, self.rule.window * _TOLD_SHARE)
        return not untold or (untold[0].began > now - longest and not any(each.failed or each.slow for each in untold))

    async def _exchange(self, now: float, act: Callable[[Circuit, float], T]) -> tuple[T, list[Change]]:
        """Tell the store what happened here, and do something to the circuit as it then is.

        Where the store cannot be used, it is done to the circuit as this process knows it.
        """
        assert self._states is not None  # whoever has no store has nobody to tell
        untold, self._untold = self._untold, []
        try:
            if self._learn is not None:
                before = self._now()
                await self._learn()
                now += min(0.0, self._now() - before)  # where the store's clock turns out to be behind
            while True:
                seen = await self._states.get(self._name)
                now = max(now, self._now())  # what others did meanwhile is not in the future
                circuit = Circuit.of(self.rule, decode(seen)) if seen else Circuit(self.rule)
                changes = [change for each in untold if (change := circuit.take(each)) is not None]
                merged = encode(circuit.said())
                result = act(circuit, now)
                state = encode(circuit.said())
                if state == (seen or self._new):
                    break
                if state == merged and not changes and self._may_wait(untold, now):
                    self._untold = untold + self._untold
                    break
                until = now + self.rule.window + self.rule.open_for
                if await self._states.swap(self._name, seen, state, now=now, until=until):
                    break
        except StoreError as error:
            _LOG.warning("what became of calls cannot be shared with other processes: %s", error)
            self._untold = untold + self._untold
            return act(self.circuit, now), []
        before, self.circuit, self._looked_at = self.circuit.state, circuit, now
        if circuit.state is not before:
            self._changed()
        return result, changes


def _nothing(_: Circuit, __: float) -> None:
    pass
