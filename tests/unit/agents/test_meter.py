"""What functions and programs take of the machine is measured where that has a price."""

import asyncio
import sys
from time import thread_time
from typing import Any

from podium import agent, process
from podium.agents.meter import Meter
from podium.model.json import Json
from podium.model.outcome import Done, Usage
from podium.model.prices import NO_PRICES, PriceSettings
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import outcome

PRICED = PriceSettings(cpu_second=1.0, gb_second=1.0)
BUSY = """
import sys, time
while time.process_time() < float(sys.argv[1]):
    pass
held = b"x" * (int(sys.argv[2]) * 2**20)
time.sleep(float(sys.argv[3]))
print("null")
"""


def burn(seconds: float) -> None:
    """Use up processor time in this thread."""
    end = thread_time() + seconds
    while thread_time() < end:
        pass


def used(member: Any, prices: PriceSettings = PRICED) -> Usage | None:
    done = outcome(member, None, PlainSteps(prices=prices))
    assert isinstance(done, Done)
    return done.usage


def program(*, cpu: float = 0.0, megabytes: int = 0, waits: float = 0.0) -> Any:
    return process([sys.executable, "-c", BUSY, str(cpu), str(megabytes), str(waits)], name="busy")


def test_a_function_in_a_thread_is_measured_by_its_own_time() -> None:
    @agent
    def burns() -> None:
        burn(0.05)

    usage = used(burns)
    assert usage is not None
    assert 0.05 <= usage.cpu_seconds < 0.5


def test_of_an_async_function_only_its_own_parts_count_not_those_of_others_meanwhile() -> None:
    @agent
    async def mixes() -> None:
        async def other() -> None:
            burn(0.2)

        burn(0.03)
        await asyncio.create_task(other())
        burn(0.03)

    usage = used(mixes)
    assert usage is not None
    assert 0.06 <= usage.cpu_seconds < 0.2


def test_what_is_not_priced_is_not_measured() -> None:
    @agent
    async def quick() -> None: ...

    assert used(quick, NO_PRICES) is None
    assert used(program(), NO_PRICES) is None


def test_a_program_is_measured_by_what_the_system_tells_of_it() -> None:
    usage = used(program(cpu=0.2))
    assert usage is not None
    assert 0.2 <= usage.cpu_seconds < 1.0


def test_the_memory_of_a_program_is_its_own_and_not_that_of_whoever_starts_it() -> None:
    ours = bytearray(300 * 2**20)
    ours[::4096] = b"x" * len(ours[::4096])
    small, large = used(program(waits=0.6)), used(program(megabytes=200, waits=0.6))
    assert small is not None
    assert large is not None
    assert 0 < small.gb_seconds < 0.1 < large.gb_seconds


async def test_errors_and_cancels_pass_through_the_meter() -> None:
    seen: list[Json] = []

    async def careful() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
        finally:
            seen.append("left")
        return "done"

    task = asyncio.create_task(Meter().wait(careful()))
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "done"
    assert seen == ["cancelled", "left"]
