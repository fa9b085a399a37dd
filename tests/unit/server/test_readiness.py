"""A probe is answered in time, also where the store gives no answer, and asks it one thing at a time."""

import asyncio

from podium.server.readiness import Readiness


async def test_a_store_that_gives_no_answer_is_told_of_in_time_and_asked_once() -> None:
    asked, answer = 0, asyncio.Event()

    async def unready() -> str:
        nonlocal asked
        asked += 1
        await answer.wait()
        return ""

    readiness = Readiness(unready, patience=0)
    said = await asyncio.gather(readiness.hindrance(), readiness.hindrance())
    assert said == ["its store gives no answer"] * 2
    assert asked == 1
    answer.set()
    assert await Readiness(unready).hindrance() == ""
    assert asked == 2


async def test_each_probe_asks_anew_once_there_was_an_answer() -> None:
    reasons = iter(["its store is away", ""])

    async def unready() -> str:
        return next(reasons)

    readiness = Readiness(unready)
    assert [await readiness.hindrance(), await readiness.hindrance()] == ["its store is away", ""]


async def test_what_is_still_asked_is_given_up_at_a_stop() -> None:
    given_up = asyncio.Event()

    async def unready() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return ""

    readiness = Readiness(unready, patience=0)
    assert await readiness.hindrance()
    await asyncio.sleep(0)
    readiness.stop()
    await given_up.wait()
