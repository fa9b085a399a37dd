"""How many runs a worker began a second, over the last minute."""

from podium.engine.worker.rates import BeginRates
from podium.testing import DrivenClock


async def test_runs_count_for_a_minute() -> None:
    clock = DrivenClock()
    rates = BeginRates(clock)
    assert rates.now() == {}
    await clock.advance(120.0)
    for _ in range(6):
        rates.begun("gpu")
        rates.begun("cpu")
        rates.begun("cpu")
        await clock.advance(10.0)
    assert rates.now() == {"gpu": 5 / 55, "cpu": 10 / 55}  # of the last 55 to 60 seconds
    await clock.advance(30.0)
    assert 0.0 < rates.now()["gpu"] < 0.1
    await clock.advance(60.0)
    assert rates.now() == {}


async def test_a_young_worker_is_judged_by_its_age() -> None:
    clock = DrivenClock()
    rates = BeginRates(clock)
    for _ in range(20):
        rates.begun("gpu")
    assert rates.now() == {"gpu": 4.0}  # as if it were five seconds old
    await clock.advance(10.0)
    assert rates.now() == {"gpu": 2.0}
