"""An attempt as the observer of a run sees it: what is done in it is below it."""

from collections.abc import Awaitable
from typing import TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.model.agent import Card
from podium.model.call import Call

T = TypeVar("T")


def traced(active: ActiveRun, card: Card, call: Call, work: Awaitable[T]) -> Awaitable[T]:
    """Return an attempt as something to be awaited, in its place in the trace if the run is observed."""
    return work if active.trace is None else active.trace.attempt(call, card, work)


def traced_inline(active: ActiveRun, key: str, attempt: int, work: Awaitable[T]) -> Awaitable[T]:
    """Return what an inline workflow does in an attempt, in the place of that attempt if the run is observed."""
    return work if active.trace is None else active.trace.within(key, attempt, work)
