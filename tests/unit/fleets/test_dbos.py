# pyright: reportPrivateUsage=false
"""What the fleet on DBOS is told, keeps and decides, without a server."""

import asyncio
import sys
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from podium.errors import ConfigError, StoreUnavailable
from podium.fleets.dbos import ticking
from podium.fleets.dbos.arrivals import Arrivals
from podium.fleets.dbos.fleet import DbosFleet
from podium.fleets.dbos.options import DbosOptions, QueueBounds, RunSchedule
from podium.fleets.dbos.placements import Placement, Placements, loaded
from podium.fleets.dbos.schedules import Schedules, Tick
from podium.fleets.dbos.sightings import Sightings
from podium.fleets.dbos.ticking import Ticking
from podium.fleets.opening import open_fleet
from podium.fleets.request import FleetRequest
from podium.model.fleet import FleetSettings
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.operations import Placed
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

ON_POSTGRES = "postgresql://ann:hunter2@nowhere/desk"
RUN = Placed(7, 3, 1, "mail", 4, "acme", "r_7")


class NoStarter:
    def has(self, workflow: str) -> bool:
        return False

    async def start(self, workflow: str, input: Json, **options: Any) -> None: ...


async def opened(address: str, **options: Json) -> None:
    store = SqliteStore(":memory:")
    request = FleetRequest(
        settings=FleetSettings(kind="dbos", options=options), store=store, address=address, clock=DrivenClock(),
        starter=NoStarter(), slots=5, queues=(), lease=10.0,
    )  # fmt: skip
    try:
        async with open_fleet(request):
            pass
    finally:
        store.close()


@pytest.mark.parametrize("address", ["desk.db", ":memory:", "sqlite:///desk.db", "mysql://ann:hunter2@host/db"])
async def test_a_store_that_is_not_on_postgresql_is_one_clear_error(address: str) -> None:
    with pytest.raises(
        ConfigError, match=r"the fleet 'dbos' .* has to be on PostgreSQL: .*, or fleet to 'store'"
    ) as told:
        await opened(address)
    assert "hunter2" not in str(told.value)


async def test_what_is_not_installed_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "podium.fleets.dbos.opening", None)
    with pytest.raises(ConfigError, match=r'pip install "podium\[dbos\]"'):
        await opened(ON_POSTGRES)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pol": 1}, "pol: Unexpected .* takes are: schema, poll, queues, schedules"),
        ({"poll": 0}, "poll"),
        ({"schema": ""}, "schema"),
        ({"schema": "s" * 64}, "1 to 63 bytes"),
        ({"schema": "podium"}, "'podium' of the fleet 'dbos' is that of the store"),
        ({"queues": {"mail": {"concurrency": 0}}}, "concurrency"),
        ({"queues": {"mail": {"rate": 3}}}, r"queues.mail.rate: Unexpected"),
        ({"queues": {"mail": {"runs": 3, "per": "soon"}}}, "per"),
        ({"schedules": {"daily": {"cron": "0 9 * * *"}}}, r"schedules.daily.workflow: Field required"),
        ({"schedules": {"daily": {"cron": "at nine", "workflow": "report"}}}, "'daily' .* cron to 'at nine'; expected"),
        (
            {"schedules": {"daily": {"cron": "0 9 * * *", "workflow": "report", "timezone": "Mars/Olympus"}}},
            "'daily' .* timezone to 'Mars/Olympus'; expected",
        ),
    ],
)
async def test_a_wrong_option_is_one_clear_error(options: dict[str, Json], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        await opened(ON_POSTGRES, **options)


def test_bounds_are_those_of_a_queue_or_of_all_that_are_not_named() -> None:
    mail, others = QueueBounds(concurrency=2), QueueBounds(runs=5)
    assert DbosOptions(queues={"mail": mail}).bounds_of("news") == QueueBounds()
    options = DbosOptions(queues={"mail": mail, "*": others})
    assert (options.bounds_of("mail"), options.bounds_of("news")) == (mail, others)
    assert (options.longest, DbosOptions().longest) == (60.0, 0.0)


def test_a_placement_is_named_after_the_run_and_its_epoch_and_comes_back_as_it_was() -> None:
    first, again = Placement(RUN), Placement(RUN, 2)
    assert (first.id, again.id) == ("r_7@4", "r_7@4~2")
    assert loaded(again.dumped()) == again


def test_a_run_that_stays_ready_is_asked_about_ever_more_rarely_and_one_that_is_gone_no_more() -> None:
    sightings, asked = Sightings(), list[float]()
    for tenth in range(300):
        now = tenth / 10
        sightings.see([RUN], now)
        asked += [now for _ in sightings.due(now)]
    assert asked == [1.0, 3.0, 7.0, 15.0]
    assert sightings.due(31.0 + 5.0) == []
    sightings.see([RUN], 40.0)
    assert (sightings.due(40.5), sightings.due(41.0)) == ([], [RUN])


def test_a_run_in_its_next_epoch_is_another_sighting() -> None:
    sightings, later = Sightings(), Placed(7, 3, 1, "mail", 5, "acme", "r_7")
    sightings.see([RUN], 0.0)
    sightings.see([later], 0.9)
    assert (sightings.due(1.0), sightings.due(1.9)) == ([RUN], [later])


class Driver:
    """Has some runs driven."""

    id = "w_1"

    def __init__(self, had: Collection[int]) -> None:
        self._had = had

    async def drive(self, runs: Sequence[Placed]) -> Collection[int]:
        return [run.n for run in runs if run.n in self._had]


class Line:
    """Notes who waits."""

    def __init__(self) -> None:
        self.waiting: list[Placed] = []

    def place(self, runs: Sequence[Placed]) -> None:
        self.waiting.extend(runs)


def test_a_placement_is_over_when_its_run_has_left_memory_or_was_not_to_be_had() -> None:
    left, line = list[Placement](), Line()
    arrivals = Arrivals(left.append)
    placements = [Placement(Placed(n, 0, id=f"r_{n}")) for n in (1, 2, 2, 3, 4)]
    told: list[Future[bool]] = [Future() for _ in placements]
    for placement, done in zip(placements, told, strict=True):
        arrivals.come(placement, done, line)
    handed = arrivals.driver(Driver([1, 2]))
    assert sorted(asyncio.run(handed.drive(line.waiting[:4]))) == [1, 2, 2]
    assert [each.done() for each in told] == [False, False, False, True, False]
    arrivals.gone(2)
    assert [each.done() and each.result() for each in told] == [False, True, True, False, False]
    arrivals.give_up()
    assert left == placements[3:]
    assert not told[0].done()
    arrivals.end()
    assert told[0].result() is True


class NoServer:
    """Notes what is placed."""

    client = None

    def __init__(self) -> None:
        self.placed: list[Placement] = []

    def enqueue(self, batch: Collection[Placement]) -> None:
        self.placed.extend(batch)

    def close(self) -> None: ...


async def test_what_is_left_while_another_is_looked_at_is_placed_again_too(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [Placed(n, 0, id=f"r_{n}") for n in (1, 2, 3)]
    store, server = SqliteStore(":memory:"), NoServer()
    request = FleetRequest(
        settings=FleetSettings(kind="dbos"), store=store, address=ON_POSTGRES, clock=DrivenClock(),
        starter=NoStarter(), slots=5, queues=(), lease=10.0,
    )  # fmt: skip
    fleet: Any = DbosFleet(request, DbosOptions(), cast("Any", server), "", "")
    asked: list[str] = []

    async def ready(run: str) -> Any:
        asked.append(run)
        if len(asked) == 1:
            fleet._left(Placement(runs[2]))
        if len(asked) == 2:
            raise StoreUnavailable("away")
        return SimpleNamespace(state=RunState.READY, epoch=0)

    monkeypatch.setattr(store, "run", ready)
    for run in runs[:2]:
        fleet._left(Placement(run))
    with pytest.raises(StoreUnavailable):
        await fleet._look_into_doubts()
    await fleet._look_into_doubts()
    await fleet.close(())
    store.close()
    assert sorted(each.id for each in server.placed) == ["r_1@0~1", "r_2@0~1", "r_3@0~1"]


def test_a_placement_that_dbos_gave_up_is_told_nothing() -> None:
    arrivals, done = Arrivals(lambda _: None), Future[bool]()
    arrivals.come(Placement(RUN), done, Line())
    done.cancel()
    arrivals.give_up()
    assert done.cancelled()


class Again:
    """Tells of a time again, once the server is back; notes how often it was asked."""

    def __init__(self, away: int) -> None:
        self.asked: list[Tick] = []
        self._away = away

    def again(self, tick: Tick, delay: float) -> None:
        self.asked.append(tick)
        if len(self.asked) <= self._away:
            raise OperationalError("insert", {}, ConnectionError("the server closed the connection"))


async def test_a_time_that_comes_while_the_server_is_away_is_kept_and_other_work_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticking, "_AGAIN_SECONDS", 0.0)
    again, done = Again(away=2), Future[bool]()
    schedules = Schedules.__new__(Schedules)
    monkeypatch.setattr(schedules, "again", again.again, raising=False)
    times = Ticking(schedules, NoStarter())
    times.arrived(Tick("2026-12-01T09:00", "daily", RunSchedule(cron="0 9 * * *", workflow="report"), 0, done))
    running = asyncio.create_task(times.run())
    await asyncio.wait([running, asyncio.wrap_future(done)], return_when=asyncio.FIRST_COMPLETED)
    assert not running.done(), running.exception()
    assert (done.result(), len(again.asked)) == (True, 3)
    running.cancel()
    await asyncio.wait([running])


class Placing:
    """Notes what is to be placed; has no client, as nothing is launched."""

    client: Any = None

    def __init__(self) -> None:
        self.placed: list[Placement] = []

    def enqueue(self, batch: Collection[Placement]) -> None:
        self.placed += batch

    def lost(self, runs: Collection[Placed]) -> list[Placement]:
        return []

    def executors(self) -> set[str]:
        return set()

    def forget(self, before: float) -> None: ...

    def close(self) -> None: ...


def fleet_of(placing: Placing) -> DbosFleet:
    request = FleetRequest(
        settings=FleetSettings(kind="dbos"), store=cast("Store", None), address=ON_POSTGRES, clock=DrivenClock(),
        starter=NoStarter(), slots=5, queues=(), lease=10.0,
    )  # fmt: skip
    return DbosFleet(request, DbosOptions(poll=0.001), cast("Placements", placing), "", "")


@pytest.mark.parametrize("draining", [False, True])
async def test_a_worker_that_takes_no_runs_any_more_does_not_begin_to_take_placements(
    monkeypatch: pytest.MonkeyPatch, *, draining: bool
) -> None:
    launched = asyncio.Event()

    async def launch(worker: str) -> None:
        launched.set()

    fleet = fleet_of(Placing())
    monkeypatch.setattr(fleet, "_launch", launch)
    running = asyncio.create_task(fleet.run(Driver([])))
    if draining:
        fleet.drain()
    fleet.recover([RUN])
    for _ in range(20):
        await asyncio.sleep(0.001)
    if not draining:
        await launched.wait()
    assert launched.is_set() is not draining
    running.cancel()
    await asyncio.wait([running])
    await fleet.close(())


async def test_a_worker_that_is_drained_while_it_begins_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, fleet, launched = asyncio.get_running_loop(), fleet_of(Placing()), asyncio.Event()

    class Launching:
        takes = False
        worker = Driver.id

        def __init__(self, *_: object) -> None: ...

        def launch(self) -> None:
            drained: Future[None] = Future()
            loop.call_soon_threadsafe(lambda: (fleet.drain(), drained.set_result(None)))
            drained.result()
            Launching.takes = True
            loop.call_soon_threadsafe(launched.set)

        def take_nothing_more(self) -> None:
            Launching.takes = False

        def resume(self, executors: Sequence[str]) -> None: ...

        def stop(self) -> None: ...

    monkeypatch.setattr("podium.fleets.dbos.fleet.Executor", Launching)
    monkeypatch.setattr(fleet, "_prepare", lambda: None)
    running = asyncio.create_task(fleet.run(Driver([])))
    fleet.recover([RUN])
    await launched.wait()
    async with asyncio.timeout(20):
        while Launching.takes:
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.wait([running])
    await fleet.close(())
