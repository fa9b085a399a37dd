import asyncio

from podium.model.json import Json
from podium.model.steps import Steps
from podium.testing.steps import PlainSteps


def _ask_twice(steps: Steps, ran: list[str]) -> list[Json]:
    async def request() -> Json:
        ran.append("request")
        return len(ran)

    async def both() -> list[Json]:
        return [await steps.once("request", request), await steps.once("request", request)]

    return asyncio.run(both())


def test_each_step_runs_at_once_and_is_remembered() -> None:
    steps = PlainSteps()
    assert _ask_twice(steps, []) == [1, 2]
    assert steps.recorded == {"request.0": 1, "request.1": 2}


def test_recorded_steps_are_handed_back_instead_of_run() -> None:
    ran: list[str] = []
    assert _ask_twice(PlainSteps(recorded={"request.0": "kept"}), ran) == ["kept", 1]
    assert ran == ["request"]


def test_a_step_with_a_key_runs_once() -> None:
    steps = PlainSteps()

    async def tool() -> Json:
        return "first"

    async def other() -> Json:
        return "second"

    async def both() -> list[Json]:
        return [await steps.once("t", tool, key="id-1"), await steps.once("t", other, key="id-1")]

    assert asyncio.run(both()) == ["first", "first"]


def test_chunks_are_kept() -> None:
    steps = PlainSteps()
    steps.emit({"text": "a"})
    assert steps.emitted == [{"text": "a"}]
