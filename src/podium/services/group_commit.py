"""Group commit: all that the runs of a process record in one loop turn goes into the store in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from podium.errors import StoreBusy, StoreError, StoreUnavailable, Unwritable
from podium.services.commit_thread import CommitThread
from podium.services.isolation import CommitAnswer, commit_apart
from podium.store.operations import Committed, CommitVerdict, Operation, Placed
from podium.store.protocol import Store

_LOG = logging.getLogger("podium")

_FAST_SECONDS = 0.001
_SLOW_COMMITS = 64
_OF_ONE_RUN = 3
"""So many operations a run that is alone may have in a batch."""
_LARGE = 2_000
"""A batch of more operations than this is committed in the thread, so that the loop is not held up."""


class CommitListener(Protocol):
    """Who is told of runs that a commit made ready or woke."""

    def placed(self, runs: list[Placed]) -> None:
        """These runs wait for a worker."""
        ...

    def woken(self, runs: list[int]) -> None:
        """These runs, in somebody's memory, have new signals."""
        ...


Settled = Callable[[CommitAnswer, Committed], None]


class CommitBatch:
    """What one transaction is to hold, and who waits for it."""

    __slots__ = ("_waiters", "done", "operations", "settled")

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.settled: list[Settled] = []
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
    """Collects operations and commits them once per loop turn: on the loop, or in a thread where that would wait."""

    def __init__(self, store: Store, worker: str, listener: CommitListener) -> None:
        self._store = store
        self.worker = worker
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._thread = CommitThread(self._loop)
        self.batch = CommitBatch()
        """What is put now goes into it."""
        self._scheduled = False
        self._in_thread = False
        self._in_flight = self.batch
        self._checkpointing = False
        self._slow_commits = 0
        """So many commits are still left to the thread, because the disk was slow."""

    def put(self, operation: Operation, settled: Settled) -> None:
        """Have an operation committed with this loop turn; `settled` is told its verdict."""
        self.batch.operations.append(operation)
        self.batch.settled.append(settled)
        if not self._scheduled and not self._in_thread:
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

    async def close(self) -> None:
        """Commit what is left, then end the thread."""
        while self.batch.operations or self._in_thread:
            await (self._in_flight if self._in_thread else self.batch).wait()
        await self._thread.stop()

    def flush_alone(self) -> None:
        """Commit at once, without a turn of the loop or a thread: there is nobody to share the commit with.

        What is to be committed is one run's: what it appended, what it wants to set aside, and an escrow beside.
        A commit that waits for the disk is made so only while the disk is fast: the loop stands still meanwhile.
        """
        if not 1 <= len(self.batch.operations) <= _OF_ONE_RUN or self._in_thread:
            return
        if not self._store.threaded:
            self._commit()
        elif self._slow_commits:
            self._slow_commits -= 1
        else:
            start = self._loop.time()
            self._commit(on_loop=True)
            if self._loop.time() - start > _FAST_SECONDS:
                self._slow_commits = _SLOW_COMMITS

    def _flush(self) -> None:
        self._scheduled = False
        if self.batch.operations and not self._in_thread:
            self._commit()

    def _commit(self, *, on_loop: bool = False) -> None:
        batch, self.batch = self.batch, CommitBatch()
        if (self._store.threaded and not on_loop) or len(batch.operations) >= _LARGE:
            self._commit_in_thread(batch)
            return
        try:
            committed = self._store.commit(self.worker, batch.operations)
        except (StoreBusy, Unwritable):
            self._commit_in_thread(batch)
        except Exception as error:  # whatever it is, those who wait are told
            self._fail(error, batch)
        else:
            self._settle(committed.verdicts, committed, batch)
            self._checkpoint()

    def _commit_in_thread(self, batch: CommitBatch) -> None:
        """Commit a batch where that may wait; what cannot be stored is left out and its sender told."""
        self._in_thread, self._in_flight = True, batch
        worker = self.worker

        def commit(operations: Sequence[Operation]) -> Committed:
            return self._store.commit_waiting(worker, operations)

        def settled(done: tuple[Sequence[CommitAnswer], Committed]) -> None:
            self._in_thread = False
            self._settle(*done, batch)
            self._checkpoint()
            self._flush()

        def failed(error: Exception) -> None:
            self._in_thread = False
            self._fail(error, batch)
            self._flush()

        self._thread.do(lambda: commit_apart(commit, batch.operations), settled, failed)

    def _checkpoint(self) -> None:
        if not self._checkpointing and self._store.checkpoint_due():
            self._checkpointing = True
            self._thread.do(self._store.checkpoint, self._checkpointed, self._checkpointed)

    def _checkpointed(self, _: object) -> None:
        """A checkpoint that failed is made good by the next one: nothing recorded depends on it."""
        self._checkpointing = False

    def _settle(self, answers: Sequence[CommitAnswer], committed: Committed, batch: CommitBatch) -> None:
        for tell, answer in zip(batch.settled, answers, strict=True):
            try:
                tell(answer, committed)
            except Exception:  # a mistake of one receiver is not to keep the news from the others
                _LOG.exception("whoever recorded something failed when told of it")
        batch.end()
        if committed.placed:
            self._listener.placed(committed.placed)
        if committed.woken:
            self._listener.woken(committed.woken)

    def _fail(self, error: Exception, batch: CommitBatch) -> None:
        if not isinstance(error, StoreError):
            error = StoreUnavailable(f"a commit failed, nothing of it is recorded: {type(error).__name__}: {error}")
        nothing = Committed([])
        for tell in batch.settled:
            tell(error, nothing)
        batch.end()
