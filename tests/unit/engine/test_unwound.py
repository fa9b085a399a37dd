"""Whoever has `finally` or `async with` around a wait is warned: their ends run each time the run leaves memory."""

import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from podium import Context, workflow
from podium.engine.run import unwound
from podium.engine.workflow import Workflow
from tests.unit.engine.bench import Bench

HERE = Path(__file__)
CLOSED: list[str] = []


@contextlib.asynccontextmanager
async def opened() -> AsyncGenerator[None]:
    yield
    CLOSED.append("with")


@workflow
async def finally_around_a_wait(ctx: Context) -> None:
    try:
        await ctx.signal("go")
    finally:
        CLOSED.append("finally")  # told


@workflow
async def with_around_a_wait(ctx: Context) -> None:
    async with opened():  # told
        await ctx.signal("go")


@workflow
async def around_a_branch(ctx: Context) -> None:
    await ctx.gather(ctx.branch(waits_inside, None), ctx.sleep(5))


async def waits_inside(ctx: Context, _: None) -> None:
    if ctx.run_id:
        try:
            await ctx.signal("go")
        except ValueError:
            await ctx.sleep(1)
        finally:
            CLOSED.append("branch")  # told


@workflow
async def in_a_helper(ctx: Context) -> None:
    with contextlib.suppress(ValueError):
        await helper(ctx)


async def helper(ctx: Context) -> None:
    try:
        await ctx.sleep(1)
    except* ValueError:
        pass
    finally:
        CLOSED.append("helper")  # told


@workflow
async def plain(ctx: Context) -> None:
    try:
        CLOSED.append("before")
    finally:
        CLOSED.append("no wait in it")
    with contextlib.suppress(ValueError):
        await ctx.signal("go")


@workflow
async def in_the_end(ctx: Context) -> None:
    try:
        CLOSED.append("before")
    finally:
        await ctx.signal("go")


@workflow
async def selects(ctx: Context) -> None:
    async with ctx.select(ctx.signal("go")) as arrivals:
        async for _ in arrivals:
            pass


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unwound, "_SEEN", set[object]())


def told(function: Callable[..., object]) -> int:
    """Return the line of a function that is marked."""
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if "# told" in line)


@pytest.mark.parametrize(
    ("flow", "function", "what"),
    [
        (finally_around_a_wait, finally_around_a_wait.function, "`finally`"),
        (with_around_a_wait, with_around_a_wait.function, "`async with`"),
        (around_a_branch, waits_inside, "`finally`"),
        (in_a_helper, helper, "`finally`"),
    ],
)
async def test_the_line_is_told_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, flow: Workflow[None, None], function: Callable[..., object],
    what: str,
) -> None:  # fmt: skip
    for _ in range(2):
        await bench.parked(flow)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith(f"{HERE}:{told(function)}: the end of {what} runs each time the run waits at line ")


@pytest.mark.parametrize("flow", [plain, in_the_end, selects])
async def test_nobody_is_warned_of_what_runs_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, flow: Workflow[None, None]
) -> None:
    await bench.parked(flow)
    assert caplog.records == []


async def test_code_without_source_is_left_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    names: dict[str, Any] = {"Context": Context}
    code = "async def made(ctx: Context) -> None:\n try:\n  await ctx.signal('go')\n finally:\n  pass\n"
    exec(compile(code, "<made>", "exec"), names)
    await bench.parked(workflow(names["made"]))
    assert caplog.records == []
