"""Claiming, committing and waking on PostgreSQL: in one thread, on one connection, for which no event loop waits."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from podium.store.journaling.appending import Head, Salts
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.keeping import KeepEvents
from podium.store.operations import Block, Committed, FinishRun, Operation, Park, Prune, Redact, Release, Write
from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection
from podium.store.postgres.listening import Listener, News, tell
from podium.store.postgres.named import Named
from podium.store.postgres.ownership import Taken, claim, take_over, wake
from podium.store.postgres.session import Session
from podium.store.postgres.statements import PostgresStatements
from podium.store.postgres.stream_news import tell_events, tell_streams
from podium.store.postgres.transaction import PostgresTransaction
from podium.store.postgres.workers import fence
from podium.store.protocol import Claimed, Serving, Woken
from podium.store.store_thread import StoreThread

T = TypeVar("T")

_LOOK_SECONDS = 1.0
"""After so long others are looked for though nobody told of anything: who only writes down facts tells nobody."""

_HELD_SECONDS = 0.05
"""After so long a run is looked for again that is due, and that somebody is just changing, or holds standing still."""


class PostgresRunning:
    """What drives runs on a store."""

    def __init__(self, address: Address, ring: Callable[[], None]) -> None:
        """`ring` is called, in the thread that commits, for what is noteworthy."""
        self._ring = ring
        self._session = Session(address)
        self._listener = Listener(address, self._session.name)
        self._thread = StoreThread("podium-commit")
        self._heads: dict[int, Head] = {}
        self._salts = Salts()
        self._looked: tuple[str, Serving] | None = None
        """Who looked for what last, where it saw all there was."""
        self._look_at = 0.0
        self._next_due: float | None = None

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        """Commit in the thread."""
        del alone
        return self._thread.do(lambda: self._commit(worker, operations))

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs, then load journals and signals."""

        def work() -> list[Claimed]:
            found = self._write(
                worker, lambda c: claim(PostgresStatements(c), worker, numbers, workflows), lasting=False
            )
            return self._mine(found)

        claimed = await self._thread.do(work)
        if len(claimed) < len(numbers):
            self._looked = None  # one that was left out may be ready still
        return claimed

    async def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim a run that nobody drives, whatever its state, for an operator's change."""

        def work() -> Claimed | None:
            found = self._write(worker, lambda c: take_over(PostgresStatements(c), run_id, worker))
            return None if found is None else self._mine([found])[0]

        return await self._thread.do(work)

    def listen(self, *, work: Callable[[], None], ends: Callable[[], None]) -> None:
        """Have this called as soon as another process tells of something, once `wake` was asked for the first time."""

        def told(news: News) -> None:
            if news.work:
                work()
            if news.ends:
                ends()

        self._listener.listen(told)

    async def wake(self, worker: str, serving: Serving, now: float) -> Woken:
        """Wake what is due, and look for what others left: where somebody told of it, and now and then."""
        news, seen = self._listener.news(), (worker, serving)
        looks = news.work or seen != self._looked or time.monotonic() > self._look_at  # noqa: TID251 - other processes live in real time
        if not looks and (self._next_due is None or now < self._next_due):
            return Woken(next_due=self._next_due, changed=news.ends)

        def work() -> Woken:
            self._listener.open()
            return self._session.together(lambda c: wake(PostgresStatements(c), worker, now, serving))

        self._look_at = time.monotonic() + _LOOK_SECONDS  # noqa: TID251 - the same
        found = await self._thread.do(work)
        self._listener.watch()
        if found.next_due is not None and found.next_due <= now:
            found.next_due = now + _HELD_SECONDS
        self._next_due = found.next_due
        self._looked = seen if len(found.ready) < serving.limit and not found.more_soon else None
        found.changed = looks or news.ends
        return found

    def close(self) -> None:
        """Close all connections, once no thread uses them."""
        self._thread.stop()
        self._listener.close()
        self._session.close()

    def _commit(self, worker: str, operations: Sequence[Operation]) -> Committed:
        made: list[CommitTransaction] = []
        told: list[bool] = []

        lasting = not all(isinstance(each, KeepEvents) for each in operations)

        def work(connection: Connection) -> Committed:
            statements = PostgresStatements(connection)
            if not lasting:  # who has read these by then needs them no more, and the rest shows by their numbers
                statements.send("commit_unwaited")
            transaction = PostgresTransaction(statements, Named(operations))
            group = CommitTransaction(transaction, worker, self._heads, self._salts)
            made.append(group)
            committed = group.perform(operations)
            transaction.finish()
            told.append(transaction.told)
            return committed

        def after(connection: Connection, committed: Committed) -> None:
            work = told[-1] or bool(committed.placed)
            news = News(work=work, ends=any(_may_end(each) for each in operations))
            tell(connection, worker, self._session.name, news)
            tell_streams(PostgresStatements(connection), {op.run for op in operations if isinstance(op, KeepEvents)})
            if committed.noteworthy:
                tell_events(PostgresStatements(connection), worker)

        committed = self._write(worker, work, after=after, lasting=lasting)
        self._learn(made[-1], operations)
        if any(run.sticky for run in committed.placed):
            self._looked = None  # who is to drive it, the next look tells
        if committed.noteworthy:
            self._ring()
        return committed

    def _write(
        self, worker: str, work: Callable[[Connection], T], *, after: Callable[[Connection, T], object] | None = None,
        lasting: bool = True,
    ) -> T:  # fmt: skip
        """Make a transaction of a worker, which is fenced where the server has less than it was told to have."""

        def made(connection: Connection) -> T:
            if self._session.set_back:
                self._heads.clear()
                fence(connection, worker, lost=True)
            return work(connection)

        return self._session.write(made, after=after, lasting=lasting)

    def _learn(self, group: CommitTransaction, operations: Sequence[Operation]) -> None:
        for number, head in group.journals.heads.items():
            if head is None:
                self._heads.pop(number, None)
            else:
                self._heads[number] = head
        times = [
            each.close.wake_at
            for each in operations
            if isinstance(each, Write) and isinstance(each.close, Park) and each.close.wake_at is not None
        ]
        if times:
            self._next_due = min(times) if self._next_due is None else min(self._next_due, *times)

    def _mine(self, taken: Sequence[Taken]) -> list[Claimed]:
        """Learn where the journals of runs end that are taken: others may have appended to them."""
        for claimed, head in taken:
            if head is None:
                self._heads.pop(claimed.n, None)
            else:
                self._heads[claimed.n] = head
        return [each.claimed for each in taken]


def _may_end(operation: Operation) -> bool:
    """Whether others may wait for what an operation did to a run."""
    match operation:
        case Write(close=close):
            return isinstance(close, FinishRun | Block | Release)
        case Redact() | Prune():
            return True
        case _:
            return False
