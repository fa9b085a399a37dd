"""A run that has had many turns is not slower for it: in its calls, when it goes on, and when a person looks."""

import pytest

from podium import Context, agent, workflow
from podium.engine.run import held_turns
from podium.engine.run.held_turns import HeldTurns
from podium.engine.run.keys import belongs
from tests.unit.engine.bench import Bench


@agent
async def echo(text: str) -> str:
    return text


@workflow
async def many(ctx: Context, calls: int) -> None:
    for n in range(calls):
        await ctx.call(echo, f"q{n}", conversation=ctx.conversation)
        if n % 3 == 0:
            await ctx.call(echo, f"q{n}", conversation="w")
    await ctx.ask("go on?", answer=bool)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were compared with others."""
    keys: list[str] = []

    def noted(key: str, to: str) -> bool:
        keys.append(key)
        return belongs(key, to)

    monkeypatch.setattr(held_turns, "belongs", noted)
    return keys


async def test_each_turn_that_is_over_is_compared_with_those_that_are_held(bench: Bench, compared: list[str]) -> None:
    counts: list[tuple[int, ...]] = []
    for calls in (30, 60):
        each: list[int] = []
        async with bench.app(many) as app:
            compared.clear()
            run = await app.start(many, calls, conversation=f"u{calls}")
            await bench.clock.settle()
            each.append(len(compared))
            compared.clear()
            facts = await run.facts()
            HeldTurns().read(facts)
            each.append(len(compared))
            [question] = await app.inbox.list(run=run.id)
            compared.clear()
            assert len(await app.inbox.said_before(question.id)) == 20
            each.append(len(compared))
        async with bench.app(many) as app:
            compared.clear()
            await app.inbox.answer(question.id, value=True)
            await (await app.handle(run.id)).result()
            each.append(len(compared))
        counts.append(tuple(each))
    assert all(few and more <= 2.2 * few for few, more in zip(*counts, strict=True)), counts
