"""What the fleet on Temporal tells it, and what is wrong with its settings."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from podium import App
from podium.errors import ConfigError
from podium.fleets.temporal import queue_worker
from podium.fleets.temporal.fleet import TemporalFleet
from podium.fleets.temporal.placement import DriveRequest, priority_of, request_of
from podium.fleets.temporal.queue_worker import InMemory, QueueWorker
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.model.run import SUSPECTED
from podium.store.operations import Placed
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock


def test_priorities_keep_their_order_in_temporals_five() -> None:
    keys = [priority_of(priority).priority_key for priority in (10**9, 6, 5, 1, 0, -1, -5, -6, -(10**9))]
    assert keys == [1, 1, 2, 2, 3, 4, 4, 5, 5]


def test_a_placement_comes_back_as_what_the_engine_knows() -> None:
    placed = Placed(7, -2, 1, "mail", 3, "acme", "run_x")
    assert request_of(placed, 10.0).placed == placed


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"adress": "x"}, "adress"),
        ({"name": ""}, "name"),
        ({"address": 7}, "address"),
        ({"namespace": ""}, "namespace"),
    ],
)
async def test_options_that_are_wrong_are_named(tmp_path: Path, options: dict[str, Json], told: str) -> None:
    with pytest.raises(ConfigError, match=f"the options of the fleet 'temporal' are wrong: .*{told}"):
        async with App.open(tmp_path / "podium.db", fleet=FleetSettings(kind="temporal", options=options)):
            pass


async def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        address = f"127.0.0.1:{held.getsockname()[1]}"
    fleet = FleetSettings(kind="temporal", options={"address": address})
    with pytest.raises(ConfigError, match=f"Temporal's server at {address} cannot be reached: .*Start it, or set"):
        async with asyncio.timeout(60), App.open(tmp_path / "podium.db", fleet=fleet):
            pass


class Driver:
    """Claims what it is told of once it may."""

    id = "w"

    def __init__(self) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self.driven: list[int] = []

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        self.asked.set()
        await self.may.wait()
        self.driven += [run.n for run in runs]
        return self.driven


async def soon() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("crash_count", [0, SUSPECTED])
async def test_a_run_whose_activity_is_cancelled_while_it_is_claimed_is_driven_and_keeps_its_slot(
    crash_count: int,
) -> None:
    driver, placed = Driver(), Placed(7, 0, crash_count, "mail", 3, "acme", "r")
    with closing(SqliteStore(":memory:")) as store:
        here = InMemory(driver, store, probation=10.0)
        activity = asyncio.create_task(here.drive(request_of(placed, 10.0)))
        await driver.asked.wait()
        for _ in range(2):  # by a person, and once more as the worker ends
            activity.cancel()
            await soon()
        driver.may.set()
        await soon()
        assert driver.driven == [7]
        assert not activity.done(), "its slot is free, though it is in memory"
        here.release(7)
        with pytest.raises(asyncio.CancelledError):
            await activity


class Taking:
    """Temporal's worker, as it is where the server is away: it looks before it begins, and may be run anew."""

    def __init__(self, *_: object, on_fatal_error: Callable[[BaseException], Awaitable[None]], **__: object) -> None:
        self._fails = on_fatal_error
        self._ends, self._is_over = asyncio.Event(), asyncio.Event()
        self.looks = 0
        self.away, self.dies = False, False

    async def run(self) -> None:
        self.looks += 1
        if self.away:
            self._is_over.set()
            raise RuntimeError("Worker validation failed: nobody answers")
        if self.dies:
            await self._fails(RuntimeError("the namespace is gone"))
            self._is_over.set()
            raise RuntimeError("the namespace is gone")
        await self._ends.wait()
        self._is_over.set()

    async def shutdown(self) -> None:
        self._ends.set()
        await self._is_over.wait()


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> tuple[QueueWorker, Taking]:
    monkeypatch.setattr(queue_worker, "Worker", Taking)
    monkeypatch.setattr(queue_worker, "_ELSEWHERE", timedelta(milliseconds=1))
    none: Any = None
    worker = QueueWorker(none, "podium.mail", 3, none, none)
    inner: Any = worker._worker  # pyright: ignore[reportPrivateUsage] - the double
    return worker, inner


async def test_a_queue_that_is_first_served_while_the_server_is_away_is_served_once_it_is_back(
    taking: tuple[QueueWorker, Taking], caplog: pytest.LogCaptureFixture
) -> None:
    worker, inner = taking
    inner.away = True
    running = asyncio.create_task(worker.run())
    while inner.looks < 3 and not running.done():
        await asyncio.sleep(0.001)
    assert not running.done(), running.exception()
    inner.away = False
    looks = inner.looks
    while inner.looks == looks:
        await asyncio.sleep(0.001)
    assert len(caplog.records) == 1
    await asyncio.gather(worker.stop(), running)


@pytest.mark.parametrize("away", [False, True])
async def test_a_queue_that_is_given_up_before_it_is_served_ends(
    taking: tuple[QueueWorker, Taking], *, away: bool
) -> None:
    worker, inner = taking
    inner.away = away
    async with asyncio.timeout(20):
        await asyncio.gather(worker.stop(), worker.run())


async def test_what_ends_temporals_worker_later_is_told(taking: tuple[QueueWorker, Taking]) -> None:
    worker, inner = taking
    inner.dies = True
    with pytest.raises(RuntimeError, match="the namespace is gone"):
        await worker.run()
    await worker.stop()


class Refusing:
    """A client of Temporal that takes every run but those of one queue."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.summaries: list[str] = []

    async def start_workflow(self, _: object, request: DriveRequest, *, static_summary: str, **__: object) -> None:
        self.asked.append(request.run)
        self.summaries.append(static_summary)
        if request.queue == "bad":
            raise RPCError("taskQueue length exceeds limit.", RPCStatusCode.INVALID_ARGUMENT, b"")


async def test_a_run_that_the_server_refuses_is_told_of_once_and_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client: Any = Refusing()
    none: Any = None
    fleet = TemporalFleet(client, none, DrivenClock(), name="podium", slots=1, queues=("mail",), lease=10.0)
    refused, taken = Placed(1, 9, queue="bad", id="refused"), Placed(2, 0, queue="mail", id="x" * 1_000)
    fleet.place([refused, taken])
    await fleet.close(())
    for _ in range(3):
        fleet.recover([refused, taken])
        await fleet.close([Placed(3, 0, queue="mail", id="later")])
    assert sorted({*client.asked}) == ["later", "refused", "x" * 1_000]
    assert client.asked.count("refused") == 1
    assert [each.levelname for each in caplog.records] == ["ERROR"]
    assert "refuses to take run refused, of the queue 'bad'" in caplog.text
    assert max(len(each.encode()) for each in client.summaries) <= 200
