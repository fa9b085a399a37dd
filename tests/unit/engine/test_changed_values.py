"""What a replay compares: a changed value blocks, with both values and their place, and never fails the run."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from podium import Approval, Context, agent, workflow
from podium.agents.shape import shape_of
from podium.errors import CallFailed, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.facts.answers import AnsweredFailed
from podium.model.run import Run, RunState
from podium.testing import scripted
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)
undoes = scripted("undoes", lambda value: value)


def running(body: Callable[[Context], Awaitable[Any]], *, version: str = "1") -> Any:
    """Return a workflow that does something and then waits for a while."""

    @workflow(name="job", version=version)
    async def job(ctx: Context) -> Any:
        value = await body(ctx)
        await ctx.sleep(10)
        return value

    return job


def calls(target: Any, input: Any = None, **options: Any) -> Callable[[Context], Awaitable[Any]]:
    async def body(ctx: Context) -> Any:
        value = await ctx.call(target, input, **options)
        return {"n": value.n} if isinstance(value, Result) else value

    return body


def asks(question: Any, **options: Any) -> Callable[[Context], Awaitable[Any]]:
    async def body(ctx: Context) -> Any:
        return await ctx.ask(question, **options)

    return body


def registers(agent: Any, input: Any) -> Callable[[Context], Awaitable[Any]]:
    async def body(ctx: Context) -> Any:
        await ctx.on_undo(agent, input)
        return await ctx.call(echo, 1)

    return body


def waits(kind: Any) -> Callable[[Context], Awaitable[Any]]:
    async def body(ctx: Context) -> Any:
        return await ctx.signal("go", kind)

    return body


def once(value: Any, gives: Any) -> Callable[[Context], Awaitable[Any]]:
    async def body(ctx: Context) -> Any:
        return await ctx.once("one", lambda: value, gives=gives)

    return body


def giving(kind: Any, value: Any, *, version: str = "1") -> Any:
    @agent(name="gives", version=version)
    async def gives() -> Any:
        return value

    gives.output = shape(kind)
    return gives


def shape(kind: Any) -> Any:
    return shape_of(kind)


def taking(kind: Any) -> Any:
    @agent(name="takes")
    async def takes(value: Any) -> int:
        return 1

    takes.input = shape(kind)
    return takes


@dataclass
class Result:
    n: int


class Pay(BaseModel):
    amount: int


class PayTo(BaseModel):
    amount: int
    to: str = "anyone"


class PayLater(BaseModel):
    """Remarks are no difference."""

    amount: int
    days: list[int] = []


class PayIn(BaseModel):
    amount: int
    currency: str


Body = Callable[[Context], Awaitable[Any]]

BLOCKS: dict[str, tuple[Body, Body, str]] = {
    "input of a call": (calls(echo, 100), calls(echo, 200), r"a call of echo with 100, .* the same agent with 200"),
    "input of on_undo": (
        registers(undoes, {"amount": 100}), registers(undoes, {"amount": 200}),
        r'a compensation by undoes with {"amount":100}, .* the same with {"amount":200}',
    ),
    "subject of a question": (
        asks("Pay?", subject={"amount": 100}), asks("Pay?", subject={"amount": 200}),
        r'the question .Pay\?. about {"amount":100}, .* the same about {"amount":200}',
    ),
    "subject of an approval": (asks(Approval("Pay?", 100)), asks(Approval("Pay?", 200)), "about 100, .* about 200"),
    "schema of a question": (
        asks("Which?", answer=Literal["a", "b"]), asks("Which?", answer=Literal["a", "c"]),
        r"with answers like .*\"b\".* the same with answers like .*\"c\"",
    ),
    "a field that an answer has to have": (asks("?", answer=Pay), asks("?", answer=PayIn), "currency"),
    "what may be edited": (
        asks(Approval("Pay?", 100, edit=int)), asks(Approval("Pay?", 100, edit=str)), "with answers like",
    ),
    "quorum of a question": (asks("?", quorum=2), asks("?", quorum=3), "a question to 'anyone': ?"),
    "type of a value": (calls(giving(int, 1)), calls(giving(str, "1")), "the value 1, .*valid string, got int"),
    "a field that a value had": (
        calls(giving(PayTo, PayTo(amount=1))), calls(giving(Pay, Pay(amount=1))),
        "`to` is recorded, and the type has no place for it",
    ),
    "a field that an input had": (
        calls(taking(PayTo), PayTo(amount=1)), calls(taking(Pay), Pay(amount=1)), "takes with .*anyone.*the same agent",
    ),
    "type of an input": (calls(taking(int), 1), calls(taking(str), 1), "a call of takes with 1, .*valid string"),
    "type of what is done once": (once(1, int), once("a", str), "the value 1, .*valid string"),
}  # fmt: skip


async def woken(bench: Bench, run: str, flow: AnyAgent, *others: AnyAgent) -> Run:
    """Have a run driven under this code, and return how it then stands."""
    async with bench.app(flow, undoes, *others) as app:
        handle = await app.handle(run)
        await handle.signal("wake up")
        await bench.clock.settle()
        assert await app.reports.verify(run) == []
        return await handle.status()


async def blocked(bench: Bench, run: str, flow: AnyAgent, *others: AnyAgent) -> str:
    """Return why a run is blocked under this code."""
    stands = await woken(bench, run, flow, *others)
    assert stands.state is RunState.BLOCKED
    return stands.reason


@pytest.mark.parametrize("name", BLOCKS)
async def test_what_was_shown_or_handed_over_and_is_another_now_blocks(bench: Bench, name: str) -> None:
    before, now, said = BLOCKS[name]
    run = await bench.parked(running(before), None, undoes)
    reason = await blocked(bench, run, running(now))
    assert re.search(said, reason), reason
    assert (await woken(bench, run, running(before))).state is RunState.PARKED  # nothing is lost


FREE: dict[str, tuple[Body, Body]] = {
    "a field that was added to a value": (calls(giving(Pay, Pay(amount=1))), calls(giving(PayLater, None))),
    "a field that was added to an input": (
        calls(taking(Pay), Pay(amount=1)), calls(taking(PayLater), PayLater(amount=1)),
    ),
    "a field that was added to an answer": (asks("?", answer=Pay), asks("?", answer=PayLater)),
    "a field that was added to an undo": (
        registers(taking(Pay), Pay(amount=1)), registers(taking(PayLater), PayLater(amount=1)),
    ),
    "within of a question": (asks("?", within=1000.0, default=1), asks("?", default=1)),
    "version of an agent whose call is over": (calls(giving(int, 1)), calls(giving(int, 2, version="2"))),
}  # fmt: skip


@pytest.mark.parametrize("name", FREE)
async def test_what_makes_no_difference_does_not_block(bench: Bench, name: str) -> None:
    before, now = FREE[name]
    run = await bench.parked(running(before), None, undoes)
    assert (await woken(bench, run, running(now))).state is RunState.PARKED


async def test_a_signal_whose_type_changed_blocks_once_it_was_taken(bench: Bench) -> None:
    async with bench.app(flow := running(waits(int))) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        await handle.signal("go", 5)
        await bench.clock.settle()
    assert "the value 5" in await blocked(bench, handle.id, running(waits(str)))
    assert await bench.result(handle.id, flow, seconds=10) == 5


async def test_an_answer_whose_type_changed_blocks_once_it_was_taken(bench: Bench) -> None:
    async with bench.app(flow := running(asks("Pay?", answer=int))) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, 5, by="ann")
        await bench.clock.settle()
    for kind in (str, Pay):
        assert "answers like" in await blocked(bench, handle.id, running(asks("Pay?", answer=kind)))
    assert await bench.result(handle.id, flow, seconds=10) == 5


async def test_a_body_that_does_not_fit_is_refused_to_the_workflow_and_in_every_replay(bench: Bench) -> None:
    seen: list[str] = []

    @workflow
    async def lenient(ctx: Context) -> str:
        try:
            await ctx.signal("go", int)
        except InvalidValue as error:
            seen.append(str(error))
        await ctx.sleep(10)
        return "went on"

    async with bench.app(lenient) as app:
        handle = await app.start(lenient)
        await bench.clock.settle()
        await handle.signal("go", "no number")
        await bench.clock.settle()
        [said] = [fact.content for fact in await handle.facts() if isinstance(fact.content, AnsweredFailed)]
        assert said.message == seen[0]
    assert await bench.result(handle.id, lenient, seconds=10) == "went on"
    assert len(seen) > 1
    assert len(set(seen)) == 1


# Versions and time limits


def inner(version: str) -> Any:
    @workflow(name="inner", version=version)
    async def inner(ctx: Context) -> Result:
        return Result(await ctx.call(echo, 1))

    return inner


@pytest.mark.parametrize("by_name", [False, True])
async def test_raising_the_version_of_an_inner_workflow_does_not_block_a_call_that_is_over(
    bench: Bench, *, by_name: bool
) -> None:
    old, new = inner("1"), inner("2")
    run = await bench.parked(running(calls("inner" if by_name else old)), None, old, echo)
    assert await bench.result(run, running(calls("inner" if by_name else new)), new, echo, seconds=10) == {"n": 1}


@workflow
async def slow(ctx: Context) -> str:
    await ctx.sleep(100)
    return "slow"


@pytest.mark.parametrize(("before", "now"), [(50.0, None), (None, 500.0), (50.0, 500.0), (500.0, 50.0)])
async def test_a_time_limit_of_a_workflow_may_be_removed_added_and_changed(
    bench: Bench, before: float | None, now: float | None
) -> None:
    run = await bench.parked(running(calls(slow, timeout=before)), None, slow)
    assert (await woken(bench, run, running(calls(slow, timeout=now)), slow)).state is RunState.PARKED


async def test_a_time_limit_that_was_removed_does_not_end_the_call(bench: Bench) -> None:
    run = await bench.parked(running(calls(slow, timeout=50.0)), None, slow)
    async with bench.app(running(calls(slow)), slow) as app:
        await bench.clock.advance(150)
        assert await (await app.handle(run)).result() == "slow"


async def test_a_time_limit_that_has_ended_a_call_stands_when_it_is_removed(bench: Bench) -> None:
    def limited(timeout: float | None) -> Any:
        async def body(ctx: Context) -> str:
            try:
                return await ctx.call(slow, timeout=timeout)
            except CallFailed as error:
                return str(error)

        return running(body)

    run = await bench.parked(limited(5.0), None, slow)
    async with bench.app(limited(5.0), slow):
        await bench.clock.advance(6)
    assert "no answer within 5 s" in await bench.result(run, limited(None), slow, seconds=10)


# What new code raises


async def in_line(ctx: Context) -> Any:
    value: Any = await ctx.call(echo, 1)
    return value["oops"]


async def in_branch(ctx: Context) -> Any:
    return await ctx.gather(ctx.branch(in_line), ctx.call(echo, 2))


async def in_except(ctx: Context) -> Any:
    try:
        return await in_line(ctx)
    except TypeError:
        return await ctx.call(undoes, 2)


async def fine(ctx: Context) -> Any:
    return [await ctx.call(echo, 1), await ctx.call(echo, 2)]


async def fine_in_branch(ctx: Context) -> Any:
    return await ctx.gather(ctx.branch(fine), ctx.call(echo, 2))


@pytest.mark.parametrize(("before", "now"), [(fine, in_line), (fine, in_except), (fine_in_branch, in_branch)])
async def test_a_run_that_new_code_blocks_says_what_that_raised_and_where(
    bench: Bench, before: Body, now: Body
) -> None:
    run = await bench.parked(running(before), None, undoes)
    reason = await blocked(bench, run, running(now))
    line = in_line.__code__.co_firstlineno + 2
    assert f"TypeError: 'int' object is not subscriptable ({__file__}:{line}, in in_line)" in reason
