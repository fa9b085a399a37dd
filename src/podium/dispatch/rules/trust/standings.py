"""How far each agent is trusted now: folded from the facts, and moved by each outcome as it comes."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from podium.model.agent import Card
from podium.model.allow import ALLOW_RULE
from podium.model.clock import Clock
from podium.model.outcome import Done, Failed, Outcome, Refused
from podium.model.trust import Evidence, Standing

_FRESH = 60.0
"""Seconds after which the facts are folded again: other processes write some, too."""

_VIOLATIONS = ("policy:", "guard:", ALLOW_RULE)
"""How the rules are called whose refusal, of what an agent tries itself, is a violation."""


class Trusts:
    """The trust of every agent and version."""

    def __init__(self, fold: Callable[[], Awaitable[Sequence[Evidence]]], clock: Clock) -> None:
        self._fold = fold
        self._clock = clock
        self._standing: dict[tuple[str, str], Standing] = defaultdict(Standing)
        self._folded_at: float | None = None
        self._lock = asyncio.Lock()
        self._meanwhile: list[Evidence] = []
        """What was observed while the facts were folded: it may not be among them yet."""

    def of(self, name: str, version: str) -> int:
        """Return the trust of an agent, 0 to 100."""
        return self._standing[name, version].trust(self._clock.now())

    async def refresh(self) -> None:
        """Fold the facts, unless that was done within the last minute; everybody who comes meanwhile waits with it."""
        if self._fresh():
            return
        async with self._lock:
            if self._fresh():
                return
            self._meanwhile.clear()
            now = self._clock.now()
            found = await self._fold()
            self._folded_at = now
            self._standing.clear()
            for each in (*found, *self._meanwhile):
                self._standing[each.agent, each.version].add(each)

    def _fresh(self) -> bool:
        return self._folded_at is not None and self._clock.now() - self._folded_at < _FRESH

    def observe(self, card: Card, outcome: Outcome, told: Sequence[str] = ()) -> None:
        """Let an outcome move the trust at once, and the rules that did not allow what the agent tried and was told."""
        done = failed = 0
        violations = sum(rule.startswith(_VIOLATIONS) for rule in told)
        match outcome:
            case Done():
                done = 1
            case Failed(failure) if not failure.unavailable:
                failed = 1
            case Refused(rule) if rule.startswith(_VIOLATIONS):
                violations += 1
            case _:
                pass
        if not (done or failed or violations):
            return
        seen = Evidence(
            agent=card.name, version=card.version, at=self._clock.now(), done=done, failed=failed, violations=violations
        )
        if self._lock.locked():
            self._meanwhile.append(seen)
        self._standing[card.name, card.version].add(seen)
