"""Agents at their worst, in a real process with the default limits."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunFailed
from podium.model.agent import AnyAgent
from podium.testing import hanging

HUGE = 65 * 1024 * 1024


@agent
async def lies() -> int:
    return ["not", "a", "number"]  # pyright: ignore[reportReturnType]  the subject of the test


@agent
async def raises() -> None:
    raise LookupError("no such customer")


@agent
async def leaves() -> None:
    sys.exit(4)


@agent
def leaves_a_thread() -> None:
    sys.exit(5)


@agent
def huge() -> str:
    return "x" * HUGE


@agent(timeout=0.1)
def hangs_in_a_thread() -> None:
    time.sleep(3)


@workflow
async def asks(ctx: Context, name: str) -> object:
    return await ctx.call(name)


@workflow
async def works(ctx: Context) -> str:
    await ctx.sleep(0.3)
    return "worked"


AGENTS: list[AnyAgent] = [
    lies, raises, leaves, leaves_a_thread, huge, hangs_in_a_thread, hanging("hangs", timeout=0.1), asks, works,
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("lies", "lies failed at 0: .*BadAnswer: lies returned something else than it declares: expected int"),
        ("raises", "raises failed at 0: LookupError: no such customer"),
        ("leaves", r"leaves failed at 0: SystemExit: the agent called sys.exit\(4\)"),
        ("leaves_a_thread", r"leaves_a_thread failed at 0: SystemExit: the agent called sys.exit\(5\)"),
        ("huge", f"huge failed at 0: TooLarge: the answer has {HUGE + 2} bytes, {64 * 1024 * 1024} are allowed"),
        ("hangs", "hangs failed at 0: TimeoutError: no answer within 0.1 s"),
        ("hangs_in_a_thread", "hangs_in_a_thread failed at 0: TimeoutError: no answer within 0.1 s"),
    ],
)
def test_its_call_fails_with_a_clear_sentence_and_another_run_goes_on(tmp_path: Path, name: str, sentence: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(120), App.open(tmp_path / "podium.db", agents=AGENTS) as app:
            other = await app.start(works)
            with pytest.raises(RunFailed, match=sentence):
                await app.run(asks, name)
            assert await other.result() == "worked"
            assert not any([await app.reports.verify(run.id) for run in await app.runs.list()])

    asyncio.run(run())
