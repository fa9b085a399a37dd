"""The testing kit does what it promises to those who test with it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from podium import App, Call, Context, workflow
from podium.app import run_sync
from podium.errors import RunFailed
from podium.store.sqlite.store import SqliteStore
from podium.testing import CountingIds, DrivenClock, FaultPoint, PlainSteps, Witness, die_at, failing, scripted, slow
from podium.testing.contracts.hand import Hand, new_run


def test_importing_it_leaves_pydantic_ai_and_pytest_alone() -> None:
    code = "import sys, podium.testing; print([n for n in ('pydantic_ai', 'pytest') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_scripted_model_is_there_when_asked_for_and_nothing_else_is() -> None:
    import podium.testing as kit  # noqa: PLC0415 - its attributes are the subject

    assert kit.ScriptedModel.__name__ == "ScriptedModel"
    assert [name for name in kit.__all__ if not hasattr(kit, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = kit.Nonsense  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  the subject


async def test_a_driven_clock_wakes_sleepers_at_their_time_and_in_order() -> None:
    clock, woken = DrivenClock(0.0), list[tuple[str, float]]()

    async def sleeper(name: str, *times: float) -> None:
        for when in times:
            await clock.sleep_until(clock.now() + when)
            woken.append((name, clock.now()))

    tasks = [
        asyncio.create_task(sleeper("a", 5, 5)),
        asyncio.create_task(sleeper("b", 7)),
        asyncio.create_task(sleeper("c", 0)),
    ]
    await clock.advance(9)
    assert woken == [("c", 0.0), ("a", 5.0), ("b", 7.0)]
    await clock.advance(1)
    assert (woken[-1], clock.now()) == (("a", 10.0), 10.0)
    await asyncio.gather(*tasks)


async def test_settling_lets_long_chains_of_work_run_to_their_end() -> None:
    clock, turns = DrivenClock(), 0

    async def chain() -> None:
        nonlocal turns
        for _ in range(5_000):
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(chain())
    await clock.settle()
    assert turns == 5_000
    await task


async def test_a_clock_says_what_did_not_come() -> None:
    with pytest.raises(AssertionError, match=r"did not come within 0\.01 s"):
        await DrivenClock().until(lambda: False, within=0.01)


def test_ids_are_counted_by_prefix() -> None:
    ids, others = CountingIds(), CountingIds("b")
    assert [ids.new("run"), ids.new("run"), ids.new("q"), others.new("run")] == ["run_1", "run_2", "q_1", "run_b1"]
    assert [ids.seed(), ids.seed()] == [1, 2]


def test_a_witness_counts_lines_by_their_first_words(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness")
    assert witness.lines() == []
    for line in (("call", "a", 1), ("call", "a", 2), ("call", "ab", 1)):
        witness.saw(*line)
    assert (witness.count("call", "a"), witness.count("call"), witness.counts()["call ab 1"]) == (2, 3, 1)


def test_a_fault_point_is_written_and_read() -> None:
    point = FaultPoint("commit", 12, "after")
    assert FaultPoint.parse(str(point)) == point


class Died(BaseException):
    """Instead of a real death, to look at the place of it."""


@pytest.mark.parametrize(("when", "facts"), [("before", 0), ("after", 1)])
def test_before_a_commit_nothing_is_there_and_after_it_everything_is(tmp_path: Path, when: str, facts: int) -> None:
    def die() -> None:
        raise Died

    store = SqliteStore(str(tmp_path / "podium.db"))
    watched = die_at(f"{when}-commit-2", die=die).store(store)
    hand = Hand(watched)
    hand.start(new_run("first"))
    with pytest.raises(Died):
        hand.start(new_run("second"))
    assert len(run_sync(store.facts("second"))) == facts
    store.close()


async def test_agents_and_functions_have_fault_points_at_their_start_and_end() -> None:
    died: list[str] = []
    steps, call = PlainSteps(), Call(run="r", key="0", agent="echo", version="1", input=1)
    for point in ("before-body-1", "after-body-2", "before-body-9"):
        faults = die_at(point, die=lambda point=point: died.append(point))
        echo, tool = faults.agent(scripted("echo", lambda value: value)), faults.body(asyncio.sleep)
        await echo.run(call, steps)
        await tool(0)
        assert faults.reached["body"] == 2
    assert died == ["before-body-1", "after-body-2"]


async def test_scripted_failing_and_slow_agents_do_as_they_are_told() -> None:
    clock = DrivenClock()
    turns = scripted("turns", ["first", ValueError("second")])
    by_input = scripted("by_input", {"a": 1})
    late = slow("late", 30, then="late", clock=clock)

    @workflow
    async def asks(ctx: Context) -> list[object]:
        return [await ctx.call(turns), await ctx.call(by_input, "a"), await ctx.call(late)]

    @workflow
    async def asks_too_often(ctx: Context) -> None:
        await ctx.call(turns)

    async with asyncio.timeout(120), App.open(":memory:", agents=[asks, asks_too_often], clock=clock) as app:
        handle = await app.start(asks)
        await clock.advance(30)
        assert await handle.result() == ["first", 1, "late"]
        for message in ("second", "the script of turns has 2 replies"):
            with pytest.raises(RunFailed, match=message):
                await app.run(asks_too_often)


async def test_a_failing_agent_fails_without_end_unless_told() -> None:
    @workflow
    async def asks(ctx: Context) -> None:
        await ctx.call(failing("never_well"))

    async with asyncio.timeout(120), App.open(":memory:", agents=[asks]) as app:
        with pytest.raises(RunFailed, match="never_well fails as told"):
            await app.run(asks)
