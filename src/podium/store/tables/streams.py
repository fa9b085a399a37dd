"""Transient events for readers in other processes, in the store's own tables."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from podium.model.streams.book import KeptEvent, KeptEvents, StreamQuery, StreamSlice
from podium.store.codec import encode_as_is
from podium.store.journaling.chain import place_within
from podium.store.tables.rows import facts_of, run_of
from podium.store.tables.statements import Statements, Tables


class TableStreams:
    """Read at once, where that takes microseconds; a watch is written in a thread, where that may wait."""

    tells = False
    """A file tells nobody."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hear(self, run: str, ring: Callable[[], None]) -> AbstractContextManager[Callable[[], bool]]:
        """Say that one has to look."""
        del run, ring
        return nullcontext(lambda: False)

    async def watch(self, run: str, reader: str, until: float) -> None:
        """Enter that somebody watches a run."""
        await self._tables.write_in_thread(lambda s: s.do("stream_watch", run, reader, until))

    async def expire(self, now: float) -> None:
        """Look first whether anything is too old: most stores have nothing, and need not be written."""

        def work(statements: Statements) -> None:
            for name in ("stream_watches_expire", "stream_events_expire", "stream_heads_expire"):
                statements.do(name, now)

        row = await self._tables.read(lambda s: s.one("stream_is_old", now))
        if row is not None and row[0]:
            await self._tables.write_in_thread(work)

    async def watched(self, now: float, *, own: str) -> dict[str, float]:
        """Return the runs that others watch, and until when."""
        return dict(await self._tables.read(lambda s: s.all("stream_watched", now, own)))

    async def next(self, query: StreamQuery) -> StreamSlice:
        """Return what comes next of a run."""
        return await self._tables.read(lambda s: _slice(s, query))

    async def kept(self, run: str, after: int) -> KeptEvents | None:
        """Return what is kept of a run after a number."""
        return await self._tables.read(lambda s: _kept(s, run, after))


def _slice(statements: Statements, query: StreamQuery) -> StreamSlice:
    before = place_within(query.facts) - 1
    with statements.of_one_moment():
        row = statements.one("run_row_by_id", query.run)
        return StreamSlice(
            facts=() if row is None else facts_of(statements, "facts_of_run", row[0], before, query.limit),
            run=None if row is None else run_of(row),
            kept=None if query.after is None else _kept(statements, query.run, query.after),
        )


def _kept(statements: Statements, run: str, after: int) -> KeptEvents | None:
    with statements.of_one_moment():
        head = statements.one("stream_head_get", run)
        if head is None:
            return None
        rows = statements.all("stream_events_after", run, after)
        before = statements.one("stream_event_before", run, after)
    events = [KeptEvent(*row) for row in rows]
    return KeptEvents(head[0], head[1], events, None if before is None else KeptEvent(*before))


def forget_events(statements: Statements, runs: Sequence[str]) -> None:
    """Delete all that is kept of the events of these runs."""
    for name in ("stream_events_forget", "stream_heads_forget"):
        statements.do(name, encode_as_is(list(runs)).decode())
