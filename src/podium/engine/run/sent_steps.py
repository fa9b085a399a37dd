"""The steps of this process that have sent something and have not ended: if that takes long, it is recorded."""

from typing import Protocol

from podium.model.clock import Clock
from podium.services.timers import Timers

_LONG = 2.0
"""Seconds after which what a step sent is recorded before it has ended; sooner, that would only cost a commit."""


class SentUnderWay(Protocol):
    """A step that has sent something and has not ended."""

    @property
    def began(self) -> float:
        """When it was sent."""
        ...

    def record(self) -> None:
        """Record what was sent."""
        ...


class SentSteps:
    """All of them. They wait for one timer."""

    def __init__(self, clock: Clock, timers: Timers) -> None:
        self._clock = clock
        self._timers = timers
        self._under_way: dict[SentUnderWay, None] = {}
        """The oldest first."""
        self._waiting = False

    def begin(self, step: SentUnderWay) -> None:
        """Have what a step sent recorded once it takes long."""
        self._under_way[step] = None
        if not self._waiting:
            self._wait(step.began)

    def end(self, step: SentUnderWay) -> None:
        """Forget a step that has ended."""
        self._under_way.pop(step, None)

    def _wait(self, began: float) -> None:
        self._waiting = True
        self._timers.at(began + _LONG, self._look)

    def _look(self) -> None:
        now, self._waiting = self._clock.now(), False
        for step in list(self._under_way):
            if step.began + _LONG > now:
                self._wait(step.began)
                return
            self.end(step)
            step.record()
