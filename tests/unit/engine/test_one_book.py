"""What a budget counts, and what costs say, are the same: told, or in doubt where nobody told it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from podium import App, Budget, Context, Retry, Steps, agent, workflow
from podium.errors import BadAnswer, CallFailed, CallRefused, NotDone, RateLimited, TransportFailed
from podium.guards import guard
from podium.model.budget import PER_USD, Bound
from podium.model.embedding import Embeddings
from podium.model.embedding_step import Embedding
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates
from tests.unit.engine.bench import Bench

BOUND = Bound(usd=0.5, input_tokens=100, output_tokens=50)
TOLD = Usage(model="m", input_tokens=10, output_tokens=5, requests=1, usd=0.125)
EMPTY = Usage(model="m", requests=1)


@dataclass(frozen=True)
class Booked:
    """What a budget has spent, and how much of that is in doubt; costs then say the rest of it, and the doubt."""

    usd: float
    doubt: float = 0.0
    tokens: int = 0


async def booked(app: App, run: str) -> Booked:
    """Return what is booked of a run, once budgets and costs agree to the last billionth."""
    [state] = (await app.reports.budgets(prefix=f"run:{run}")).items
    costs = (await app.reports.costs(by="agent", run=run)).items
    assert not state.reserved
    spent, doubt = state.spent.usd / PER_USD, state.in_doubt / PER_USD
    assert sum(each.usd + each.in_doubt for each in costs) == pytest.approx(spent, abs=1e-9)
    assert sum(each.in_doubt for each in costs) == pytest.approx(doubt, abs=1e-9)
    return Booked(spent, doubt, state.spent.tokens)


@workflow
async def ask(ctx: Context, name: str) -> str:
    try:
        return await ctx.call(name, None)
    except (CallFailed, CallRefused):
        return "failed"


Told = Callable[[Json], Usage | None] | None


async def asked(
    bench: Bench,
    *,
    usage: Told,
    bound: Bound | None = BOUND,
    step: str = "completion",
    ends: BaseException | None = None,
) -> Booked:
    """Return what is booked of a function's step that tells this usage, or ends so."""

    async def request() -> Json:
        if ends is not None:
            raise ends
        return "said"

    @agent(name="clerk")
    async def clerk(_: Json, steps: Steps) -> Json:
        return await steps.once(step, request, usage=usage, bound=bound)

    async with bench.app(ask, clerk) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0, tokens=100_000))
        await handle.result()
        return await booked(app, handle.id)


@pytest.mark.parametrize("step", ["completion", "model", "tool/search", "anything else"])
async def test_a_step_counts_that_names_a_usage_whatever_it_is_called(bench: Bench, step: str) -> None:
    assert await asked(bench, usage=lambda _: TOLD, step=step) == Booked(0.125, 0.0, 15)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        EMPTY,
        Usage(model="m"),
        Usage(model="m", requests=1, usd=0.0),
        Usage(model="m", input_tokens=-10, output_tokens=5, requests=1, usd=0.1),
        Usage(model="m", input_tokens=10, output_tokens=-5, requests=1),
        Usage(model="m", input_tokens=10, output_tokens=5, requests=1, usd=-0.1),
        Usage(model="m", input_tokens=10, output_tokens=5, requests=1, usd=float("nan")),
        Usage(model="m", input_tokens=10, output_tokens=5, requests=1, usd=float("inf")),
        Usage(model="m", input_tokens=10**15, output_tokens=10**15, requests=1, usd=2e9),
    ],
    ids=str,
)
async def test_what_nobody_told_counts_at_its_bound_in_doubt(bench: Bench, usage: Usage | None) -> None:
    assert await asked(bench, usage=lambda _: usage) == Booked(0.5, 0.5, 150)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (Usage(usd=0.0), Booked(0.0)),
        (Usage(model="local", input_tokens=10, output_tokens=5, requests=1, usd=0.0), Booked(0.0, 0.0, 15)),
        (Usage(model="pictures", requests=1, usd=0.04), Booked(0.04)),
        (Usage(model="m", input_tokens=10, output_tokens=5, requests=1), Booked(0.5, 0.5, 15)),
    ],
    ids=str,
)
async def test_what_is_told_counts_also_where_it_is_free(bench: Bench, usage: Usage, counted: Booked) -> None:
    assert await asked(bench, usage=lambda _: usage) == counted


async def test_a_step_that_names_a_bound_alone_counts_at_it(bench: Bench) -> None:
    assert await asked(bench, usage=None) == Booked(0.5, 0.5, 150)


async def test_a_step_without_a_bound_is_not_done_under_a_budget_that_needs_one(bench: Bench) -> None:
    assert await asked(bench, usage=lambda _: TOLD, bound=None) == Booked(0.0)


@pytest.mark.parametrize(
    ("ends", "counted"),
    [
        (NotDone("nobody there"), Booked(0.0)),
        (RateLimited("not now"), Booked(0.0)),
        (RateLimited("not now", begun=True), Booked(0.5, 0.5, 150)),
        (TransportFailed("it broke"), Booked(0.5, 0.5, 150)),
        (TimeoutError(), Booked(0.5, 0.5, 150)),
        (ValueError("what?"), Booked(0.5, 0.5, 150)),
    ],
    ids=repr,
)
async def test_a_request_without_an_answer_counts_in_doubt_unless_it_was_surely_not_made(
    bench: Bench, ends: BaseException, counted: Booked
) -> None:
    assert await asked(bench, usage=lambda _: TOLD, ends=ends) == counted


async def test_what_was_told_counts_where_the_answer_is_not_recorded(bench: Bench) -> None:
    async def request() -> Json:
        return "x" * 1_000

    @agent(name="clerk")
    async def clerk(_: Json, steps: Steps) -> Json:
        return await steps.once("completion", request, usage=lambda _: TOLD, bound=BOUND)

    async with bench.app(ask, clerk, max_payload_bytes=500) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0, tokens=100_000))
        assert await handle.result() == "failed"
        assert await booked(app, handle.id) == Booked(0.125, 0.0, 15)


@pytest.mark.parametrize(
    ("ends", "counted"),
    [
        (None, Booked(0.75)),
        (ValueError("what?"), Booked(0.75, 0.625)),
        (NotDone("nobody there"), Booked(0.125)),
        (BadAnswer("nonsense"), Booked(0.75, 0.625)),
    ],
    ids=repr,
)
async def test_of_a_price_for_the_whole_what_requests_told_is_not_in_doubt(
    bench: Bench, ends: Exception | None, counted: Booked
) -> None:
    async def request() -> Json:
        return "said"

    @agent(name="clerk", usd=0.75)
    async def clerk(_: Json, steps: Steps) -> Json:
        await steps.once("completion", request, usage=lambda _: TOLD, bound=BOUND)
        if ends is not None:
            raise ends
        return "done"

    async with bench.app(ask, clerk) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0))
        await handle.result()
        assert await booked(app, handle.id) == counted


async def test_a_call_that_is_cut_off_before_its_agent_was_asked_costs_nothing(bench: Bench) -> None:
    begun = asyncio.Event()

    @agent(usd=0.5, concurrency=1)
    async def slow(n: int) -> int:
        begun.set()
        await asyncio.Event().wait()
        return n

    @workflow
    async def races(ctx: Context) -> None:
        await ctx.race(ctx.call(slow, 1), ctx.call(slow, 2), ctx.sleep(60))

    async with bench.app(races) as app:
        handle = await app.start(races, budget=Budget(usd=100.0))
        await begun.wait()
        await bench.clock.advance(60)
        await handle.result()
        assert await booked(app, handle.id) == Booked(0.5, 0.5)


@pytest.mark.parametrize("kept_back", ["by a guard", "as it is too large"])
async def test_what_an_answer_came_to_counts_also_where_it_is_kept_back(bench: Bench, kept_back: str) -> None:
    never = guard(lambda _: "never", name="never", on=("output",))

    @agent(name="clerk", usd=0.75, guards=(never,) if kept_back == "by a guard" else ())
    async def clerk(_: Json) -> Json:
        return "x" * 1_000

    async with bench.app(ask, clerk, max_payload_bytes=500 if "large" in kept_back else 50_000) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0))
        assert await handle.result() == "failed"
        assert await booked(app, handle.id) == Booked(0.75)


class Service:
    """An embedder that is paid by the token, and tells how many there were, or does not."""

    name, dimensions = "paid", 2

    def __init__(self, tokens: int, ends: Exception | None = None) -> None:
        self._tokens, self._ends = tokens, ends

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        if self._ends is not None:
            raise self._ends
        return Embeddings([[1.0, 0.0] for _ in texts], self._tokens)

    def usd(self, tokens: int, rates: Rates) -> float | None:
        return tokens / 100


@pytest.mark.parametrize(
    ("embedder", "counted"),
    [
        (Service(3), Booked(0.03, 0.0, 3)),
        (Service(0), Booked(0.1, 0.1, 10)),
        (Service(3, TransportFailed("it broke")), Booked(0.1, 0.1, 10)),
        (Service(3, NotDone("nobody there")), Booked(0.0)),
    ],
    ids=["told", "not told", "broken", "not sent"],
)
async def test_embedders_count_like_models(bench: Bench, embedder: Service, counted: Booked) -> None:
    @agent(name="clerk")
    async def clerk(_: Json, steps: Steps) -> str:
        return (await Embedding(embedder, steps).vector("ten bytes.")).embedder

    async with bench.app(ask, clerk) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0, tokens=100_000))
        await handle.result()
        assert await booked(app, handle.id) == counted


@pytest.mark.parametrize(
    ("ends", "counted"),
    [(ValueError("what?"), Booked(1.5, 0.625)), (RateLimited("slow down"), Booked(0.875))],
    ids=repr,
)
async def test_what_an_attempt_came_to_that_failed_counts_beside_the_price_of_the_next(
    bench: Bench, ends: Exception, counted: Booked
) -> None:
    left = [ends]

    async def request() -> Json:
        return "said"

    @agent(name="clerk", usd=0.75, retry=Retry(attempts=2, delay=0.0))
    async def clerk(_: Json, steps: Steps) -> Json:
        await steps.once("completion", request, usage=lambda _: TOLD, bound=BOUND)
        if left:
            raise left.pop()
        return "done"

    async with bench.app(ask, clerk) as app:
        handle = await app.start(ask, "clerk", budget=Budget(usd=100.0))
        assert await handle.result() == "done"
        assert await booked(app, handle.id) == counted
