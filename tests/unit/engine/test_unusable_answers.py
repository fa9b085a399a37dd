"""An answer that cannot be used is kept: neither a retry rule nor an operator has it given again."""

from typing import Any

import pytest
from pydantic import BaseModel

from podium import Context, Retry, Steps, agent, workflow
from podium.agents.shape import shape_of
from podium.errors import CallFailed, RunFailed
from podium.model.retry import FailureKind
from tests.unit.engine.bench import Bench

ALWAYS = Retry(attempts=5, delay=0, kinds=frozenset(FailureKind))


class Receipt(BaseModel):
    n: int


class Signed(Receipt):
    by: str


LOSSY, UNFIT = Signed(n=5, by="ann"), {"m": 5}


def asking(target: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context) -> Any:
        return (await ctx.call(target, 5)).model_dump()

    return asks


def giving(bench: Bench, value: Any, kind: Any, **options: Any) -> Any:
    @agent(name="pays", **options)
    async def pays(n: int, steps: Steps) -> Any:
        bench.witness.saw("paid", steps.idempotency_key)
        return value

    pays.output = shape_of(kind)
    return pays


@pytest.mark.parametrize(
    ("value", "effects"),
    [(LOSSY, "idempotent"), (LOSSY, "once"), (UNFIT, "once")],
    ids=["lossy", "lossy once", "unfit once"],
)
async def test_it_is_given_once_however_it_is_retried(bench: Bench, value: Any, effects: str) -> None:
    flow = asking(giving(bench, value, Receipt, effects=effects, retry=ALWAYS))
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed, match="pays returned something else than it declares"):
            await app.run(flow, id="r")
        for _ in range(3):
            await app.operations.retry("r")
            with pytest.raises(RunFailed, match="is not asked again"):
                await (await app.handle("r")).result()
        assert not (await app.inbox.list()).items
    assert bench.witness.count("paid") == 1


async def test_it_is_used_once_its_type_has_a_place_for_it(bench: Bench) -> None:
    async with bench.app(flow := asking(giving(bench, LOSSY, Receipt, effects="once"))) as app:
        with pytest.raises(RunFailed, match="is a Signed, and only what a Receipt has would come back"):
            await app.run(flow, id="r")
    async with bench.app(asking(giving(bench, LOSSY, Signed, effects="once"))) as app:
        await app.operations.retry("r")
        assert await (await app.handle("r")).result() == {"n": 5, "by": "ann"}
    assert bench.witness.count("paid") == 1


async def test_a_new_version_of_what_may_be_done_twice_is_asked_again(bench: Bench) -> None:
    async with bench.app(flow := asking(giving(bench, LOSSY, Receipt))) as app:
        with pytest.raises(RunFailed):
            await app.run(flow, id="r")
    async with bench.app(asking(giving(bench, Receipt(n=6), Receipt, version="2"))) as app:
        await app.operations.retry("r")
        assert await (await app.handle("r")).result() == {"n": 6}
    assert bench.witness.count("paid") == 2


async def test_what_is_done_once_in_a_workflow_is_kept_too(bench: Bench) -> None:
    def pays() -> Receipt:
        bench.witness.saw("paid")
        return LOSSY

    def with_type(kind: Any) -> Any:
        @workflow
        async def flow(ctx: Context) -> Any:
            return (await ctx.once("pay", pays, effects="once", gives=kind)).model_dump()

        return flow

    async with bench.app(flow := with_type(Receipt)) as app:
        with pytest.raises(RunFailed, match="Declare Signed"):
            await app.run(flow, id="r")
    async with bench.app(with_type(Signed)) as app:
        await app.operations.retry("r")
        assert await (await app.handle("r")).result() == {"n": 5, "by": "ann"}
    assert bench.witness.count("paid") == 1


async def test_another_input_is_another_question(bench: Bench) -> None:
    target = giving(bench, LOSSY, Receipt)

    @workflow
    async def tries(ctx: Context) -> int:
        for n in (1, 2):
            with pytest.raises(CallFailed):
                await ctx.call(target, n)
        return 0

    async with bench.app(tries) as app:
        assert await app.run(tries) == 0
    assert bench.witness.count("paid") == 2


async def test_an_idempotent_agent_whose_answer_does_not_fit_may_be_asked_again(bench: Bench) -> None:
    @agent(retry=ALWAYS)
    async def stumbles(n: int) -> int:
        bench.witness.saw("asked")
        return n if bench.witness.count("asked") > 2 else "none"  # pyright: ignore[reportReturnType]

    @workflow
    async def flow(ctx: Context) -> int:
        return await ctx.call(stumbles, 5)

    async with bench.app(flow) as app:
        assert await app.run(flow) == 5
