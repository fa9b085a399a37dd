"""What is particular to the fleet on DBOS, with a server: names, bounds, versions, and what it says and leaves."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from podium import App, Context, workflow
from podium.errors import ConfigError
from podium.fleets.dbos.fleet import DbosFleet
from podium.fleets.dbos.options import DbosOptions, QueueBounds, RunSchedule
from podium.fleets.dbos.placements import UNAVAILABLE, Placement, Placements
from podium.fleets.dbos.schedules import Schedules, Tick
from podium.store.operations import Placed
from tests.postgres import PostgresServer

pytestmark = pytest.mark.system


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.address()


def url_of(address: str) -> str:
    return address.replace("postgresql:", "postgresql+psycopg:").split("&schema=")[0]


def schema_of(address: str) -> str:
    return address.split("&schema=")[1] + "_dbos"


def rows(address: str, query: str) -> list[tuple[Any, ...]]:
    engine = create_engine(url_of(address))
    try:
        with engine.connect() as connection:
            found = connection.execute(text(query.replace("TABLES", schema_of(address))))
            return [tuple(row) for row in found]
    finally:
        engine.dispose()


@asynccontextmanager
async def opened(address: str, **settings: Any) -> AsyncGenerator[App]:
    fleet = {"kind": "dbos", "poll": 0.02} | settings.pop("fleet", {})
    async with asyncio.timeout(120), App.open(address, fleet=fleet, poll=0.02, telemetry=False, **settings) as app:
        yield app


def fleet_of(app: App) -> DbosFleet:
    assert isinstance(app.worker.fleet, DbosFleet)
    return app.worker.fleet


@workflow
async def echo(ctx: Context, n: int) -> int:
    await ctx.sleep(0)
    return n


@pytest.fixture
def placements(address: str) -> Generator[Placements]:
    Placements.make_tables(url_of(address), schema_of(address))
    bounds = {
        "mail": QueueBounds(concurrency=3, runs=10, tenant_concurrency=2, tenant_runs=4), "*": QueueBounds(runs=7)
    }  # fmt: skip
    found = Placements(url_of(address), schema_of(address), DbosOptions(queues=bounds), slots=50)
    with closing(found):
        yield found


def test_bounds_are_those_of_dbos_queues(address: str, placements: Placements) -> None:
    placements.set_up(["news"])
    found = rows(
        address,
        "SELECT name, concurrency, worker_concurrency, rate_limit_max, rate_limit_period_sec, partition_concurrency, "
        "partition_rate_limit_max FROM TABLES.queues ORDER BY name",
    )
    assert found == [
        ("podium.ticks", None, None, None, None, None, None),
        ("podium:mail", 3, 3, 10, 60.0, 2, 4),
        ("podium:news", None, 50, 7, 60.0, None, None),
    ]


def test_queues_that_are_there_take_the_bounds_that_are_set_now(address: str, placements: Placements) -> None:
    placements.enqueue([Placement(Placed(1, 0, queue="old", id="r_1"))])
    with closing(Placements(url_of(address), schema_of(address), DbosOptions(), slots=4)) as later:
        later.set_up([])
        found = rows(address, "SELECT worker_concurrency, rate_limit_max FROM TABLES.queues WHERE name = 'podium:old'")
    assert found == [(4, None)]


def test_what_is_placed_twice_is_one_placement_and_one_that_is_over_is_placed_again(
    address: str, placements: Placements
) -> None:
    run = Placed(1, 5, queue="mail", epoch=2, tenant="acme", id="r_1")
    placements.enqueue([Placement(run), Placement(run)])
    placements.enqueue([Placement(run)])
    assert placements.lost([run]) == []
    query = "SELECT workflow_uuid, priority, queue_partition_key, application_version, serialization FROM "
    assert rows(address, f"{query} TABLES.workflow_status") == [("r_1@2", 2**30 - 5, "acme", "1", "portable_json")]
    placements.client.cancel_workflow("r_1@2")
    assert placements.lost([run]) == [Placement(run, 1)]
    placements.enqueue([Placement(run, 1)])
    assert placements.lost([run]) == []
    placements.forget(4e9)
    assert rows(address, "SELECT workflow_uuid FROM TABLES.workflow_status") == [("r_1@2~1",)]


async def test_a_process_that_can_drive_nothing_takes_nothing_out_of_the_queues(address: str) -> None:
    async with opened(address, queues=["nobody"]) as app:
        handle = await app.start(echo, 1)
        while fleet_of(app).unplaced:
            await asyncio.sleep(0.01)
        assert not fleet_of(app).takes
        async with App.open(address, agents=[echo], poll=0.02) as other:  # by itself: another fleet on the same store
            assert await (await other.handle(handle.id)).result() == 1


async def test_a_worker_that_was_declared_dead_goes_on_under_another_name(address: str) -> None:
    async with opened(address, agents=[echo], lease=0.4) as app:
        assert await app.run(echo, 1) == 1
        before = app.worker.id
        app.store.workers.leave(before)
        while app.worker.id == before:
            await asyncio.sleep(0.01)
        assert [await app.run(echo, n) for n in range(5)] == list(range(5))
        names = {name for (name,) in rows(address, "SELECT DISTINCT executor_id FROM TABLES.workflow_status")}
        assert app.worker.id in names


async def test_dbos_has_one_instance_in_a_process(address: str) -> None:
    async with opened(address, agents=[echo]) as app:
        assert await app.run(echo, 1) == 1
        with pytest.raises(ConfigError, match="this process uses DBOS already"):
            async with opened(address):
                pass
    async with opened(address, agents=[echo]) as app:
        assert await app.run(echo, 2) == 2


async def test_dbos_says_nothing_and_its_log_is_left_to_the_program(
    address: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(address, agents=[echo]) as app:
        assert await app.run(echo, 1) == 1
    assert capfd.readouterr() == ("", "")
    assert [record.message for record in caplog.records if record.name == "dbos"] == []
    assert all(isinstance(each, logging.NullHandler) for each in logging.getLogger("dbos").handlers)


async def test_a_placement_of_another_release_is_driven(address: str) -> None:
    async with opened(address, queues=["nobody"]) as app:
        handle = await app.start(echo, 1)
        while fleet_of(app).unplaced:
            await asyncio.sleep(0.01)
    assert rows(address, "SELECT DISTINCT application_version FROM TABLES.workflow_status") == [("1",)]
    async with opened(address, agents=[echo]) as app:
        assert await (await app.handle(handle.id)).result() == 1


async def test_the_role_that_may_make_no_schema_is_one_clear_error(address: str, postgres: PostgresServer) -> None:
    async with App.open(address):
        pass
    name = f"poor_{schema_of(address)}"
    engine = create_engine(url_of(address), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT USAGE ON SCHEMA {address.split('&schema=')[1]} TO {name}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA {address.split('&schema=')[1]} TO {name}",
        ):
            connection.execute(text(statement))
    engine.dispose()
    with pytest.raises(ConfigError, match=r"cannot make .* its tables in the schema .* needs the right to create"):
        async with opened(address.replace("//postgres@", f"//{name}@")):
            pass


def test_what_a_run_is_given_by_a_schedule_stands_in_no_error(address: str, placements: Placements) -> None:
    daily = RunSchedule(cron="0 9 * * *", workflow="report", input={"key": "hunter2"})
    engine = create_engine(url_of(address), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP TABLE {schema_of(address)}.workflow_input CASCADE"))
    engine.dispose()
    with pytest.raises(UNAVAILABLE, match="INSERT INTO") as told:
        Schedules(placements.client, {"daily": daily}).again(Tick("2026-12-01T09:00", "daily", daily, 0, Future()), 0.0)
    assert "hunter2" not in str(told.value)
