"""What is kept for a time only is deleted once its time is over, and only looked for now and then."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from unittest.mock import patch

from podium.errors import StoreUnavailable
from podium.services import expiry
from podium.services.expiry import Expiry
from podium.store.operations import Start
from podium.store.sqlite.store import SqliteStore
from podium.store.tables import events
from podium.testing import DrivenClock
from podium.testing.contracts.hand import new_run

DAY = 86_400.0


@asynccontextmanager
async def opened(times: Sequence[float]) -> AsyncGenerator[SqliteStore]:
    store = SqliteStore(":memory:")
    store.workers.join("w_1", 0.0)
    for n, at in enumerate(times):
        await store.commit("w_1", [Start(replace(new_run(f"r{n}"), at=at), drive=False)])
    yield store
    store.close()


async def positions(store: SqliteStore) -> list[int]:
    return [each.position for each in await store.events.after(0, 1_000)]


async def test_old_events_are_deleted_however_many_there_are() -> None:
    with patch.object(events, "_AT_ONCE", 3):
        clock = DrivenClock(10 * DAY)
        async with opened([DAY] * 10 + [9.5 * DAY] * 2) as store:
            await Expiry(store, clock, keep_events=DAY).look()
            assert await positions(store) == [11, 12]


async def test_it_looks_again_only_after_a_while() -> None:
    clock = DrivenClock(DAY)
    async with opened([DAY, 5 * DAY]) as store:
        looks = Expiry(store, clock, keep_events=DAY)
        await looks.look()
        await clock.advance(9 * DAY)
        await looks.look()
        assert await positions(store) == [1, 2]
        with patch.object(expiry, "_EVERY_SECONDS", 0.0):
            looks = Expiry(store, clock, keep_events=DAY)
            await looks.look()
            assert await positions(store) == [2]


async def test_a_store_that_cannot_be_written_is_looked_at_later() -> None:
    clock = DrivenClock(10 * DAY)

    async def away(_: float) -> bool:
        raise StoreUnavailable("away")

    async with opened([DAY, 5 * DAY]) as store:
        with patch.object(store.events, "expire", away), patch.object(expiry, "_EVERY_SECONDS", 0.0):
            looks = Expiry(store, clock, keep_events=DAY)
            await looks.look()
        await looks.look()
        await asyncio.sleep(0)
        assert await positions(store) == [2]
