"""Streams on PostgreSQL: who reads the runs of other processes reads them with one question for all."""

from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from psycopg import Cursor

from podium.model.streams.book import KeptEvent, KeptEvents, StreamQuery, StreamSlice
from podium.store.joint_questions import JointQuestions
from podium.store.journaling.chain import place_within
from podium.store.postgres.address import Address
from podium.store.postgres.columns import Floats, Ints, Texts
from podium.store.postgres.connection import Connection
from podium.store.postgres.session import Session
from podium.store.postgres.statements import PostgresStatements
from podium.store.postgres.stream_news import StreamNews, mark_of
from podium.store.store_thread import StoreThread
from podium.store.tables.rows import facts_in, run_of
from podium.store.tables.statements import Row, Tables
from podium.store.tables.streams import TableStreams

_Watch = tuple[str, str, float]


class PostgresStreams(TableStreams):
    """Streams in the store's own tables; the server says when something was added.

    They have a thread and a connection of their own, on which what all readers of a process want is asked together:
    each look by itself would be several ways to the server for each piece of text. A watch that is lost with its server
    is renewed soon, so the disk is not waited for.
    """

    tells = True

    def __init__(self, tables: Tables, news: StreamNews, address: Address) -> None:
        super().__init__(tables)
        self._news = news
        self._session = Session(address, waits_for_disk=False)
        self._thread = StoreThread("podium-streams-read")
        self._slices = JointQuestions[StreamQuery, StreamSlice](self._thread.do, self._read)
        self._watches = JointQuestions[_Watch, None](self._thread.do, self._enter)

    @contextmanager
    def hear(self, run: str, ring: Callable[[], None]) -> Generator[Callable[[], bool]]:
        """Have `ring` called, in another thread, when there may be more of a run."""
        with self._news.heard(mark_of(run), ring):
            yield self._news.is_listening

    async def watch(self, run: str, reader: str, until: float) -> None:
        """Enter that somebody watches a run."""
        await self._watches.ask((run, reader, until))

    async def next(self, query: StreamQuery) -> StreamSlice:
        """Return what comes next of a run."""
        return await self._slices.ask(query)

    def close(self) -> None:
        """Close the connection, once the thread has done what it had to do."""
        self._thread.stop()
        self._session.close()

    def _enter(self, watches: Sequence[_Watch]) -> Sequence[None]:
        runs, readers, times = zip(*watches, strict=True)
        columns = Texts(runs), Texts(readers), Floats(times)
        self._session.together(lambda c: PostgresStatements(c).send("stream_watches_put", *columns))
        return [None] * len(watches)

    def _read(self, queries: Sequence[StreamQuery]) -> Sequence[StreamSlice]:
        return self._session.read(lambda connection: _slices(connection, queries))


def _slices(connection: Connection, queries: Sequence[StreamQuery]) -> Sequence[StreamSlice]:
    """Return what comes next of each run: all is sent together, and of one moment."""
    statements = PostgresStatements(connection)
    names, numbers = Texts(query.run for query in queries), Ints(query.after for query in queries)
    places, limits = Ints(place_within(query.facts) for query in queries), Ints(query.limit for query in queries)
    with statements.of_one_moment():
        sent = statements.send("stream_facts", names, places, limits)
        runs = statements.send("stream_runs", names)
        heads = statements.send("stream_heads", names, numbers)
        events = statements.send("stream_events", names, numbers)
        facts = _by_query(sent)
        known = {row[1]: row for row in runs.fetchall()}
        read = {
            nth: facts_in(statements, known[query.run][0], facts[nth])
            for nth, query in enumerate(queries, start=1)
            if query.run in known
        }
    found = {nth: run_of(known[query.run]) for nth, query in enumerate(queries, start=1) if query.run in known}
    kept = _kept(_by_query(heads), _by_query(events))
    return [
        StreamSlice(facts=read.get(nth, ()), run=found.get(nth), kept=kept.get(nth))
        for nth in range(1, len(queries) + 1)
    ]


def _by_query(sent: Cursor[Row]) -> defaultdict[int, list[Row]]:
    """Return the rows of each query by its place, which is in their first column."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in sent.fetchall():
        found[row[0]].append(row[1:])
    return found


def _kept(heads: Mapping[int, Sequence[Row]], events: defaultdict[int, list[Row]]) -> dict[int, KeptEvents]:
    kept: dict[int, KeptEvents] = {}
    for nth, [(epoch, last, *before)] in heads.items():
        told = [KeptEvent(*row) for row in events[nth]]
        kept[nth] = KeptEvents(epoch, last, told, None if before[0] is None else KeptEvent(*before))
    return kept
