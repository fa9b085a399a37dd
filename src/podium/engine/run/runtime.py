"""What every run of a worker shares."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium import lazy
from podium.dispatch.dispatcher import Dispatcher
from podium.engine.run.recalls import Recalls
from podium.engine.run.sent_steps import SentSteps
from podium.errors import NotPossible
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.fact import Fact
from podium.model.ids import Ids
from podium.model.prices import PriceSettings
from podium.model.run import Run
from podium.services.group_commit import GroupCommit
from podium.services.streams.streams import Streams
from podium.services.timers import Timers
from podium.store.protocol import Store

if TYPE_CHECKING:
    from podium.model import people
    from podium.telemetry import guarded, run_trace
else:
    run_trace = lazy.module("podium.telemetry.run_trace")

_LOG = logging.getLogger("podium")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What every run of a worker shares."""

    commits: GroupCommit
    dispatcher: Dispatcher
    clock: Clock
    timers: Timers
    streams: Streams
    ids: Ids
    store: Store
    alone: Callable[[], bool]
    """Whether one run alone is in memory."""
    fresh: Callable[[], Awaitable[None]]
    """Returns once this worker's last beat is young enough to start an effect that must not happen twice."""
    serve: Callable[[AnyAgent], None]
    """Has runs of a workflow driven here."""
    retry_run: Callable[[str], Awaitable[None]]
    """Has a run that failed go on from what failed; raises NotPossible for others."""
    recalls: Recalls
    """The escrows of all runs in memory, and the calls of these that wait for room in budgets."""
    max_facts: int
    """Facts that one run may have."""
    max_payload_bytes: int
    """Bytes that an input or a value may have."""
    max_depth: int
    """Workflows above a child run, with itself."""
    prices: PriceSettings
    """What things cost, as far as the settings say so."""
    people: "people.People | None"
    """Those whom questions can be given to; None where nobody is known."""
    watches_loops: bool
    """Whether a rule looks for agents that go round in circles."""
    sent: SentSteps | None
    """Records what steps send; None where that is not kept."""
    observer: "guarded.GuardedObserver | None"
    """Who is told of what runs do; None where nobody is."""

    def traceparent(self) -> str | None:
        """Return the place in a trace at which a run is started now, if it is traced."""
        context = None if self.observer is None else self.observer.current()
        return None if context is None else context.traceparent

    def trace_of(self, run: Run, facts: Sequence[Fact]) -> "run_trace.RunTrace | None":
        """Return what follows a run for the observer, if there is one; a run that cannot be followed is not."""
        if self.observer is None:
            return None
        try:
            return run_trace.RunTrace(run, facts, self.observer, self.clock)
        except Exception:
            _LOG.exception("run %s is not traced", run.id)
            return None


async def cannot_retry(run: str) -> None:
    """Refuse: whoever made the worker has not said who operates runs."""
    raise NotPossible(f"run {run} cannot be retried: nobody here operates runs.")
