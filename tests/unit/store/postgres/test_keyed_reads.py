"""What is found by a key waits neither behind what takes long nor for the mistake of another question."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import closing

import pytest

from podium.errors import Unwritable
from podium.model.run import Run
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import connect
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import QuestionQuery
from podium.testing.contracts.hand import Hand, new_run
from tests.postgres import PostgresServer

_PATIENCE = 60.0
_LISTS = 6
"""More than are read at once."""


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.address()


@pytest.fixture
def hand(address: str) -> Generator[Hand]:
    with closing(Hand(PostgresStore(address))) as hand:
        yield hand


def test_each_of_those_that_ask_at_once_gets_its_own_answer(hand: Hand) -> None:
    names = [f"r{n}" for n in range(12)]
    for name in names:
        hand.start(new_run(name))
    asked = [*names, "nobody", "\ud800", *reversed(names)]

    async def look() -> Sequence[Run | BaseException | None]:
        return await asyncio.gather(*map(hand.store.run, asked), return_exceptions=True)

    found = [each.id if isinstance(each, Run) else each for each in hand.told(look())]
    assert isinstance(found[13], Unwritable)
    assert [*found[:13], *found[14:]] == [*names, None, *reversed(names)]


def test_a_run_is_found_while_lists_wait_for_the_server(hand: Hand, address: str) -> None:
    hand.start(new_run("r"))

    async def look() -> Sequence[Run]:
        with connect(parsed(address)) as other, other.transaction():
            other.execute("LOCK TABLE questions IN ACCESS EXCLUSIVE MODE")
            lists = [asyncio.create_task(hand.store.questions(QuestionQuery())) for _ in range(_LISTS)]
            await asyncio.sleep(0)
            async with asyncio.timeout(_PATIENCE):
                found = [await hand.store.run("r") for _ in range(3)]
            assert not any(each.done() for each in lists)
        await asyncio.gather(*lists)
        return [each for each in found if each is not None]

    assert [run.id for run in hand.told(look())] == ["r"] * 3
