"""The store itself: which connection does what."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TypeVar

from podium.errors import InvalidValue, StoreBusy, StoreError, Unwritable
from podium.store.journaling.appending import Head, Salts
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.operations import Committed, CommitVerdict, Operation, Write
from podium.store.protocol import Claimed, Serving, Woken
from podium.store.sqlite.alone import append_alone, is_alone, lone
from podium.store.sqlite.connection import (
    OF_A_VALUE,
    Durability,
    connect,
    log_bytes,
    migrate,
    prepare,
    reserve_log,
    transaction,
    translate,
    translated,
)
from podium.store.sqlite.file import StoreFile
from podium.store.sqlite.ownership import (
    claim,
    deliveries,
    due,
    load,
    next_due,
    ready,
    served_again,
    take_over,
    waits_for_another,
    wake,
)
from podium.store.sqlite.readers import Readers
from podium.store.sqlite.schema import own_schema, schema_of
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.tables import SqliteTables
from podium.store.sqlite.transaction import SqliteTransaction
from podium.store.sqlite.upkeep import SqliteUpkeep
from podium.store.sqlite.words import FullTextWords
from podium.store.sqlite.workers import Workers
from podium.store.store_thread import StoreThread
from podium.store.tables.books import TableBooks
from podium.store.tables.cache import TableAnswerCache
from podium.store.tables.delegations import TableDelegations
from podium.store.tables.events import TableEvents
from podium.store.tables.ledger import TableLedger
from podium.store.tables.memory import TableMemory
from podium.store.tables.reading import TableReading
from podium.store.tables.shared_states import TableSharedStates
from podium.store.tables.statements import Statements
from podium.store.tables.streams import TableStreams

_CHECKPOINT_COMMITS = {"process": 2_000, "power": 400}
"""With `power` the log is to stay within the space that it owns already."""
_LONG_LOG_BYTES = 256 * 1024 * 1024
_RESTART_MILLISECONDS = 100
"""So long each checkpoint holds writers up for readers to move on, where a long log is to be begun anew."""
_WAIT_SECONDS = 30.0
_SCRUB_MILLISECONDS = 1_000
"""So long those are waited for who read what was deleted."""
_NO_LOCK = nullcontext()
_LARGE = 2_000
"""A commit of more operations than this is made in the thread, so that the loop is not held up."""
_FAST_SECONDS = 0.001
_SLOW_COMMITS = 64
"""So many commits are left to the thread once the disk was slow."""

T = TypeVar("T")

_LOG = logging.getLogger("podium")


class SqliteStore(TableReading, TableBooks):
    """A store in one SQLite file; `:memory:` for work that need not survive.

    It commits on the event loop, where that takes microseconds and never waits for a lock. What has to wait, for
    another process or with `power` for the disk, is done in a thread on a connection that does. Beats have a third
    connection, so that a busy loop is not taken for dead.
    """

    def __init__(self, path: str, *, durability: Durability = "process") -> None:
        """Open the file, creating or migrating it; raises StoreError with what to do where that cannot be."""
        self.path = path
        self._memory_only = path == ":memory:"
        self._waits_for_disk = durability == "power" and not self._memory_only
        self._lock = threading.RLock()
        self._beats_lock = self._lock if self._memory_only else threading.RLock()
        self._thread = StoreThread("podium-commit")
        self._slow_commits = 0
        self._commits = 0
        self._checkpoint_after = _CHECKPOINT_COMMITS[durability]
        self._checkpointing = False
        self._long_log = _LONG_LOG_BYTES
        """How long the log was when somebody was told of it."""
        self._unscrubbed = False
        """Whether something that was deleted may still stand in the log."""
        self._heads: dict[int, Head] = {}
        self._salts = Salts()
        if self._memory_only:
            self._loop = connect(path, durability, wait=0.0)
            migrate(self._loop, path)
            self._patient = self._beats = self._loop
        else:
            self._patient = prepare(path, durability, wait=_WAIT_SECONDS)
            self._loop = connect(path, durability, wait=0.0)
            self._beats = connect(path, durability, wait=_WAIT_SECONDS)
            if durability == "power":
                reserve_log(self._patient, path)
        self._file = StoreFile(path)
        self._readers = Readers(path, self._loop, self._lock)
        tables = SqliteTables(self._readers, self._loop, self._patient, self._lock, path)
        super().__init__(tables)
        self.memory = TableMemory(tables, FullTextWords())
        self.ledger = TableLedger(tables, lambda: (own_schema(), schema_of(self._loop)))
        self.answers = TableAnswerCache(tables)
        self.delegations = TableDelegations(tables)
        self.streams = TableStreams(tables)
        self.events = TableEvents(tables)
        self.states = None if self._memory_only else TableSharedStates(tables, self._share)
        self.upkeep = SqliteUpkeep(self._patient, self._lock, path)
        self.workers = Workers(self._beats, self._beats_lock, path, self._file)
        self._seen: tuple[str, Serving, int] | None = None
        """Who looked what for last, and at which version of the file."""

    # Writing

    def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Awaitable[Committed]:
        """Commit on the event loop; in the thread where another process writes, or the disk is waited for."""
        if len(operations) >= _LARGE or (self._waits_for_disk and not self._is_quick(alone=alone)):
            return self._commit_in_thread(worker, operations)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Committed] = loop.create_future()
        began = loop.time() if self._waits_for_disk else 0.0
        try:
            committed = self._commit(self._loop, worker, operations)
        except StoreBusy:
            return self._commit_in_thread(worker, operations)
        except Exception as error:  # whatever it is, whoever asked is told
            done.set_exception(error)
            return done
        if self._waits_for_disk and loop.time() - began > _FAST_SECONDS:
            self._slow_commits = _SLOW_COMMITS
        if committed.deleted:
            return self._thread.do(lambda: self._scrubbed(committed))
        done.set_result(committed)
        self._checkpoint_if_due()
        return done

    def _is_quick(self, *, alone: bool) -> bool:
        """Whether to wait for the disk on the event loop: nobody else uses it, and the disk was fast of late."""
        if alone and self._slow_commits:
            self._slow_commits -= 1
            return False
        return alone

    def _commit_in_thread(self, worker: str, operations: Sequence[Operation]) -> "asyncio.Future[Committed]":
        def work() -> Committed:
            committed = self._commit(self._patient, worker, operations)
            return self._scrubbed(committed) if committed.deleted else committed

        done = self._thread.do(work)
        done.add_done_callback(lambda _: self._checkpoint_if_due())
        return done

    def _commit(self, connection: sqlite3.Connection, worker: str, operations: Sequence[Operation]) -> Committed:
        if self._file.lost is not None:
            raise self._file.lost
        self._commits += 1
        write = lone(operations)
        head = None if write is None else self._heads.get(write.run)
        if write is not None and head is not None and is_alone(write, head):
            return self._commit_alone(connection, worker, write, head)
        group = CommitTransaction(SqliteTransaction(connection), worker, self._heads, self._salts)
        with self._lock if connection is self._patient else _NO_LOCK:
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = group.perform(operations)
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, InvalidValue):
                    raise Unwritable(str(error)) from error
                if isinstance(error, (sqlite3.Error, *OF_A_VALUE)):
                    raise translate(error, self.path) from error
                raise
        self._learn(group)
        return result

    def _learn(self, group: CommitTransaction) -> None:
        """Keep in mind what a commit did."""
        for number, head in group.journals.heads.items():
            if head is None:
                self._heads.pop(number, None)
            else:
                self._heads[number] = head
        if group.result.noteworthy:
            self.events.ring()
        if any(run.sticky for run in group.result.placed):
            self._seen = None  # who is to drive it, the next look tells

    def _commit_alone(self, connection: sqlite3.Connection, worker: str, write: Write, head: Head) -> Committed:
        with self._lock if connection is self._patient else _NO_LOCK:
            try:
                after = append_alone(connection, worker, write, head, self._salts)
            except (sqlite3.Error, *OF_A_VALUE) as error:
                raise translate(error, self.path) from error
        if after is None:
            del self._heads[write.run]
            return Committed([CommitVerdict.STALE])
        self._heads[write.run] = after
        return Committed([CommitVerdict.OK])

    def _checkpoint_if_due(self) -> None:
        """Have the write-ahead log folded into the file, if it has grown enough."""
        if self._commits < self._checkpoint_after or self._checkpointing or self._memory_only:
            return
        self._checkpointing = True

        def ended(done: "asyncio.Future[None]") -> None:
            self._checkpointing = False
            done.exception()  # one that failed is made good by the next: nothing recorded depends on it

        self._thread.do(self._checkpoint).add_done_callback(ended)

    def _checkpoint(self) -> None:
        """Fold the log into the file. Only a log grown long, or one to be scrubbed, holds writers up."""
        self._commits = 0
        with self._lock, translated(self.path):
            if self._unscrubbed:
                self._scrub()
            if self.upkeep.unscrubbed:
                self.upkeep.scrub()
            size = log_bytes(self.path)
            if size <= _LONG_LOG_BYTES:
                self._patient.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self._long_log = _LONG_LOG_BYTES
            elif self._busy("RESTART", _RESTART_MILLISECONDS) and size >= 2 * self._long_log:
                self._long_log = size
                _LOG.warning(
                    "the log %s-wal has grown to %d MB: somebody has been reading for long. End what has the store"
                    " open, such as a backup, an audit or an SQLite shell, and it is used anew.",
                    self.path, size // 1_000_000,
                )  # fmt: skip

    def _scrubbed(self, committed: Committed) -> Committed:
        """Leave nothing in the log of what a commit deleted; what others read just now, the next checkpoint does."""
        if not self._memory_only:
            self._unscrubbed = True
            with self._lock, translated(self.path):
                self._scrub()
        return committed

    def _scrub(self) -> None:
        self._unscrubbed = self._busy("TRUNCATE", _SCRUB_MILLISECONDS)

    def _busy(self, checkpoint: str, milliseconds: int) -> bool:
        """Fold the log into the file, and wait no longer than that for who reads; whether somebody still did."""
        self._patient.execute(f"PRAGMA busy_timeout = {milliseconds}")
        try:
            return bool(self._patient.execute(f"PRAGMA wal_checkpoint({checkpoint})").fetchone()[0])
        finally:
            self._patient.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1_000)}")

    # Ownership

    async def claim(self, worker: str, numbers: Sequence[int], workflows: Sequence[str]) -> list[Claimed]:
        """Take ownership of ready runs, then load journal and signals."""
        mine = await self._write(lambda connection: claim(connection, worker, numbers, workflows))
        for number in mine:
            self._heads.pop(number, None)
        with translated(self.path):
            return [load(self._loop, number) for number in mine]

    async def take_over(self, run_id: str, worker: str) -> Claimed | None:
        """Claim a run that nobody drives, whatever its state, for an operator's change."""
        number = await self._write(lambda connection: take_over(connection, run_id, worker))
        with translated(self.path):
            return None if number is None else load(self._loop, number)

    def listen(self, *, work: Callable[[], None], ends: Callable[[], None]) -> None:
        """Do nothing: who writes to a file tells nobody."""

    async def wake(self, worker: str, serving: Serving, now: float) -> Woken:
        """Wake what is due, and look for what others left: again only once another connection has written."""
        self._file.check()
        with translated(self.path):
            seen = (worker, serving, self._loop.execute("PRAGMA data_version").fetchone()[0])
            woken = Woken(changed=seen != self._seen)
            served = serving if woken.changed else None
            waiting = due(self._loop, now) or (served is not None and served_again(self._loop, served))
        if waiting:
            woken.placed = await self._write(lambda connection: wake(connection, now, served))
        with translated(self.path):
            if woken.changed or any(run.sticky for run in woken.placed):
                woken.ready = ready(self._loop, worker, serving)
                woken.deliveries = deliveries(self._loop, worker)
                woken.more_soon = waits_for_another(self._loop, serving)
                self._seen = seen if len(woken.ready) < serving.limit and not woken.more_soon else None
            woken.next_due = next_due(self._loop)
        return woken

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Change the store on the event loop; in the thread where another process writes."""
        self._file.check()
        with self._lock if self._memory_only else _NO_LOCK:
            try:
                with transaction(self._loop, self.path) as connection:
                    return work(connection)
            except StoreBusy:
                pass
        return await self._write_in_thread(work)

    def _write_in_thread(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        def in_thread() -> T:
            with self._lock, transaction(self._patient, self.path) as connection:
                return work(connection)

        return self._thread.do(in_thread)

    async def _share(self, work: Callable[[Statements], bool]) -> bool:
        """Change what processes share: often, so it never waits for the disk on the event loop."""
        self._commits += 1

        def change(connection: sqlite3.Connection) -> bool:
            return work(SqliteStatements(connection))

        return await (self._write_in_thread(change) if self._waits_for_disk else self._write(change))

    def close(self) -> None:
        """Close all connections, each once no thread uses it; the last one folds the log into the file."""
        self._thread.stop()
        self._readers.close()
        with self._lock, self._beats_lock:
            for connection in {id(c): c for c in (self._beats, self._patient, self._loop)}.values():
                connection.close()
        if self.upkeep.unscrubbed:  # what somebody still read when it was deleted
            with suppress(StoreError):
                self.upkeep.scrub()


def default_path(folder: Path) -> str:
    """Return where a project keeps its store."""
    return str(folder / ".podium" / "podium.db")
