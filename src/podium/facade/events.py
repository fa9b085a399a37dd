"""`app.events`: what is noteworthy about all runs and questions, as it happens."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace

from podium.errors import InvalidValue
from podium.facade.scope import Scope
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.expected import NATURAL, TEXT, or_none
from podium.services.event_reader import EventBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Of which events somebody wants to be told."""

    types: frozenset[EventType] = frozenset()
    """None are all."""
    workflow: str | None = None
    run: str | None = None
    """Of this run, and of a run that is no child run also of those that it started."""

    def takes(self, event: SystemEvent) -> bool:
        """Whether an event is one of these; that some are gone is for everybody."""
        if event.type is EventType.GONE:
            return True
        if self.types and event.type not in self.types:
            return False
        if self.workflow not in (None, event.workflow):
            return False
        return self.run is None or self.run in (event.run, event.root)


def event_filter(types: Collection[str] | str = (), workflow: str | None = None, run: str | None = None) -> EventFilter:
    """Return what takes some events; raises UsageError or InvalidValue for a filter that none could pass."""
    or_none(TEXT).check("workflow", workflow)
    or_none(TEXT).check("run", run)
    given = [types] if isinstance(types, str) else list(types)
    known = {each.value for each in EventType}
    if unknown := [each for each in given if each not in known]:
        raise InvalidValue(f"there are no events of type {unknown[0]!r}; expected some of {', '.join(sorted(known))}.")
    return EventFilter(types=frozenset(map(EventType, given)), workflow=workflow, run=run)


class Events:
    """Watches what is noteworthy about the runs and questions that the principal may see.

    However many watch in a process, the store is asked once for all of them, and no viewer holds up another one.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def stream(
        self, *, after: int | None = None, types: Collection[str] | str = (), workflow: str | None = None,
        run: str | None = None,
    ) -> AsyncGenerator[SystemEvent]:  # fmt: skip
        """Give events as they are committed, in order, for ever: those after a position, or with None those to come.

        0 is the beginning. An event's `position` is what to go on after. Where some are not kept any more an event of
        the type `gone` says so. `types`, `workflow` and `run` leave out all others. Raises StoreError.
        """
        wanted = event_filter(types, workflow, run)
        async with aclosing(self.batches(after=after, wanted=wanted)) as batches:
            async for batch in batches:
                for event in batch.events:
                    yield event

    async def batches(self, *, after: int | None, wanted: EventFilter) -> AsyncGenerator[EventBatch]:
        """Give the same as they come together, each time with the position up to which there is nothing more."""
        or_none(NATURAL).check("after", after)
        scope = self._scope
        async with aclosing(scope.parts.events.batches(after)) as batches:
            async for events, position in batches:
                seen = [each for each in events if wanted.takes(each) and scope.sees_event(each)]
                yield EventBatch([self._told(each) for each in seen], position)

    async def last(self) -> int:
        """Return the position of the last event there is: what comes after it is yet to come."""
        return await self._scope.store.events.last()

    def _told(self, event: SystemEvent) -> SystemEvent:
        """Return an event as the principal is told it: how many are gone, of all tenants, is not for everybody."""
        if event.type is EventType.GONE and self._scope.confined is not None:
            return replace(event, content={"lost": None})
        return event
