"""The transient events of many runs are kept, told of and read with about as many questions as those of one."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from threading import Event
from typing import Any

import pytest

from podium.errors import StoreUnavailable, Unwritable
from podium.model.streams.book import KeptEvent, StreamQuery, StreamSlice
from podium.store.keeping import KeepEvents
from podium.store.operations import Operation, Write
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.sql import statement
from podium.store.postgres.store import PostgresStore
from podium.store.postgres.watched import WatchedConnection
from podium.testing.contracts.hand import Hand, fact, new_run
from tests.postgres import PostgresServer

RUNS = [f"r{n}" for n in range(230)]
"""More than one notice can tell of."""
_PATIENCE = 60.0


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.address()


@pytest.fixture
def hand(address: str) -> Generator[Hand]:
    with closing(Hand(PostgresStore(address))) as hand:
        yield hand


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list to which each statement is added that is sent."""
    sent: list[bytes] = []
    execute: Callable[..., Any] = WatchedConnection.execute

    def noted(connection: Connection, query: Any, *values: Any, **named: Any) -> object:
        if isinstance(query, bytes):
            sent.append(query)
        return execute(connection, query, *values, **named)

    monkeypatch.setattr(WatchedConnection, "execute", noted)
    return sent


def keeping(run: str, number: int) -> KeepEvents:
    event = KeptEvent(number, 1, b'{"n":%d}' % number)
    return KeepEvents(run=run, epoch=1, events=[event], last=number, trim=1, until=1_000.0)


def committed(hand: Hand, asked: list[bytes], *operations: Operation) -> Sequence[bytes]:
    """Commit, and return which statements were sent for it."""
    asked.clear()
    hand.commit(*operations)
    return [each for each in asked if each != statement("worker_beat")]


def test_events_of_many_runs_take_as_many_questions_as_those_of_two(hand: Hand, asked: list[bytes]) -> None:
    for run in RUNS[:40]:
        hand.start(new_run(run))
    two = committed(hand, asked, *(keeping(run, 11) for run in RUNS[:2]))
    many = committed(hand, asked, *(keeping(run, 12) for run in RUNS[:40]))
    assert many == two


def test_the_disk_is_waited_for_where_something_is_recorded(hand: Hand, asked: list[bytes]) -> None:
    number = hand.start(new_run("r"))
    alone = committed(hand, asked, keeping("r", 11))
    beside = committed(hand, asked, keeping("r", 12), Write(number, 1, [fact()], [], None))
    assert statement("commit_unwaited") in alone
    assert statement("commit_unwaited") not in beside


def test_all_readers_are_told_with_a_notice_for_many_runs(hand: Hand, address: str) -> None:
    for run in RUNS:
        hand.start(new_run(run))
    told = {run: Event() for run in RUNS}
    with connect(parsed(address)) as other, closing(PostgresStore(address)) as reads, ExitStack() as stack:
        row = other.execute(statement("stream_channel")).fetchone()
        assert row is not None
        other.execute(b"LISTEN " + row[0].encode())
        here = [stack.enter_context(reads.streams.hear(run, event.set)) for run, event in told.items()]
        while not all(is_told() for is_told in here):
            told[RUNS[0]].wait(0.01)
        for event in told.values():
            event.clear()  # whoever begins to hear is told to look once
        hand.commit(*(keeping(run, 11) for run in RUNS))
        assert all(event.wait(_PATIENCE) for event in told.values())
        assert len(list(other.notifies(timeout=0))) == 2


def test_all_who_read_at_once_are_answered_with_a_few_questions(hand: Hand, asked: list[bytes]) -> None:
    for run in RUNS[:40]:
        hand.start(new_run(run))
    hand.commit(*(keeping(run, 11) for run in RUNS[:40]))
    asked.clear()

    async def look() -> Sequence[StreamSlice]:
        streams = hand.store.streams
        await asyncio.gather(*(streams.watch(run, "w_2/1", 200.0) for run in RUNS[:40]))
        wanted = [StreamQuery(run=run, facts=0, limit=9, after=0) for run in RUNS[:40]]
        return await asyncio.gather(*(streams.next(each) for each in wanted))

    found = hand.told(look())
    assert [(each.run and each.run.id, each.kept and each.kept.last) for each in found] == [(r, 11) for r in RUNS[:40]]
    assert hand.told(hand.store.streams.watched(0.0, own="w_1/")) == dict.fromkeys(RUNS[:40], 200.0)
    assert sum(each == statement("stream_facts") for each in asked) <= 2  # the first may be on its way alone
    assert sum(each == statement("stream_watches_put") for each in asked) <= 2


def test_a_run_that_cannot_be_named_keeps_nobody_from_another_one(hand: Hand) -> None:
    hand.start(new_run("r"))
    wanted = [StreamQuery(run=run, facts=0, limit=9, after=None) for run in ("r", "\ud800", "r", "nobody")]

    async def look() -> Sequence[StreamSlice | BaseException]:
        return await asyncio.gather(*map(hand.store.streams.next, wanted), return_exceptions=True)

    found = [each.run and each.run.id if isinstance(each, StreamSlice) else type(each) for each in hand.told(look())]
    assert found == ["r", Unwritable, "r", None]


def test_who_asks_a_store_that_is_closed_is_told(address: str) -> None:
    store = PostgresStore(address)
    store.close()
    with pytest.raises(StoreUnavailable, match="was closed"):
        asyncio.run(store.streams.next(StreamQuery(run="r", facts=0, limit=9, after=None)))
