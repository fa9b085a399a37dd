"""Every run ends, whatever its code raises and wherever it does: it fails with words, and nothing hangs."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunBlocked, RunFailed
from podium.guards import guard
from podium.model.run import RunState
from tests.unit.engine.bench import Bench


class Mute(Exception):
    """Cannot be printed: a common bug of clients whose body has not what they expect."""

    def __str__(self) -> str:
        raise KeyError("message")


class Wordless(Exception):
    def __str__(self) -> str:
        return None  # type: ignore[return-value]  # noqa: PLE0307 - as people write it


class Unshown(Exception):
    def __repr__(self) -> str:
        raise RecursionError

    __str__ = __repr__


class Odd(BaseException):
    """No Exception at all."""


class Closed(Exception):
    """Cannot even be looked at."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(name)


def chained(length: int) -> Exception:
    """Return an error at the end of a long row of causes."""
    error = ValueError("the first")
    for _ in range(length):
        error = _from(ValueError("because of it"), error)
    return error


def nested(depth: int) -> Exception:
    """Return groups in groups."""
    error: Exception = ValueError("inside")
    for _ in range(depth):
        error = cast("Exception", ExceptionGroup("around", [error]))
    return error


RAISED: dict[str, Callable[[], BaseException]] = {
    "mute": Mute,
    "wordless": Wordless,
    "unshown": Unshown,
    "group of mutes": lambda: ExceptionGroup("several", [Mute(), Wordless()]),
    "from a mute": lambda: _from(ValueError("because of it"), Mute()),
    "closed": Closed,
    "from a closed one": lambda: _from(ValueError("because of it"), Closed()),
    "a long chain": lambda: chained(3_000),
    "deep groups": lambda: nested(3_000),
    "odd": lambda: Odd("odd"),
    "mute and odd": type("MuteOdd", (Odd, Mute), {}),
    "generator exit": GeneratorExit,
    "stop iteration": lambda: StopAsyncIteration("no more"),
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "cancelled": lambda: asyncio.CancelledError("mine"),
}


def _from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def places(make: Callable[[], BaseException]) -> dict[str, Any]:  # noqa: C901 - a table
    """Return workflows that raise it: themselves, and in all that a workflow can ask for."""

    async def fails(*_: object) -> Any:
        raise make()

    @agent(name="failing")
    async def failing(_: None) -> None:
        await fails()

    @workflow(name="member")
    async def member(ctx: Context) -> None:
        await fails()

    @workflow(name="itself")
    async def itself(ctx: Context) -> None:
        await fails()

    @workflow(name="after_a_call")
    async def after_a_call(ctx: Context) -> None:
        await ctx.sleep(0)
        await fails()

    @workflow(name="in_an_agent")
    async def in_an_agent(ctx: Context) -> None:
        await ctx.call(failing, None)

    @agent(name="failing_in_a_thread")
    def failing_in_a_thread(_: None) -> None:
        raise make()

    @agent(name="checked", guards=(guard(fails, name="fails"),))
    async def checked(_: None) -> None: ...

    @workflow(name="in_a_thread")
    async def in_a_thread(ctx: Context) -> None:
        await ctx.call(failing_in_a_thread, None)

    @workflow(name="in_a_guard")
    async def in_a_guard(ctx: Context) -> None:
        await ctx.call(checked, None)

    @workflow(name="in_a_function")
    async def in_a_function(ctx: Context) -> None:
        await ctx.once("it", fails)

    @workflow(name="in_a_branch")
    async def in_a_branch(ctx: Context) -> None:
        await ctx.gather(ctx.branch(fails), ctx.sleep(0))

    @workflow(name="in_a_race")
    async def in_a_race(ctx: Context) -> None:
        await ctx.race(ctx.branch(fails), ctx.branch(fails))

    @workflow(name="inline")
    async def inline(ctx: Context) -> None:
        await ctx.call(member)

    @workflow(name="in_a_child")
    async def in_a_child(ctx: Context) -> None:
        child = await ctx.spawn(member, None)
        await child.result()

    flows = [
        itself, after_a_call, in_an_agent, in_a_thread, in_a_guard, in_a_function, in_a_branch, in_a_race, inline,
        in_a_child,
    ]  # fmt: skip
    return {"member": member, **{flow.card.name: flow for flow in flows}}


@pytest.mark.parametrize("place", [name for name in places(Mute) if name != "member"])
@pytest.mark.parametrize("what", RAISED)
async def test_a_run_ends_whatever_is_raised_in_it(bench: Bench, what: str, place: str) -> None:
    flows = places(RAISED[what])
    async with bench.app(flows["member"], flows[place]) as app:
        with pytest.raises(RunFailed) as failed:
            async with asyncio.timeout(120):
                await app.run(flows[place], id="r")
        assert failed.value.args[0]
        run = await app.runs.get("r")
        assert (run.state, bool(run.reason)) == (RunState.FAILED, True)
    async with bench.app(flows["member"], flows[place]) as app:
        assert (await app.runs.get("r")).state is RunState.FAILED
        assert [each.what for each in await app.reports.verify("r")] == []


@pytest.mark.parametrize("what", RAISED)
async def test_people_are_asked_where_a_verify_cannot_tell_whatever_it_raises(bench: Bench, what: str) -> None:
    async def verify(_: Any) -> None:
        error = RAISED[what]()
        raise error

    @agent(effects="once", verify=verify)
    async def pay(n: int) -> int:
        bench.witness.saw("paid")
        raise ConnectionError("cut off")

    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(pay, 1)

    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.until(app.inbox.list)
        (question,) = await app.inbox.list()
        await app.inbox.answer(question.id, {"happened": 1}, by="ann")
        assert await handle.result() == 1
    assert bench.witness.count("paid") == 1


async def test_an_app_that_is_left_while_a_run_is_driven_ends_nothing(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context) -> None:
        await ctx.signal("never")

    async with bench.app(waits) as app:
        await app.start(waits, id="r")
        await bench.clock.settle()
    async with App.open(bench.path) as app:
        assert (await app.runs.get("r")).state is RunState.PARKED


async def test_a_run_that_podium_itself_fails_to_drive_is_blocked_and_logged(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    @workflow
    async def flow(ctx: Context) -> int:
        return 1

    async def fails(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("podium.engine.worker.execute.admit", fails)
    monkeypatch.setattr("podium.engine.worker.execute.causes_of", fails_to_tell)
    async with bench.app(flow) as app:
        with pytest.raises(RunBlocked, match=r"Podium could not drive it: ZeroDivisionError: no\. Please report that"):
            await app.run(flow, id="r")
    assert "run r could not be driven: ZeroDivisionError: no" in caplog.text


def fails_to_tell(_: BaseException) -> tuple[str, ...]:
    raise ZeroDivisionError("no")
