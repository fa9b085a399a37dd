"""Agents that go round in circles, and patterns that only look as if they did."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from podium import App, Call, Config, Context, agent, workflow
from podium.errors import CallRefused
from podium.model.json import Json
from podium.model.loops import Loops
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry, as_text, echo, entries
from tests.unit.engine.bench import Bench

KNOWN = entries()
Asks = Callable[[Context], Any]
WHAT = "what was that you said?"


@agent
async def parrot(text: str, call: Call) -> str:
    return "heard you" if call.feedback else WHAT


@agent
async def owl(text: str) -> str:
    return "why do you want to know?"


@agent
async def check(text: str) -> str:
    return "fine"


@agent
async def second_check(text: str) -> bool:
    return True


@agent
async def scribe(text: str) -> str:
    return f"wrote {text}"


def looping(body: Asks) -> Any:
    @workflow(name="loops")
    async def loops(ctx: Context) -> Json:
        said: list[str] = []
        try:
            async for answer in body(ctx):
                said.append(answer)  # noqa: PERF401 - what was said before a refusal is wanted too
        except CallRefused as error:
            said.append(error.rule)
        return said

    return loops


async def same_question(ctx: Context) -> Any:
    for _ in range(6):
        yield await ctx.call(parrot, "hello")


async def tennis(ctx: Context) -> Any:
    for n in range(6):
        yield await ctx.call(parrot, f"over {n}")
        yield await ctx.call(owl, f"back {n}")


async def same_answer(ctx: Context) -> Any:
    for n in range(8):
        yield await ctx.call(parrot, f"question {n}")


async def nothing_new(ctx: Context) -> Any:
    for n in range(20):
        yield await ctx.call(parrot if n % 3 else owl, f"question {n}")


async def work(ctx: Context) -> Any:
    for n in range(30):
        yield await ctx.call(scribe, f"page {n}")


async def checks(ctx: Context) -> Any:
    for n in range(30):
        yield await ctx.call(check, f"page {n}")


async def two_checks(ctx: Context) -> Any:
    for n in range(30):
        yield await ctx.call(check, f"page {n}")
        yield await ctx.call(second_check, f"page {n}")


async def rounds(ctx: Context) -> Any:
    for n in range(30):
        yield await ctx.call(scribe, f"draft {n}")
        yield await ctx.call(check, f"wrote draft {n}")


async def polls(ctx: Context) -> Any:
    for _ in range(30):
        yield await ctx.call(parrot, "is it there?")
        await ctx.sleep(10)


async def polls_until_told(ctx: Context) -> Any:
    for _ in range(30):
        yield await ctx.call(parrot, "is it there?")
        await ctx.race(ctx.signal("there"), ctx.sleep(10))


async def the_same_to_all(ctx: Context) -> Any:
    for _ in range(30):
        for said in await ctx.map(parrot, ["hello"] * 2, concurrency=1):
            yield said


ONLY: dict[str, Loops] = {
    "identical": Loops(identical=4, ping_pong=None, repeats=None, idle=None),
    "ping_pong": Loops(identical=None, ping_pong=3, repeats=None, idle=None),
    "repeats": Loops(identical=None, ping_pong=None, repeats=5, idle=None),
    "idle": Loops(identical=None, ping_pong=None, repeats=None, idle=10),
}


@pytest.mark.parametrize(
    ("rule", "body", "calls"),
    [("identical", same_question, 4), ("ping_pong", tennis, 6), ("repeats", same_answer, 5), ("idle", nothing_new, 12)],
)
async def test_a_circle_is_stopped(bench: Bench, rule: str, body: Asks, calls: int) -> None:
    flow = looping(body)
    async with bench.app(flow, config=Config(loops=ONLY[rule])) as app:
        said = await app.run(flow)
    assert said[-1] == f"loop:{rule}"
    assert len(said) == calls + 1


@pytest.mark.parametrize("body", [same_question, tennis, same_answer, nothing_new])
async def test_nothing_is_looked_for_unless_it_is_set(bench: Bench, body: Asks) -> None:
    flow = looping(body)
    async with bench.app(flow) as app:
        assert not any(said.startswith("loop:") for said in await app.run(flow))


@pytest.mark.parametrize("body", [work, checks, two_checks, rounds, polls, polls_until_told, the_same_to_all])
async def test_work_that_gets_on_is_no_circle(bench: Bench, body: Asks) -> None:
    flow = looping(body)
    async with bench.app(flow, config=Config(loops=Loops())) as app:
        handle = await app.start(flow)
        await bench.clock.advance(300)
        said = await handle.result()
    assert not [each for each in said if str(each).startswith("loop:")]
    assert len(said) >= 30


async def test_an_agent_can_be_told_that_it_repeats_itself(bench: Bench) -> None:
    flow = looping(same_question)
    async with bench.app(flow, config=Config(loops=Loops(identical=2, then="nudge"))) as app:
        assert await app.run(flow) == [WHAT, WHAT, "heard you", WHAT, WHAT, "heard you"]


async def test_a_person_can_be_asked_and_what_was_said_before_counts_after_a_crash(bench: Bench) -> None:
    flow = looping(same_question)
    config = Config(loops=Loops(identical=4, repeats=None, idle=None, then="ask", to="boss"))
    async with bench.app(flow, config=config) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
    for approved in (True, False):
        async with bench.app(flow, config=config) as app:
            await bench.clock.settle()
            [question] = await app.inbox.list(to="boss")
            await app.inbox.answer(question.id, {"approved": approved}, by="ann")
            await bench.clock.settle()
    async with bench.app(flow, config=config) as app:
        assert await (await app.handle(handle.id)).result() == [WHAT] * 5 + ["loop:identical"]


async def test_the_same_question_in_branches_side_by_side_is_no_circle(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context) -> Json:
        return await ctx.map(parrot, ["hello"] * 20)

    async with bench.app(asks, config=Config(loops=Loops(repeats=None, idle=None))) as app:
        assert await app.run(asks) == [WHAT] * 20


async def test_workflows_inside_workflows_come_to_an_end(bench: Bench) -> None:
    @workflow
    async def matryoshka(ctx: Context, depth: int) -> str:
        try:
            return await ctx.call("matryoshka", depth + 1)
        except CallRefused as error:
            return f"{depth}: {error.rule}"

    async with bench.app(matryoshka, max_depth=7) as app:
        assert await app.run(matryoshka, 1) == "7: depth"


async def test_so_do_child_runs_of_child_runs_and_a_replay_knows_it(bench: Bench) -> None:
    @workflow
    async def ancestor(ctx: Context, depth: int) -> str:
        try:
            child = await ctx.spawn(ancestor, depth + 1)
        except CallRefused as error:
            await ctx.sleep(60)
            return f"{depth}: {error.rule}"
        return await child.result()

    async with bench.app(ancestor, max_depth=4) as app:
        handle = await app.start(ancestor, 1)
        await bench.clock.settle()
    assert await bench.result(handle.id, ancestor, seconds=60) == "4: depth"


async def test_the_usual_bound_comes_before_that_of_python(bench: Bench) -> None:
    @workflow
    async def matryoshka(ctx: Context, depth: int) -> str:
        try:
            return await ctx.call("matryoshka", depth + 1)
        except CallRefused as error:
            return f"{depth}: {error.rule}"

    async with bench.app(matryoshka) as app:
        assert await app.run(matryoshka, 1) == "50: depth"


async def answered(app: Any, entry: Entry) -> None:
    while True:
        for question in await app.inbox.list():
            if entry.answer is not None and (said := entry.answer(question)) is not None:
                await app.inbox.answer(question.id, said, by="ann")
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("name", KNOWN)
async def test_no_pattern_is_taken_for_a_circle(tmp_path: Any, name: str) -> None:
    entry = KNOWN[name]
    whole = sequence(as_text(entry.build(echo)), json.loads, name="team")
    config = Config(loops=Loops(), poll=0.02)
    async with App.open(tmp_path / "a.db", agents=[whole], config=config) as app, asyncio.TaskGroup() as group:
        answering = group.create_task(answered(app, entry))
        handle = await app.start(whole, "go")
        async with asyncio.timeout(120):
            await handle.result()
        answering.cancel()
        said = [fact.body["guard"] for fact in await handle.facts() if fact.kind.name == "NOTICE"]
        assert "loop" not in said
