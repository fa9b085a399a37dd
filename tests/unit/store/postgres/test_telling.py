"""Other processes are told at once of work and of ends, of nothing else, and by nothing that a commit waits for."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing

import psycopg
import pytest

from podium.model.fact import FactKind
from podium.model.run import RunState, Signal
from podium.store.operations import (
    Block,
    CommitVerdict,
    FetchSignals,
    FinishRun,
    HandBack,
    Operation,
    Park,
    Release,
    Send,
    Spawn,
    Start,
    Tell,
    Write,
)
from podium.store.postgres.address import parsed
from podium.store.postgres.connection import Connection, connect
from podium.store.postgres.listening import channel
from podium.store.postgres.store import PostgresStore
from podium.store.protocol import Serving
from podium.testing.contracts.hand import WORKFLOW, Hand, fact, new_run
from tests.postgres import PostgresServer

SERVING = Serving(versions={WORKFLOW: frozenset({"1"})}, queues=None, limit=10)
END = FinishRun(RunState.DONE, "", 100.0, {"state": "done", "value": 1, "reason": ""})


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.address()


@pytest.fixture
def hand(address: str) -> Generator[Hand]:
    """Return a worker's hand on a store on which another worker lives."""
    with closing(Hand(PostgresStore(address))) as hand:
        hand.store.workers.join("w_2", 100.0)
        yield hand


@pytest.fixture
def notices(address: str, hand: Hand) -> Generator[Callable[[], list[str]]]:
    """Return what gives the kinds of notices that were sent since it was asked last."""
    with connect(parsed(address)) as connection:
        name = channel(connection)
        connection.execute(f"LISTEN {name}".encode())
        yield lambda: _notices(connection, name)


def _notices(connection: Connection, name: str) -> list[str]:
    connection.execute("SELECT pg_notify(%s, 'mark')", (name,))
    kinds: list[str] = []
    for notice in connection.notifies(timeout=60):
        if notice.payload == "mark":
            return kinds
        kinds.append(notice.payload.partition(" ")[0])
    raise AssertionError("the mark never came")


CASES: dict[str, tuple[Callable[[int], Operation], list[str]]] = {
    "a fact": (lambda n: Write(n, 1, [fact()], [], None), []),
    "a run that parks": (lambda n: Write(n, 1, [fact()], [], Park(0, 200.0)), []),
    "a look for signals": (lambda n: FetchSignals(n, 1), []),
    "a run that is driven where it starts": (lambda n: Start(new_run(f"s{n}"), drive=True), []),
    "a run that waits for a worker": (lambda n: Start(new_run(f"s{n}"), drive=False), ["work"]),
    "a child": (lambda n: Write(n, 1, [fact()], [Spawn(new_run(f"c{n}", parent="r"))], None), ["work"]),
    "a signal to a run of another worker": (lambda n: Send("other", signal(n)), ["work"]),
    "a signal of a run": (lambda n: Write(n, 1, [fact()], [Tell("other", signal(n))], None), ["work"]),
    "a run that is handed back": (HandBack, ["work"]),
    "an end": (lambda n: Write(n, 1, [fact(FactKind.ENDED)], [], END), ["ends"]),
    "a block": (lambda n: Write(n, 1, [fact()], [], Block("why")), ["ends"]),
    "a run that is let go": (lambda n: Write(n, 1, [fact()], [], Release(RunState.READY, "", "1", None)), ["work"]),
}


def signal(n: int) -> Signal:
    return Signal(f"s_{n}", "signal", "go", 1, 100.0)


def test_others_are_told_of_what_concerns_them(hand: Hand, notices: Callable[[], list[str]]) -> None:
    Hand(hand.store, "w_3").start(new_run("other"))
    found: dict[str, list[str]] = {}
    for case, (operation, _) in CASES.items():
        number = hand.start(new_run(case))
        notices()
        assert hand.verdict(operation(number)) is CommitVerdict.OK
        found[case] = notices()
    assert found == {case: told for case, (_, told) in CASES.items()}


def test_nobody_is_told_where_there_is_nobody_else(hand: Hand, notices: Callable[[], list[str]]) -> None:
    hand.store.workers.leave("w_2")
    notices()
    hand.start(new_run("r"), drive=False)
    assert notices() == []


def test_who_listens_is_called_in_the_event_loop_and_finds_what_there_is(hand: Hand, address: str) -> None:
    async def work() -> None:
        with closing(PostgresStore(address)) as other:
            told, ended = asyncio.Event(), asyncio.Event()
            other.listen(work=told.set, ends=ended.set)
            await other.wake("w_2", SERVING, 100.0)
            told.clear()
            committed = await hand.store.commit("w_1", [Start(new_run("r"), drive=False)])
            await asyncio.wait_for(told.wait(), 60)
            woken = await other.wake("w_2", SERVING, 100.0)
            assert [each.n for each in woken.ready] == [committed.started["r"]]
            await other.claim("w_2", [committed.started["r"]], [WORKFLOW])
            await hand.store.wake("w_1", SERVING, 100.0)
            ended.clear()
            await other.commit("w_2", [Write(committed.started["r"], 1, [fact(FactKind.ENDED)], [], END)])
            assert not ended.is_set()  # it does not tell itself
            run = (await hand.store.commit("w_1", [Start(new_run("q"), drive=True)])).started["q"]
            await hand.store.commit("w_1", [Write(run, 1, [fact(FactKind.ENDED)], [], END)])
            await asyncio.wait_for(ended.wait(), 60)
            assert (await other.wake("w_2", SERVING, 100.0)).changed

    hand.told(work())


def test_who_lost_its_connection_is_called_and_listens_again(hand: Hand, address: str) -> None:
    async def work() -> None:
        with closing(PostgresStore(address)) as other:
            told = asyncio.Event()
            other.listen(work=told.set, ends=lambda: None)
            await other.wake("w_2", SERVING, 100.0)
            with connect(parsed(address)) as connection:
                told.clear()
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND pid <> %s",
                    (connection.info.backend_pid,),
                )
            await asyncio.wait_for(told.wait(), 60)
            await other.wake("w_2", SERVING, 100.0)
            told.clear()
            await hand.store.commit("w_1", [Start(new_run("r"), drive=False)])
            await asyncio.wait_for(told.wait(), 60)

    hand.told(work())


def test_a_run_that_somebody_is_changing_is_not_waited_for(hand: Hand, address: str) -> None:
    numbers = [hand.start(new_run(f"r{n}"), drive=False) for n in range(3)]
    with psycopg.connect(parsed(address).server) as other:
        other.execute(f'SET search_path = "{parsed(address).schema}"'.encode())
        other.execute("SELECT 1 FROM runs WHERE n = %s FOR NO KEY UPDATE", (numbers[1],))
        assert [each.n for each in hand.claim(*numbers)] == [numbers[0], numbers[2]]
    assert hand.ready() == [numbers[1]]
    assert [each.n for each in hand.claim(*numbers)] == [numbers[1]]


def test_a_run_that_is_due_and_that_somebody_holds_is_not_looked_for_without_a_pause(hand: Hand, address: str) -> None:
    number = hand.start(new_run("r"))
    assert hand.park(number, wake_at=150.0) is CommitVerdict.OK
    with connect(parsed(address)) as other, other.transaction():
        other.execute("SELECT 1 FROM runs WHERE n = %s FOR NO KEY UPDATE", (number,))
        woken = hand.wake(now=160.0)
        assert woken.placed == []
        assert woken.next_due is not None
        assert 160.0 < woken.next_due < 161.0
    assert [run.n for run in hand.wake(now=woken.next_due).placed] == [number]
