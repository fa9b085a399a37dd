"""Group commit: all that the runs of a process record in one loop turn goes into the store in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from podium import lazy
from podium.errors import StoreError, StoreUnavailable, Unwritable
from podium.services.isolation import CommitAnswer, commit_apart
from podium.services.last_write import LastWrite
from podium.store.operations import Committed, CommitVerdict, Delivery, Operation, Placed
from podium.store.protocol import RunStore

if TYPE_CHECKING:
    from podium.telemetry import spans
    from podium.telemetry.observer import Observer
else:
    spans = lazy.module("podium.telemetry.spans")

_LOG = logging.getLogger("podium")

_OF_ONE_RUN = 3
"""So many operations a run that is alone may have in a batch."""


class CommitListener(Protocol):
    """Who is told of runs that a commit made ready, and of what came for those that are driven."""

    def placed(self, runs: list[Placed]) -> None:
        """These runs wait for a worker."""
        ...

    def received(self, delivery: Delivery) -> None:
        """This is what came for a run that is driven here."""
        ...


Settled = Callable[[CommitAnswer, Committed], None]


class CommitBatch:
    """What one transaction is to hold, and who waits for it."""

    __slots__ = ("_waiters", "began", "done", "operations", "settled")

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.settled: list[Settled] = []
        self.began = 0.0
        """When its commit began, by the clock of the event loop."""
        self.done = False
        self._waiters: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        """Return once it is committed, or has failed. Each waiter has a future of its own: one may be cancelled."""
        if not self.done:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(future)
            await future

    def end(self) -> None:
        """Let go of those who wait."""
        self.done = True
        for future in self._waiters:
            if not future.done():
                future.set_result(None)


class GroupCommit:
    """Collects operations and commits them once per loop turn; while a commit waits, what comes is for the next one."""

    def __init__(
        self, store: RunStore, worker: str, listener: CommitListener, last_write: LastWrite,
        observer: "Observer | None" = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._last_write = last_write
        self._observer = observer
        self.worker = worker
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self.batch = CommitBatch()
        """What is put now goes into it."""
        self._scheduled = False
        self._in_flight: CommitBatch | None = None
        self._dividing: asyncio.Task[None] | None = None
        self._riders: list[Callable[[], None]] = []

    def ride(self, along: Callable[[], None]) -> None:
        """Have something called before the next batch gets its first operation: what it puts is committed with that."""
        self._riders.append(along)

    def put(self, operation: Operation, settled: Settled) -> None:
        """Have an operation committed with this loop turn; `settled` is told its verdict."""
        if self._riders and not self.batch.operations:
            riders, self._riders = self._riders, []
            for along in riders:
                along()
        self.batch.operations.append(operation)
        self.batch.settled.append(settled)
        if not self._scheduled and self._in_flight is None:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    async def submit(self, operation: Operation) -> tuple[CommitVerdict, Committed]:
        """Commit an operation; returns its verdict and all of its commit. Raises StoreError where the store cannot."""
        answer: asyncio.Future[tuple[CommitVerdict, Committed]] = self._loop.create_future()

        def settled(verdict: CommitAnswer, committed: Committed) -> None:
            if answer.done():
                return
            if isinstance(verdict, StoreError):
                answer.set_exception(verdict)
            else:
                answer.set_result((verdict, committed))

        self.put(operation, settled)
        return await answer

    async def settled(self) -> None:
        """Return once all that was put before is committed, or has failed."""
        for batch in (self._in_flight, self.batch):
            if batch is not None and batch.operations:
                await batch.wait()

    async def close(self) -> None:
        """Commit what is left."""
        while self.batch.operations or self._in_flight is not None:
            await self.settled()

    def flush_alone(self) -> None:
        """Commit at once, without a turn of the loop: there is nobody to share the commit with.

        What is to be committed is one run's: what it appended, what it wants to set aside, and an escrow beside.
        """
        if 1 <= len(self.batch.operations) <= _OF_ONE_RUN and self._in_flight is None:
            self._commit(alone=True)

    def _flush(self) -> None:
        self._scheduled = False
        if self.batch.operations and self._in_flight is None:
            self._commit()

    def _commit(self, *, alone: bool = False) -> None:
        batch, self.batch = self.batch, CommitBatch()
        if self._observer is not None:
            batch.began = self._loop.time()
        try:
            committing = asyncio.ensure_future(self._store.commit(self.worker, batch.operations, alone=alone))
        except Exception as error:  # whatever it is, those who wait are told
            self._fail(error, batch)
            return
        if committing.done():
            self._committed(batch, committing)
        else:
            self._in_flight = batch
            committing.add_done_callback(lambda done: self._landed(batch, done))

    def _landed(self, batch: CommitBatch, done: "asyncio.Future[Committed]") -> None:
        """A commit that had to wait is done: what came meanwhile is for the next one."""
        self._in_flight = None
        self._committed(batch, done)
        self._flush()

    def _committed(self, batch: CommitBatch, done: "asyncio.Future[Committed]") -> None:
        error = done.exception()
        if error is None:
            committed = done.result()
            self._settle(committed.verdicts, committed, batch)
        elif isinstance(error, Unwritable):
            self._in_flight = batch
            self._dividing = self._loop.create_task(self._commit_apart(batch))
        else:
            self._fail(error, batch)

    async def _commit_apart(self, batch: CommitBatch) -> None:
        """Commit a batch without what cannot be stored, whose sender is told."""
        worker = self.worker
        try:
            answers, committed = await commit_apart(lambda part: self._store.commit(worker, part), batch.operations)
        except Exception as error:  # whatever it is, those who wait are told
            self._in_flight = None
            self._fail(error, batch)
        else:
            self._in_flight = None
            self._settle(answers, committed, batch)
        self._flush()

    def _settle(self, answers: Sequence[CommitAnswer], committed: Committed, batch: CommitBatch) -> None:
        for tell, answer in zip(batch.settled, answers, strict=True):
            try:
                tell(answer, committed)
            except Exception:  # a mistake of one receiver is not to keep the news from the others
                _LOG.exception("whoever recorded something failed when told of it")
        if self._last_write.error is not None:
            self._last_write.note(None)
        self._end(batch, failed=False)
        if committed.placed:
            self._listener.placed(committed.placed)
        for delivery in committed.deliveries.values():
            self._listener.received(delivery)

    def _fail(self, error: BaseException, batch: CommitBatch) -> None:
        if not isinstance(error, StoreError):
            error = StoreUnavailable(f"a commit failed, nothing of it is recorded: {type(error).__name__}: {error}")
        self._last_write.note(error)
        nothing = Committed([])
        for tell in batch.settled:
            tell(error, nothing)
        self._end(batch, failed=True)

    def _end(self, batch: CommitBatch, *, failed: bool) -> None:
        batch.end()
        if self._observer is not None:
            seconds = self._loop.time() - batch.began
            self._observer.commit(spans.CommitDone(operations=len(batch.operations), seconds=seconds, failed=failed))
