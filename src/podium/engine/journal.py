"""Group commit: all that the runs of a process record in one loop turn goes into the store in one transaction."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from podium.errors import StoreBusy, StoreError
from podium.store.protocol import Committed, Operation, Placed, Store, Verdict

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


Settled = Callable[[Verdict | StoreError, Committed], None]


class Journal:
    """Collects operations and commits them once per loop turn: on the loop, or in a thread where that would wait."""

    def __init__(self, store: Store, worker: str, listener: CommitListener) -> None:
        self._store = store
        self.worker = worker
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="podium-commit")
        self._operations: list[Operation] = []
        self._settled: list[Settled] = []
        self.batch: asyncio.Future[None] = self._loop.create_future()
        """Done once everything that was put until now is committed."""
        self._scheduled = False
        self._in_thread: asyncio.Future[Committed] | None = None
        self._checkpointing: Future[None] | None = None

    def put(self, operation: Operation, settled: Settled) -> None:
        """Have an operation committed with this loop turn; `settled` is told its verdict."""
        self._operations.append(operation)
        self._settled.append(settled)
        if not self._scheduled and self._in_thread is None:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    async def submit(self, operation: Operation) -> tuple[Verdict, Committed]:
        """Commit an operation; returns its verdict and all of its commit. Raises StoreError where the store cannot."""
        answer: asyncio.Future[tuple[Verdict, Committed]] = self._loop.create_future()

        def settled(verdict: Verdict | StoreError, committed: Committed) -> None:
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
        while self._operations or self._in_thread is not None:
            await asyncio.wait([self.batch] if self._in_thread is None else [self._in_thread])
        self._thread.shutdown()

    def _flush(self) -> None:
        self._scheduled = False
        if not self._operations or self._in_thread is not None:
            return
        operations, settled, batch = self._operations, self._settled, self.batch
        self._operations, self._settled, self.batch = [], [], self._loop.create_future()
        if not self._store.threaded and len(operations) < _LARGE:
            try:
                self._settle(self._store.commit(self.worker, operations), settled, batch)
            except StoreBusy:
                pass
            except StoreError as error:
                self._fail(error, settled, batch)
                return
            else:
                self._checkpoint()
                return
        work = self._loop.run_in_executor(self._thread, self._store.commit_waiting, self.worker, operations)
        self._in_thread = work
        work.add_done_callback(lambda done: self._thread_done(done, settled, batch))

    def _checkpoint(self) -> None:
        if (self._checkpointing is None or self._checkpointing.done()) and self._store.checkpoint_due():
            self._checkpointing = self._thread.submit(self._store.checkpoint)

    def _thread_done(
        self, done: "asyncio.Future[Committed]", settled: list[Settled], batch: "asyncio.Future[None]"
    ) -> None:
        self._in_thread = None
        error = done.exception()
        if error is None:
            self._settle(done.result(), settled, batch)
            self._checkpoint()
        elif isinstance(error, StoreError):
            self._fail(error, settled, batch)
        else:
            raise error
        if self._operations and not self._scheduled:
            self._flush()

    def _settle(self, committed: Committed, settled: list[Settled], batch: "asyncio.Future[None]") -> None:
        for tell, verdict in zip(settled, committed.verdicts, strict=True):
            tell(verdict, committed)
        batch.set_result(None)
        if committed.placed:
            self._listener.placed(committed.placed)
        if committed.woken:
            self._listener.woken(committed.woken)

    def _fail(self, error: StoreError, settled: list[Settled], batch: "asyncio.Future[None]") -> None:
        nothing = Committed([])
        for tell in settled:
            tell(error, nothing)
        batch.set_result(None)
