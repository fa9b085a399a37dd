"""What calls see of a circuit breaker."""

from typing import Any

from podium import Context, Retry, RunState, agent, workflow
from podium.errors import CallFailed, TransportFailed
from podium.model.breaker import Breaker, CircuitState
from podium.model.fact import FactKind
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from tests.unit.engine.bench import Bench

CLOSED, OPEN = CircuitState.CLOSED, CircuitState.OPEN


def service(bench: Bench, *, down: list[bool], **options: Any) -> Any:
    rule = Breaker(min_calls=2, failures=1.0, open_for=30.0, **options)

    @agent(breaker=rule)
    async def ask(_: Json) -> str:
        bench.witness.saw("asked")
        if down[0]:
            raise TransportFailed("away")
        return "here"

    @workflow(name="asks")
    async def asks(ctx: Context, how: str) -> str:
        try:
            return await ctx.call(ask, None, fallback=[FallbackValue("instead")] if how == "with a fallback" else [])
        except CallFailed as error:
            return error.type

    return asks


async def test_nobody_is_asked_while_it_is_open_and_it_closes_after_a_good_probe(bench: Bench) -> None:
    down = [True]
    asks = service(bench, down=down)
    async with bench.app(asks) as app:
        for _ in range(2):
            await app.run(asks, "plainly")
        assert await app.run(asks, "plainly") == "CircuitOpen"
        assert await app.run(asks, "with a fallback") == "instead"
        assert await app.reports.breakers() == {("ask", "1"): OPEN}
        assert bench.witness.count("asked") == 2
        down[0] = False
        await bench.clock.advance(30)
        handle = await app.start(asks, "plainly")
        assert await handle.result() == "here"
        assert await app.reports.breakers() == {("ask", "1"): CLOSED}
        notices = [fact.body for fact in await app.runs.facts(handle.id) if fact.kind is FactKind.NOTICE]
    assert [(each["from"], each["to"]) for each in notices] == [("open", "half-open"), ("half-open", "closed")]


async def test_a_retry_waits_durably_until_the_breaker_lets_it_through(bench: Bench) -> None:
    down = [True]
    rule = Breaker(min_calls=1, failures=1.0, open_for=300.0)

    @agent(breaker=rule, retry=Retry(attempts=4, delay=1.0, jitter=0.0))
    async def ask(_: Json) -> str:
        bench.witness.saw("asked")
        if down[0]:
            raise TransportFailed("away")
        return "here"

    @workflow(name="asks")
    async def asks(ctx: Context) -> str:
        return await ctx.call(ask, None)

    async with bench.app(asks) as app:
        handle = await app.start(asks)
        await bench.clock.advance(1)
        assert (await handle.status()).state is RunState.PARKED
        assert bench.witness.count("asked") == 1
        down[0] = False
        await bench.clock.advance(299)
        await bench.clock.advance(1)
        assert await handle.result() == "here"
    assert bench.witness.count("asked") == 2


async def test_what_an_agent_refuses_or_gets_wrong_does_not_open_it(bench: Bench) -> None:
    @agent(breaker=Breaker(min_calls=1, failures=0.1))
    async def wrong(_: Json) -> str:
        raise ValueError("a mistake")

    @workflow(name="asks")
    async def asks(ctx: Context) -> str:
        try:
            return await ctx.call(wrong, None)
        except CallFailed as error:
            return error.type

    async with bench.app(asks) as app:
        assert [await app.run(asks) for _ in range(3)] == ["ValueError"] * 3
