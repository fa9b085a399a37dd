"""The reading half of an app, from a store alone: nothing is registered, and no run is driven."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from podium.facade.conversation_reader import ConversationReader
from podium.facade.questions import Questions
from podium.facade.reports import Reports
from podium.facade.runs import Runs
from podium.facade.sight import Sight
from podium.model.audit import Anchor, Audit, SealChecker
from podium.model.clock import SystemClock
from podium.model.ids import RandomIds
from podium.model.principal import Principal
from podium.model.streams.event import StreamEvent
from podium.reports.audit import audit
from podium.reports.progress import AuditProgress
from podium.services.streams.feed import Feed
from podium.services.streams.reading import StreamReader, Watching
from podium.store.protocol import Store


class Reader:
    """Looks at what a store has, for one principal or for everybody."""

    def __init__(self, store: Store, principal: Principal | None = None) -> None:
        self._store = store
        self._sight = Sight(store, principal)
        self.runs = Runs(self._sight)
        self.conversations = ConversationReader(self._sight)
        self.inbox = Questions(self._sight)
        self.reports = Reports(self._sight)

    async def stream(self, run_id: str, *, after: int | None = 0) -> AsyncGenerator[StreamEvent]:
        """Give the events of a run until it ends or is blocked: all, those after a number, or with None those to come.

        Raises UnknownRun.
        """
        await self._sight.run(run_id)
        how = Watching(store=self._store, clock=SystemClock(), reader=RandomIds().new("reader"), feed=Feed())
        reader = StreamReader(run_id, after, how)
        await reader.begin()
        async with aclosing(reader.looks()) as looks:
            async for look in looks:
                for event in look.events:
                    yield event

    async def audit(
        self, *, checker: SealChecker | None = None, anchor: Anchor | None = None,
        progress: AuditProgress | None = None,
    ) -> Audit:  # fmt: skip
        """Check everything, as it is at one moment; nobody else reads through this store meanwhile.

        With `progress` one that is interrupted goes on where it stopped.
        """
        self._sight.require_installation("the audit of the store")
        return await audit(self._store, checker=checker, anchor=anchor, progress=progress)


class View(Protocol):
    """What can be asked of an app and of a store alone."""

    @property
    def runs(self) -> Runs:
        """The runs that there are."""
        ...

    @property
    def inbox(self) -> Questions:
        """What waits for people."""
        ...

    @property
    def reports(self) -> Reports:
        """What was spent, what failed, how agents are."""
        ...
