"""An observer is told how the queues of the store stand, and once more of one that has become empty."""

from podium import Context, RunState, workflow
from podium.telemetry.observer import Observer
from podium.telemetry.spans import QueueLevel
from tests.unit.engine.bench import Bench

EVERY = 15.0


@workflow
async def waits(ctx: Context) -> None:
    await ctx.signal("go")


class Levels(Observer):
    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def queue_level(self, level: QueueLevel) -> None:
        assert level.oldest_age >= 0.0
        assert level.ready or not level.oldest_age
        self.told.append((level.queue, level.ready, level.running))

    def new(self) -> list[tuple[str, int, int]]:
        told, self.told = self.told, []
        return told


async def test_each_queue_is_told_and_once_more_when_it_is_empty(bench: Bench) -> None:
    levels = Levels()
    async with bench.app(waits, observer=levels, queues=("mail",)) as app:
        await bench.clock.settle()
        assert levels.new() == []
        run = await app.start(waits, queue="gpu")  # which nobody serves yet
        await bench.clock.advance(EVERY)
        assert levels.new() == [("gpu", 1, 0)]
        async with bench.app(waits, queues=("gpu",)):
            while (await run.status()).state is not RunState.PARKED:
                await bench.clock.settle()
        await bench.clock.advance(EVERY)
        assert levels.new() == [("gpu", 0, 0)]
        await bench.clock.advance(EVERY)
        assert levels.new() == []
