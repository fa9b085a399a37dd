"""A process drives the runs of the queues it names, so many of each at once; by itself those of all."""

import asyncio
from typing import Any

import pytest

from podium import App, Context, RunState, agent, workflow
from podium.config import load_config
from podium.errors import ConfigError
from tests.unit.engine.bench import Bench

QUEUES = ("default", "gpu", "mail")


@workflow
async def quick(ctx: Context, n: int) -> int:
    return n


@workflow
async def sleepy(ctx: Context, n: int) -> int:
    await ctx.sleep(5)
    return n


@workflow
async def parent(ctx: Context, n: int) -> int:
    child = await ctx.spawn(quick, n, queue="gpu")
    return await child.result()


@workflow
async def heir(ctx: Context, n: int) -> int:
    child = await ctx.spawn(quick, n)
    return await child.result()


async def states(app: App) -> dict[str, RunState]:
    return {run.queue: run.state for run in await app.runs.list()}


@pytest.mark.parametrize(
    ("served", "done"), [((), set(QUEUES)), (("gpu",), {"gpu"}), (("mail", "default"), {"mail", "default"})]
)
async def test_of_the_runs_that_wait_those_of_the_queues_named_are_driven(
    bench: Bench, served: tuple[str, ...], done: set[str]
) -> None:
    async with bench.app(queues=("nobody's",)) as app:
        for n, queue in enumerate(QUEUES):
            await app.start(quick, n, queue=queue)
        await bench.clock.settle()
        assert set((await states(app)).values()) == {RunState.READY}
    async with bench.app(quick, queues=served) as app:
        await bench.clock.settle()
        found = await states(app)
    assert {queue for queue, state in found.items() if state is RunState.DONE} == done
    assert {queue for queue, state in found.items() if state is RunState.READY} == set(QUEUES) - done


@pytest.mark.parametrize("flow", [quick, sleepy])
async def test_a_run_is_started_waited_for_and_woken_where_its_queue_is_not_served(bench: Bench, flow: Any) -> None:
    async with bench.app(flow, queues=("mail",), poll=0.01) as here:
        handle = await here.start(flow, 7, queue="gpu")
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.READY
        async with bench.app(flow, queues=("gpu",), poll=0.01) as there:
            await bench.clock.until(lambda: _left(there, RunState.READY))
            await bench.clock.advance(5)
            assert await handle.result() == 7


async def _left(app: App, state: RunState) -> bool:
    return all(run.state is not state for run in await app.runs.list())


async def test_a_child_run_is_of_the_queue_named_or_of_its_parents(bench: Bench) -> None:
    async with bench.app(quick, parent, heir, queues=("gpu", "mail")) as app:
        for flow in (parent, heir):
            assert await app.run(flow, 3, queue="mail") == 3
        children = [(run.root, run.queue) for run in await app.runs.list(workflow="quick")]
    assert sorted(queue for _, queue in children) == ["gpu", "mail"]


class Turnstile:
    """Lets runs in, and counts how many are inside at once, by queue."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside: dict[str, int] = {}


@pytest.mark.parametrize(("queues", "inside"), [(("gpu", "mail"), {"gpu": 2, "mail": 2}), ((), {"gpu": 2})])
async def test_each_queue_that_is_named_has_its_slots_and_all_together_share_them(
    bench: Bench, queues: tuple[str, ...], inside: dict[str, int]
) -> None:
    turnstile = Turnstile()

    @agent
    async def enters(queue: str) -> None:
        turnstile.inside[queue] = turnstile.inside.get(queue, 0) + 1
        await turnstile.open.wait()

    @workflow
    async def visit(ctx: Context, queue: str) -> None:
        await ctx.call(enters, queue)

    async with bench.app(visit, queues=queues, slots=2) as app:
        handles = [await app.start(visit, queue, queue=queue) for queue in [*3 * ["gpu"], *3 * ["mail"]]]
        await bench.clock.settle()
        assert turnstile.inside == inside
        turnstile.open.set()
        for handle in handles:
            await handle.result()
    assert turnstile.inside == {"gpu": 3, "mail": 3}


@pytest.mark.parametrize(
    "said",
    ["gpu,mail", " gpu , mail ", ["gpu", "mail"], ("gpu", "mail", "gpu")],
    ids=["text", "spaces", "list", "twice"],
)
def test_queues_stand_in_a_list_or_in_a_text(said: Any) -> None:
    assert load_config(environment={}, queues=said).queues == ("gpu", "mail")


def test_queues_are_named_by_the_environment() -> None:
    assert load_config(environment={"PODIUM_QUEUES": "gpu"}).queues == ("gpu",)


@pytest.mark.parametrize("wrong", ["", "gpu,,mail", 7, ["gpu", 7], [""], {"gpu": 2}])
def test_what_are_no_names_of_queues_is_refused_with_what_is_expected(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="expected names of queues: a list, or a text with commas between them"):
        load_config(environment={}, queues=wrong)
