"""Positions of events are given one commit after the other: whoever reads one has seen all before it."""

import time
from collections.abc import Generator
from contextlib import closing
from threading import Thread

import pytest

from podium.model.event_types import EventType
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.sql import statement
from podium.store.postgres.store import PostgresStore
from podium.store.tables.ledger import LEDGER
from podium.testing.contracts.hand import Hand, fact, new_run
from tests.postgres import PostgresServer

WAITING = b"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.address()


@pytest.fixture
def hand(address: str) -> Generator[Hand]:
    with closing(Hand(PostgresStore(address))) as hand:
        yield hand


def waiting(connection: Connection) -> int:
    row = connection.execute(WAITING).fetchone()
    assert row is not None
    return row[0]


def told(hand: Hand) -> list[tuple[int, str]]:
    return [(each.position, each.run) for each in hand.told(hand.store.events.after(0, 10))]


def test_whoever_commits_events_waits_for_who_has_the_end_of_the_book_and_nobody_else_does(
    hand: Hand, address: str
) -> None:
    number = hand.start(new_run("r"))
    with connect(parsed(address)) as other, connect(parsed(address)) as watch:
        before = waiting(watch)
        with other.transaction():
            other.execute(statement("lock"), (LEDGER,))
            hand.write(number, fact())
            late = Thread(target=hand.start, args=(new_run("late"),))
            late.start()
            while waiting(watch) == before:
                assert late.is_alive()
                time.sleep(0.005)
            assert told(hand) == [(1, "r")]
            other.execute(
                b"INSERT INTO events (position, at, type, run, root, workflow, tenant, principal, content)"
                b" VALUES (2, 1.0, %s, 'first', 'first', 'w', 't', 'p', '{}')",
                (EventType.RUN_STARTED,),
            )
        late.join()
    assert told(hand) == [(1, "r"), (2, "first"), (3, "late")]
