"""A call, or a run, in a conversation is given what was said before; what it says is appended with its answer."""

import asyncio
from typing import Any

import pytest

from podium import App, Context, ConversationTurn, Retry, Steps, agent, workflow
from podium.errors import CallFailed, CallRefused, RunBlocked, RunFailed, UsageError
from podium.model.fact import FactKind
from podium.model.json import Json
from tests.unit.engine.bench import Bench


async def texts(app: App, name: str = "u") -> list[str]:
    """Return what was said in a conversation, and by whom."""
    said = await app.store.messages("default", name)
    return [f"{each.author}: {each.message['parts'][0]['content']}" for each in said]


@agent
async def echo(text: str) -> str:
    return text.upper()


@agent
async def counts(text: str, steps: Steps) -> int:
    turn = steps.conversation
    return -1 if turn is None else len(await turn.messages())


@workflow
async def talk(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation="u")


@workflow
async def plain(ctx: Context, text: str) -> int:
    return await ctx.call(counts, text)


async def test_what_was_asked_and_answered_is_appended_and_the_next_call_is_given_it(bench: Bench) -> None:
    @workflow
    async def count(ctx: Context, text: str) -> int:
        return await ctx.call(counts, text, conversation="u")

    async with bench.app(talk, count, plain) as app:
        assert await app.run(talk, "hello") == "HELLO"
        assert await app.run(count, "how many?") == 2
        assert await app.run(plain, "without") == -1
        assert await texts(app) == ["local: hello", "echo: HELLO", "local: how many?", "counts: 2"]


async def test_a_run_records_name_and_revision_and_none_of_what_was_said_before(bench: Bench) -> None:
    async with bench.app(talk) as app:
        await app.run(talk, "hello")
        handle = await app.start(talk, "again")
        await handle.result()
        facts = await app.runs.facts(handle.id)
        assert not any(b"HELLO" in (fact.payload or b"") + fact.text for fact in facts)
        (turn,) = [fact for fact in facts if fact.kind is FactKind.TURN]
        assert (turn.key, turn.body) == ("0", {"conversation": "u", "revision": 2, "n": 1})


async def test_an_agent_says_by_itself_what_is_appended(bench: Bench) -> None:
    @agent
    async def says(text: str, steps: Steps) -> str:
        assert steps.conversation is not None
        steps.conversation.add([{"kind": "response", "parts": [{"part_kind": "text", "content": f"on {text}"}]}])
        return "done"

    @workflow
    async def has_it_say(ctx: Context, text: str) -> str:
        return await ctx.call(says, text, conversation="u")

    async with bench.app(has_it_say) as app:
        await app.run(has_it_say, "it")
        assert await texts(app) == ["says: on it"]


async def test_of_a_call_that_failed_nothing_is_said_and_the_next_one_has_its_turn(bench: Bench) -> None:
    @agent
    async def fails(text: str) -> str:
        raise ValueError(text)

    @workflow
    async def goes_on(ctx: Context, text: str) -> str:
        with pytest.raises(CallFailed):
            await ctx.call(fails, text, conversation="u")
        return await ctx.call(echo, text, conversation="u")

    async with bench.app(goes_on) as app:
        assert await app.run(goes_on, "hello") == "HELLO"
        assert await texts(app) == ["local: hello", "echo: HELLO"]
        state = await app.store.conversation("default", "u")
        assert state is not None
        assert (state.holder, state.waiting) == (None, 0)


class Gate:
    """An agent that waits to be let through."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.open = asyncio.Event()

    def agent(self) -> Any:
        @agent(name="gate")
        async def gate(text: str) -> str:
            self.entered.append(text)
            await self.open.wait()
            return text.upper()

        return gate


async def test_who_comes_later_waits_and_is_parked_meanwhile(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def held(ctx: Context, text: str) -> str:
        return await ctx.call(waits, text, conversation="u")

    async with bench.app(held) as app:
        runs = [await app.start(held, f"m{n}") for n in range(3)]
        await bench.clock.settle()
        assert gate.entered == ["m0"]
        assert [str((await run.status()).state) for run in runs] == ["running", "parked", "parked"]
        gate.open.set()
        assert [await run.result() for run in runs] == ["M0", "M1", "M2"]
        assert await texts(app) == ["local: m0", "gate: M0", "local: m1", "gate: M1", "local: m2", "gate: M2"]


async def test_one_that_would_not_wait_is_refused_or_goes_on_in_a_fork(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def held(ctx: Context, text: str) -> str:
        return await ctx.call(waits, text, conversation="u")

    @workflow
    async def refused(ctx: Context, text: str) -> str:
        with pytest.raises(CallRefused, match="has its turn in conversation 'u'"):
            await ctx.call(echo, text, conversation=ConversationTurn("u", busy="refuse"))
        return "refused"

    async with bench.app(talk, held, refused) as app:
        await app.run(talk, "before")
        run = await app.start(held, "now")
        await bench.clock.settle()
        assert await app.run(refused, "x") == "refused"
        assert await app.run(named, "aside", conversation=ConversationTurn("u", busy="fork")) == "u~4"
        assert await texts(app, "u~4") == ["local: before", "echo: BEFORE", "local: aside", "named: u~4"]
        gate.open.set()
        await run.result()
        assert await texts(app) == ["local: before", "echo: BEFORE", "local: now", "gate: NOW"]


@workflow
async def named(ctx: Context, _: str) -> str | None:
    return ctx.conversation


async def test_a_run_has_its_turn_from_its_start_to_its_end_and_its_calls_join_it(bench: Bench) -> None:
    @workflow
    async def two(ctx: Context, text: str) -> list[Any]:
        first = await ctx.call(echo, text, conversation=ctx.conversation)
        seen = await ctx.call(counts, "seen", conversation=ctx.conversation)
        return [first, seen, ctx.conversation]

    async with bench.app(two, talk) as app:
        run = await app.start(two, "in the run", conversation="u")
        other = await app.start(talk, "after")
        assert await run.result() == ["IN THE RUN", 2, "u"]
        await other.result()
        assert await texts(app) == [
            "local: in the run", "echo: IN THE RUN", "local: seen", "counts: 2", "local: after", "echo: AFTER",
        ]  # fmt: skip


async def test_of_a_run_whose_calls_say_nothing_input_and_value_are_appended(bench: Bench) -> None:
    @workflow
    async def silent(ctx: Context, text: str) -> Json:
        return {"of": await ctx.call(echo, text)}

    async with bench.app(silent) as app:
        await app.run(silent, "hello", conversation="u")
        assert await texts(app) == ["local: hello", 'silent: {"of": "HELLO"}']


async def test_a_workflow_that_is_called_has_a_turn_that_those_in_it_join(bench: Bench) -> None:
    @workflow
    async def inner(ctx: Context, text: str) -> str:
        async def aside(branch: Context) -> str:
            return await branch.call(echo, "aside", conversation=branch.conversation)

        await ctx.gather(ctx.call(echo, text, conversation=ctx.conversation), ctx.branch(aside))
        return "done"

    @workflow
    async def outer(ctx: Context, text: str) -> str:
        assert ctx.conversation is None
        said = await ctx.call(inner, text, conversation="u")
        await ctx.call(inner, "not in it")
        return said

    async with bench.app(outer) as app:
        assert await app.run(outer, "hello") == "done"
        assert sorted(await texts(app)) == ["echo: ASIDE", "echo: HELLO", "local: aside", "local: hello"]


async def test_branches_of_one_run_take_their_turns_one_after_the_other(bench: Bench) -> None:
    @workflow
    async def both(ctx: Context, _: str) -> list[str]:
        return await ctx.gather(*(ctx.call(echo, f"m{n}", conversation="u") for n in range(4)))

    async with bench.app(both) as app:
        assert await app.run(both, "x") == ["M0", "M1", "M2", "M3"]
        assert await texts(app) == [f"{who}" for n in range(4) for who in (f"local: m{n}", f"echo: M{n}")]


async def test_one_who_is_cancelled_while_it_waits_is_passed_over(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def held(ctx: Context, text: str) -> str:
        return await ctx.call(waits, text, conversation="u")

    async with bench.app(held) as app:
        runs = [await app.start(held, f"m{n}") for n in range(3)]
        await bench.clock.settle()
        await runs[1].cancel()
        await bench.clock.settle()
        gate.open.set()
        assert [await runs[0].result(), await runs[2].result()] == ["M0", "M2"]
        assert gate.entered == ["m0", "m2"]


async def test_a_race_that_is_lost_gives_the_turn_back(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        return await ctx.call(waits, text, conversation=ctx.conversation)

    @workflow
    async def races(ctx: Context, text: str) -> str:
        async def quick(branch: Context) -> str:
            await branch.sleep(1)
            return "quick"

        first = await ctx.race(ctx.call(inner, text, conversation="u"), ctx.branch(quick))
        return first + await ctx.call(echo, "then", conversation="u")

    async with bench.app(races) as app:
        run = await app.start(races, "slow")
        await bench.clock.advance(2)
        assert await run.result() == "quickTHEN"
        assert await texts(app) == ["local: then", "echo: THEN"]


async def test_one_who_waits_for_longer_than_it_may_has_failed(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def held(ctx: Context, text: str) -> str:
        return await ctx.call(waits, text, conversation="u")

    @workflow
    async def hurried(ctx: Context, text: str) -> str:
        with pytest.raises(CallFailed, match="others had their turns"):
            await ctx.call(echo, text, conversation="u", within=5)
        return "late"

    async with bench.app(held, hurried) as app:
        run = await app.start(held, "now")
        late = await app.start(hurried, "x")
        await bench.clock.advance(6)
        assert await late.result() == "late"
        gate.open.set()
        await run.result()
        state = await app.store.conversation("default", "u")
        assert state is not None
        assert (state.holder, state.revision) == (None, 2)


async def test_a_child_run_is_refused_the_turn_of_its_parent_and_has_its_own_elsewhere(bench: Bench) -> None:
    @workflow
    async def parent(ctx: Context, text: str) -> str:
        return await (await ctx.spawn(silent_child, text, conversation="u")).result()

    @workflow
    async def silent_child(ctx: Context, text: str) -> str:
        return text.upper()

    async with bench.app(parent, silent_child) as app:
        with pytest.raises(RunFailed, match="it would wait for run"):
            await app.run(parent, "hello", conversation="u")
        assert await app.run(parent, "hello", conversation="v") == "HELLO"
        assert await texts(app) == ["local: hello", "silent_child: HELLO"]


async def test_a_retry_takes_a_turn_anew_and_says_nothing_twice(bench: Bench) -> None:
    failing = [True]

    @agent
    async def flaky(text: str, steps: Steps) -> str:
        if failing:
            raise ValueError("not yet")
        assert steps.conversation is not None
        return f"after {len(await steps.conversation.messages())}"

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        await ctx.call(echo, text, conversation=ctx.conversation)
        return await ctx.call(flaky, "now", conversation=ctx.conversation)

    @workflow
    async def outer(ctx: Context, text: str) -> str:
        return await ctx.call(inner, text, conversation="u")

    async with bench.app(inner, outer, talk) as app:
        runs = [await app.start(outer, "called"), await app.start(inner, "run", conversation="u")]
        for run in runs:
            with pytest.raises(RunFailed):
                await run.result()
        await app.run(talk, "between")
        failing.clear()
        for run in runs:
            await app.operations.retry(run.id)
        assert [await run.result() for run in runs] == ["after 6", "after 8"]
        assert await texts(app) == [
            "local: called", "echo: CALLED", "local: run", "echo: RUN", "local: between", "echo: BETWEEN",
            "local: now", "flaky: after 6", "local: now", "flaky: after 8",
        ]  # fmt: skip


async def test_a_workflow_that_tries_again_takes_a_turn_for_what_it_asks_again(bench: Bench) -> None:
    tries: list[str] = []

    @agent
    async def second(text: str) -> str:
        tries.append(text)
        if len(tries) == 1:
            raise ValueError("once")
        return text.upper()

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        await ctx.call(echo, "first", conversation=ctx.conversation)
        return await ctx.call(second, text, conversation=ctx.conversation)

    @workflow
    async def outer(ctx: Context, text: str) -> str:
        return await ctx.call(inner, text, conversation="u", retry=Retry(attempts=2))

    async with bench.app(outer) as app:
        run = await app.start(outer, "then")
        await bench.clock.advance(60)
        assert await run.result() == "THEN"
        assert await texts(app) == ["local: first", "echo: FIRST", "local: then", "second: THEN"]


async def test_a_fork_has_turns_of_its_own(bench: Bench) -> None:
    @workflow
    async def three(ctx: Context, text: str) -> str:
        for n in range(2):
            await ctx.call(echo, f"{text}{n}", conversation=ctx.conversation)
        return await ctx.call(echo, "last", conversation=ctx.conversation)

    async with bench.app(three) as app:
        run = await app.start(three, "m", conversation="u")
        await run.result()
        fork = await app.operations.fork(run.id, "1")
        assert await fork.result() == "LAST"
        said = [*("local: m0", "echo: M0"), *("local: m1", "echo: M1", "local: last", "echo: LAST") * 2]
        assert await texts(app) == said
        state = await app.store.conversation("default", "u")
        assert state is not None
        assert state.holder is None


async def test_a_run_keeps_its_turn_when_it_restarts(bench: Bench) -> None:
    gate = Gate()
    waits = gate.agent()

    @workflow
    async def again(ctx: Context, n: int) -> str | None:
        await ctx.call(waits, f"m{n}", conversation=ctx.conversation)
        if n < 2:
            await ctx.restart(n + 1)
        return ctx.conversation

    async with bench.app(again, talk) as app:
        run = await app.start(again, 0, conversation="u")
        await bench.clock.settle()
        other = await app.start(talk, "after")
        gate.open.set()
        assert await run.result() == "u"
        await other.result()
        assert await texts(app) == [
            *(f"{who}" for n in range(3) for who in (f"local: m{n}", f"gate: M{n}")), "local: after", "echo: AFTER",
        ]  # fmt: skip


async def test_a_run_that_waits_for_its_turn_goes_on_in_another_process(bench: Bench) -> None:
    @workflow
    async def asks(ctx: Context, text: str) -> Any:
        return await ctx.signal("go")

    async with bench.app(asks, talk) as app:
        holds = await app.start(asks, "x", conversation="u")
        await bench.clock.settle()
        waits = [await app.start(talk, "called"), await app.start(named, "started", conversation="u")]
        await bench.clock.settle()
        assert [str((await run.status()).state) for run in waits] == ["parked", "parked"]
    async with bench.app(asks, talk, named) as app:
        await (await app.handle(holds.id)).signal("go", "well")
        assert [await (await app.handle(run.id)).result() for run in waits] == ["CALLED", "u"]
        assert (await texts(app))[:4] == ["local: x", "asks: well", "local: called", "echo: CALLED"]


async def test_code_that_asks_in_another_conversation_than_is_recorded_does_not_fit(bench: Bench) -> None:
    def version(conversation: str | None) -> Any:
        @workflow(name="w")
        async def w(ctx: Context, text: str) -> Any:
            await ctx.call(echo, text, conversation=conversation)
            return await ctx.signal("go")

        return w

    run = await bench.parked(version("u"), "hello")
    for other in ("v", None):
        async with bench.app(version(other)) as app:
            handle = await app.handle(run)
            await handle.signal("go", id="once")
            with pytest.raises(RunBlocked, match="the same in"):
                await handle.result()
    assert await bench.result(run, version("u")) is None


async def test_a_call_moved_back_to_is_made_in_a_turn_of_its_own(bench: Bench) -> None:
    def version(text: str, number: str) -> Any:
        @workflow(name="w", version=number)
        async def w(ctx: Context, _: str) -> Any:
            await ctx.call(held, text, conversation="u")
            return await ctx.signal("go")

        return w

    @workflow
    async def held(ctx: Context, text: str) -> Any:
        return await ctx.signal("let")

    old, new = version("old", "1"), version("new", "2")
    run = await bench.parked(old, "x", held)
    async with bench.app(new, held, talk) as app:
        other = await app.start(talk, "other")
        await app.operations.repin(run, "2", from_key="0")
        assert await other.result() == "OTHER"
        handle = await app.handle(run)
        await handle.signal("let", "go on")
        await handle.signal("go", "end")
        assert await handle.result() == "end"
        assert await texts(app) == ["local: other", "echo: OTHER", "local: new", "held: go on"]


@pytest.mark.parametrize("wrong", ["", 7, "a\nb"])
async def test_what_is_no_name_of_a_conversation_is_refused(bench: Bench, wrong: Any) -> None:
    async with bench.app(talk) as app:
        with pytest.raises(UsageError, match="a name: a text of one line"):
            await app.run(talk, "x", conversation=wrong)


async def test_an_answer_that_is_kept_is_not_given_in_a_conversation(bench: Bench) -> None:
    asked: list[int] = []

    @agent(cache=3600)
    async def kept(text: str, steps: Steps) -> int:
        assert steps.conversation is not None
        asked.append(len(await steps.conversation.messages()))
        return asked[-1]

    @workflow
    async def twice(ctx: Context, text: str) -> list[int]:
        return [await ctx.call(kept, text, conversation="u"), await ctx.call(kept, text, conversation="u")]

    async with bench.app(twice) as app:
        assert await app.run(twice, "same") == [0, 2]
