"""What is noteworthy about runs and questions, of the whole system: events in the order in which they were committed.

They are for those who watch many runs: dashboards, programs that are told of what happened, people on call. What a
run says while it goes on is in its own stream (`podium.model.streams`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from podium.model.event_types import EventType
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvent:
    """Something that happened to a run, or to one of its questions."""

    position: int
    """Grows by one from each event to the next: who has seen this one goes on after this position."""
    at: float
    """Seconds since 1970, by the clock of whoever did it; where they did not say, by that of the store."""
    type: EventType
    run: str
    root: str
    """The run that started it, directly or not; the run itself where it is no child run."""
    workflow: str
    tenant: str
    principal: str
    question: str | None = None
    """The id of the question, where it is about one."""
    to: str | None = None
    """Whom that is put to."""
    assignee: str | None = None
    """To whom it was given by then, where it was given to somebody."""
    content: Mapping[str, Json]
    """What more there is to say: see `EventType`. Never what agents or people were given, or said."""

    def json(self) -> dict[str, Json]:
        """Return it as JSON."""
        return {
            "type": self.type.value, "position": self.position, "at": self.at, "run": self.run, "root": self.root,
            "workflow": self.workflow, "tenant": self.tenant, "principal": self.principal, "question": self.question,
            "to": self.to, "assignee": self.assignee, "content": dict(self.content),
        }  # fmt: skip


class EventBook(Protocol):
    """The events of a store. A commit writes those of what it changes, or none of it is there.

    Positions are given in the order of the commits, from 1 on, and none is left out: whoever has read up to a position
    has missed nothing before it, and where the next one there is does not follow, the ones between were deleted.
    """

    @property
    def tells(self) -> bool:
        """Whether those who `hear` are told of what other processes commit too, and need not look."""
        ...

    def hear(self, ring: Callable[[], None]) -> AbstractContextManager[Callable[[], bool]]:
        """Have `ring` called, maybe in another thread, when there may be more, while the block lasts.

        That is at once for what this process commits. It gives a function: whether it is so now for other processes
        too, or one has to look.
        """
        ...

    async def after(self, position: int, limit: int) -> Sequence[SystemEvent]:
        """Return the first events after a position, in order. Raises StoreError."""
        ...

    async def last(self) -> int:
        """Return the position of the last event; 0 where there was none. Raises StoreError."""
        ...

    async def expire(self, before: float) -> bool:
        """Delete the oldest events up to the first that is not from before a time; the last one stays.

        At most some thousands at once, so that nobody waits for long; whether there may be more. Costs no more than a
        look where there is nothing. Raises StoreError.
        """
        ...
