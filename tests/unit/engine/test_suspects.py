"""Runs that may be what kills their processes are begun one after the other, whatever else is driven."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from podium.fleets.store import StoreFleet
from podium.store.operations import Placed


class Driver:
    """Notes what it is handed; some runs are somebody else's by then."""

    id = "w_1"

    def __init__(self, *, gone: Sequence[int] = ()) -> None:
        self.driven: list[int] = []
        self._gone = gone

    async def drive(self, runs: Sequence[Placed]) -> list[int]:
        had = [run.n for run in runs if run.n not in self._gone]
        self.driven.extend(had)
        return had


@asynccontextmanager
async def running(fleet: StoreFleet, driver: Driver) -> AsyncGenerator[None]:
    task = asyncio.create_task(fleet.run(driver))
    try:
        yield
    finally:
        task.cancel()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_of_suspects_one_is_begun_the_most_suspect_first_and_the_others_beside_it() -> None:
    fleet, driver = StoreFleet(10), Driver()
    async with running(fleet, driver):
        fleet.place([Placed(1, 9, 2), Placed(2, 0, 4), Placed(3, 0, 2), Placed(4, 0, 1), Placed(5, 0)])
        await turns()
        assert driver.driven == [2, 4, 5]
        fleet.release("default", 4)
        await turns()
        assert driver.driven == [2, 4, 5]
        fleet.release("default", 2)
        await turns()
        assert driver.driven == [2, 4, 5, 1]


async def test_a_suspect_that_is_somebody_elses_by_now_does_not_hold_up_the_next() -> None:
    fleet, driver = StoreFleet(10), Driver(gone=[1])
    async with running(fleet, driver):
        fleet.place([Placed(1, 0, 3), Placed(2, 0, 2)])
        await turns()
        assert driver.driven == [2]


async def test_a_suspect_that_lives_on_does_not_hold_up_the_next_for_ever() -> None:
    fleet, driver = StoreFleet(10, probation=0.0), Driver()
    async with running(fleet, driver):
        fleet.place([Placed(1, 0, 2), Placed(2, 0, 2), Placed(3, 0, 2)])
        async with asyncio.timeout(120):
            while driver.driven != [1, 2, 3]:
                await turns()


async def test_a_suspect_takes_a_slot_like_any_other() -> None:
    fleet, driver = StoreFleet(1), Driver()
    async with running(fleet, driver):
        fleet.place([Placed(1, 0, 2), Placed(2, 0)])
        await turns()
        assert driver.driven == [1]
        fleet.release("default", 1)
        await turns()
        assert driver.driven == [1, 2]
