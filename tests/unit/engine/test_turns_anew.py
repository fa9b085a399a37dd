"""What had an answer is said once, and no turn is waited for in vain: in runs that are retried, forked, restarted."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from podium import App, Context, Steps, agent, workflow
from podium.errors import NotPossible, RunBlocked, RunCancelled, RunFailed
from podium.facade.handle import RunHandle
from podium.model.json import Json
from podium.model.question import Ask
from tests.unit.engine.bench import Bench
from tests.unit.engine.test_conversations import echo, talk, texts


class Flaky:
    """An agent that fails until it is mended."""

    def __init__(self) -> None:
        self.mended = False

    def agent(self) -> Any:
        @agent(name="flaky")
        async def flaky(text: str) -> str:
            if not self.mended:
                raise ValueError("not yet")
            return text

        return flaky


async def retried(app: App, flaky: Flaky, run: "RunHandle[Any]") -> Any:
    """Return what a run gives that failed and is retried, and check that it then has no turn any more."""
    with pytest.raises(RunFailed):
        await run.result()
    flaky.mended = True
    await app.operations.retry(run.id)
    return await run.result()


async def nobody_has_a_turn(app: App, name: str = "u") -> bool:
    state = await app.store.conversation("default", name)
    return state is not None and (state.holder, state.waiting) == (None, 0)


@pytest.mark.parametrize("generations", [2, 3])
@pytest.mark.parametrize("speaks", ["before", "after", "never"])
async def test_a_run_restarts_after_a_retry(bench: Bench, generations: int, speaks: str) -> None:
    flaky = Flaky()
    fails = flaky.agent()

    @workflow
    async def chat(ctx: Context, n: int) -> str:
        if n == 1 and speaks == "before":
            await ctx.call(echo, "hello", conversation=ctx.conversation)
        await ctx.call(fails, "quiet")
        if n < generations:
            await ctx.restart(n + 1)
        if speaks == "after":
            await ctx.call(echo, "hello", conversation=ctx.conversation)
        return f"{ctx.conversation} {n}"

    async with bench.app(chat, echo) as app:
        run = await app.start(chat, 1, conversation="u")
        assert await retried(app, flaky, run) == f"u {generations}"
        exchange = [f"local: {generations}", f"chat: u {generations}"]
        assert await texts(app) == (exchange if speaks == "never" else ["local: hello", "echo: HELLO"])
        assert await nobody_has_a_turn(app)
        fork = await app.operations.fork(run.id, "1" if speaks == "before" else "0")
        assert await fork.result() == f"u {generations}"
        again = {"before": [], "after": ["local: hello", "echo: HELLO"], "never": exchange}[speaks]
        assert (await texts(app))[2:] == again
        assert await nobody_has_a_turn(app)


@pytest.mark.parametrize("generation", [1, 2])
async def test_a_restarted_run_that_failed_takes_its_turn_anew(bench: Bench, generation: int) -> None:
    flaky = Flaky()
    fails = flaky.agent()

    @workflow
    async def chat(ctx: Context, n: int) -> str:
        if n == generation:
            await ctx.call(fails, "quiet")
        if n < 2:
            await ctx.restart(n + 1)
        return await ctx.call(echo, "second", conversation=ctx.conversation)

    async with bench.app(chat, talk) as app:
        run = await app.start(chat, 1, conversation="u")
        with pytest.raises(RunFailed):
            await run.result()
        await app.run(talk, "between")
        assert await retried(app, flaky, run) == "SECOND"
        assert await texts(app) == ["local: between", "echo: BETWEEN", "local: second", "echo: SECOND"]


async def forked_at(app: App, run: "RunHandle[Any]", key: str) -> None:
    fork = await app.operations.fork(run.id, key)
    await fork.result()


async def test_a_fork_says_nothing_again_that_had_an_answer(bench: Bench) -> None:
    flaky = Flaky()
    flaky.mended = True
    quiet = flaky.agent()

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        answer = await ctx.call(echo, text, conversation=ctx.conversation)
        await ctx.call(quiet, text)
        return answer

    @workflow
    async def outer(ctx: Context, text: str) -> str:
        return await ctx.call(inner, text, conversation="v")

    async with bench.app(inner, outer) as app:
        for run, name, key in (
            (await app.start(inner, "hello", conversation="u"), "u", "1"),
            (await app.start(outer, "hello"), "v", "0.1"),
        ):
            await run.result()
            once = ["local: hello", "echo: HELLO"]
            assert await texts(app, name) == once
            await forked_at(app, run, key)
            assert await texts(app, name) == once
            await forked_at(app, run, "0")
            assert await texts(app, name) == once * 2


@pytest.mark.parametrize("start", ["called", "started"])
async def test_a_run_whose_conversation_was_deleted_says_its_part_once_in_the_new_one(bench: Bench, start: str) -> None:
    flaky = Flaky()
    fails = flaky.agent()

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        await ctx.call(fails, text)
        return await ctx.call(echo, text, conversation=ctx.conversation)

    @workflow
    async def outer(ctx: Context, text: str) -> str:
        return await ctx.call(inner, text, conversation="u")

    async with bench.app(inner, outer, talk) as app:
        for n in range(3):
            await app.run(talk, f"m{n}")
        run = await (app.start(outer, "hello") if start == "called" else app.start(inner, "hello", conversation="u"))
        with pytest.raises(RunFailed):
            await run.result()
        await app.conversations.delete("u")
        assert await retried(app, flaky, run) == "HELLO"
        assert await texts(app) == ["local: hello", "echo: HELLO"]


def quarantine(bench: Bench, run: str) -> None:
    """Have a run, which no worker drives, end as one that killed its workers does."""
    with closing(sqlite3.connect(bench.path)) as connection, connection:
        connection.execute("UPDATE runs SET strikes = 5, state = 'ready' WHERE id = ?", (run,))


async def test_a_call_begins_anew_in_another_conversation_of_the_same_name_and_length(bench: Bench) -> None:
    @agent
    async def reads(text: str, steps: Steps) -> str:
        assert steps.conversation is not None
        before = [each.message["parts"][0]["content"] for each in await steps.conversation.messages()]

        async def part() -> str:
            bench.witness.saw(before[0])
            return before[0]

        async def wait() -> Json:
            return await steps.ask(Ask(text="Go on?", to="boss"))

        heard = await steps.once("part", part, input=before)
        await steps.once("wait", wait)
        return str(heard)

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(reads, text, conversation="u")

    async with bench.app(chat, talk) as app:
        await app.run(talk, "old")
        run = (await app.start(chat, "hello")).id
        await bench.clock.settle()
    quarantine(bench, run)
    async with bench.app(chat, talk) as app:
        handle = await app.handle(run)
        with pytest.raises(RunBlocked):
            await handle.result()
        await app.operations.discard(run, by="ann", why="not wanted")
        await app.conversations.delete("u")
        await app.run(talk, "new")
        await app.operations.retry(run)
        await bench.clock.settle()
        (question,) = (await app.inbox.list()).items
        await app.inbox.answer(question.id, "yes", by="ann")
        assert await handle.result() == "new"
        assert bench.witness.counts() == {"old": 1, "new": 1}


async def test_a_quarantined_run_gives_its_turn_back_when_it_is_discarded_and_takes_it_anew(bench: Bench) -> None:
    @workflow
    async def chat(ctx: Context, text: str) -> Any:
        await ctx.signal("go")
        return await ctx.call(echo, text, conversation=ctx.conversation)

    async with bench.app(chat, talk) as app:
        run = (await app.start(chat, "hello", conversation="u")).id
        await bench.clock.settle()
    quarantine(bench, run)
    async with bench.app(chat, talk) as app:
        handle = await app.handle(run)
        with pytest.raises(RunBlocked):
            await handle.result()
        with pytest.raises(NotPossible, match="it is quarantined; retry it, or discard it"):
            await app.conversations.delete("u")
        await app.operations.discard(run, by="ann", why="not wanted")
        assert await app.run(talk, "between") == "BETWEEN"
        await app.operations.retry(run)
        await handle.signal("go")
        assert await handle.result() == "HELLO"
        assert await texts(app) == ["local: between", "echo: BETWEEN", "local: hello", "echo: HELLO"]


async def test_the_error_says_how_a_run_whose_code_is_another_gives_its_turn_back(bench: Bench) -> None:
    def version(agent_of_it: Any) -> Any:
        @workflow(name="w")
        async def w(ctx: Context, text: str) -> Any:
            await ctx.call(agent_of_it, text)
            return await ctx.signal("go")

        return w

    old, new = version(echo), version(Flaky().agent())
    async with bench.app(old) as app:
        run = (await app.start(old, "hello", conversation="u")).id
        await bench.clock.settle()
    async with bench.app(new) as app:
        handle = await app.handle(run)
        await handle.signal("go")
        with pytest.raises(RunBlocked):
            await handle.result()
        await handle.cancel()
        with pytest.raises(NotPossible, match=r"it is blocked \(.*bring back code"):
            await app.conversations.delete("u")
    async with bench.app(old) as app:
        with pytest.raises(RunCancelled):
            await (await app.handle(run)).result()
        await app.conversations.delete("u")
