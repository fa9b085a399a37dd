"""What was done is kept once the store is back, and not done again for it."""

import asyncio

import pytest

from podium.errors import StoreUnavailable
from podium.services.keeping import kept
from podium.testing import DrivenClock


class Away:
    """Cannot be written so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.tried: list[float] = []
        self.clock = DrivenClock()

    async def keep(self) -> str:
        self.tried.append(self.clock.now())
        if len(self.tried) <= self.times:
            raise StoreUnavailable("the disk is full")
        return "kept"


async def test_it_is_tried_again_until_the_store_takes_it(caplog: pytest.LogCaptureFixture) -> None:
    away = Away(2)
    begun = away.clock.now()
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(kept(away.keep, "webhook hook_1", away.clock, 5.0))
        await away.clock.advance(10.0)
    assert keeping.result() == "kept"
    assert away.tried == [begun, begun + 5.0, begun + 10.0]
    assert caplog.messages == ["webhook hook_1 waits for the store: the disk is full"] * 2


async def test_whoever_stops_is_told_that_it_could_not_be_kept() -> None:
    away = Away(1)
    with pytest.raises(StoreUnavailable):
        await kept(away.keep, "webhook hook_1", away.clock, 5.0, stops=lambda: True)
    assert await kept(away.keep, "webhook hook_1", away.clock, 5.0, stops=lambda: True) == "kept"
