"""Whoever looks at a conversation sees the question for which its turn waits, in whichever run of the turn it is."""

from collections.abc import Mapping

import pytest

from podium import App, Context, workflow
from podium.model.agent import AnyAgent
from tests.unit.engine.bench import Bench


@workflow
async def asks(ctx: Context, text: str) -> None:
    await ctx.ask(text, answer=bool)


@workflow
async def calls(ctx: Context, text: str) -> None:
    await ctx.call(asks, text)


@workflow
async def spawns(ctx: Context, text: str) -> None:
    await (await ctx.spawn(asks, text)).result()


@workflow
async def spawns_twice(ctx: Context, text: str) -> None:
    await (await ctx.spawn(spawns, text)).result()


@workflow
async def calls_one_that_spawns(ctx: Context, text: str) -> None:
    await ctx.call(spawns_twice, text)


@workflow
async def spawns_one_that_talks(ctx: Context, text: str) -> None:
    await (await ctx.spawn(asks, text, conversation="v")).result()


ASKING: Mapping[str, AnyAgent] = {
    each.card.name: each
    for each in (asks, calls, spawns, spawns_twice, calls_one_that_spawns, spawns_one_that_talks)
}  # fmt: skip


async def waits_for(app: App, name: str) -> str | None:
    [listed] = [each.holder for each in await app.conversations.list() if each.name == name]
    holder = (await app.conversations.get(name)).holder
    assert listed == holder
    return None if holder is None else holder.question


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", ASKING)
async def test_a_question_is_seen_from_the_turn_in_which_it_is_asked(bench: Bench, name: str, *, inside: bool) -> None:
    member = ASKING[name]

    @workflow
    async def talks(ctx: Context, text: str) -> None:
        """Have the member ask in a turn of its own, beside another question, or in that of the run."""
        if inside:
            await ctx.spawn(asks, "beside")
        await ctx.call(member, text, conversation="u" if inside else None)

    async with bench.app(talks, *ASKING.values()) as app:
        other = await app.start(asks, "another run's", id="talks.0.7")
        run = await app.start(talks, "Well?", id="talks", conversation=None if inside else "u")
        await bench.clock.settle()
        questions = {each.ask.text: each.id for each in await app.inbox.list()}
        assert await waits_for(app, "u") == questions["Well?"]
        await app.inbox.answer(questions["Well?"], value=True)
        await run.result()
        assert await waits_for(app, "u") is None
        await app.inbox.answer(questions["another run's"], value=True)
        await other.result()
