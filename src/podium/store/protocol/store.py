"""A store: who drives runs and who looks at them share it, and it keeps some books beside."""

from typing import TYPE_CHECKING, Protocol

from podium.model.audit import Ledger
from podium.model.cache import AnswerCache
from podium.model.delegation import DelegationBook
from podium.model.memory import MemoryStore
from podium.model.shared_states import SharedStates
from podium.model.streams.book import StreamBook
from podium.store.protocol.reading import ReadStore
from podium.store.protocol.running import RunStore
from podium.store.protocol.upkeep import Upkeep
from podium.store.protocol.workers import WorkerRegistry

if TYPE_CHECKING:
    from podium.model.action import ActionBook
    from podium.model.api_key import KeyBook
    from podium.model.events import EventBook
    from podium.model.inbox_book import InboxBook
    from podium.store.protocol.webhooks import WebhookBook


class Store(RunStore, ReadStore, Protocol):
    """A place that remembers runs."""

    @property
    def memory(self) -> MemoryStore:
        """Shared memory of agents."""
        ...

    @property
    def delegations(self) -> DelegationBook:
        """Who may act for whom."""
        ...

    @property
    def inbox(self) -> "InboxBook":
        """What is said of questions, and who is away."""
        ...

    @property
    def keys(self) -> "KeyBook":
        """With what programs sign in."""
        ...

    @property
    def action_book(self) -> "ActionBook":
        """Where it is written down who asks for which change; `actions` lists them."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The chain of the heads of all runs."""
        ...

    @property
    def answers(self) -> AnswerCache:
        """Answers of agents that are kept for a while."""
        ...

    @property
    def streams(self) -> StreamBook:
        """Who watches runs that others drive, and the transient events of these."""
        ...

    @property
    def webhooks(self) -> "WebhookBook":
        """Who is told what happens to runs and questions, and what was delivered to them."""
        ...

    @property
    def events(self) -> "EventBook":
        """What is noteworthy about all runs and questions, in the order in which it was committed."""
        ...

    @property
    def states(self) -> SharedStates | None:
        """What processes share of limits, breakers, health and more; None where no other process can open the store."""
        ...

    @property
    def workers(self) -> WorkerRegistry:
        """Who drives runs on this store."""
        ...

    @property
    def upkeep(self) -> Upkeep:
        """What is done to the store as a whole."""
        ...

    async def keep_costs(self, limit: int) -> int:
        """Add up what trees of runs spent that have ended, of at most so many that are not yet; returns of how many.

        That makes `costs` quick, and changes no answer. A store that needs no such thing returns 0.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
