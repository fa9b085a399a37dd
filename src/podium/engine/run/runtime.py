"""What every run of a worker shares."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.dispatch.dispatcher import Dispatcher
from podium.engine.run.recalls import Recalls
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.prices import PriceSettings
from podium.services.group_commit import GroupCommit
from podium.services.stream import Streams
from podium.services.timers import Timers
from podium.store.protocol import Store


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
    recalls: Recalls
    """The escrows of all runs in memory."""
    max_facts: int
    """Facts that one run may have."""
    max_payload_bytes: int
    """Bytes that an input or a value may have."""
    max_depth: int
    """Workflows above a child run, with itself."""
    prices: PriceSettings
    """What things cost, as far as the settings say so."""
    watches_loops: bool
    """Whether a rule looks for agents that go round in circles."""
