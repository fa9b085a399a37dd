"""A run with its events, from the first one on."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Generic, TypeVar

from podium.facade.handle import RunHandle

if TYPE_CHECKING:
    from podium.model.streams.event import StreamEvent

Out = TypeVar("Out")


class RunStream(Generic[Out]):
    """The events of a run that was started with `app.run_stream`: iterate over them, then await its `result`."""

    def __init__(self, handle: RunHandle[Out]) -> None:
        self.handle = handle
        """The run's handle: to signal it, to cancel it."""
        self._events = handle.stream(after=0)

    def __aiter__(self) -> "AsyncIterator[StreamEvent]":
        """Give its events, from where one stopped before."""
        return self._events

    async def result(self) -> Out:
        """Wait for the run's end and return its value; raises RunFailed, RunCancelled or RunBlocked."""
        return await self.handle.result()

    async def close(self) -> None:
        """Read no more. The run goes on."""
        await self._events.aclose()
