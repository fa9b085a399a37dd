"""What a budget books for a request that gave no answer, over real connections: to the billionth of a dollar."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI
from pydantic_ai import models
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import App, Budget, Context, Steps, agent, workflow
from podium.agents.http import http
from podium.agents.pydantic_ai import llm_agent
from podium.errors import CallFailed, CallRefused, RunFailed
from podium.model.budget import Bound
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rate
from tests.e2e.models.answers import always, answer, cut_at, error, error_body, good
from tests.e2e.models.behaviours import PAGE, SHORT, both
from tests.e2e.models.rude import Answer, End, Server, model_name, rude
from tests.e2e.models.sayings import ANSWERS, STREAMS

NOTHING, ALL, USED = "nothing", "all that was set aside", "what its usage says"
PRICE = Rate(1.0, 2.0)
OF_USAGE = 120_000
"""Billionths of a dollar: 100 tokens at 1 and 10 at 2 dollars a million."""
NOWHERE = "nowhere.test"
PATIENCE = 180.0
SAID = {each.name: each for each in (*ANSWERS, *STREAMS)}


def _said(name: str) -> Answer:
    return SAID[name]


BOOKED: Mapping[str, tuple[Answer, str]] = {
    **{f"status {status}": (error(status), NOTHING) for status in (401, 402, 403, 404, 413, 429)},
    "quota": (always(answer(json.dumps(error_body("no", "insufficient_quota")), 429)), NOTHING),
    **{f"status {status}": (error(status), ALL) for status in (400, 408, 409, 422, 500, 501, 502, 503, 504, 520, 529)},
    "busy": (error(503, retry_after="1"), ALL),
    "closed before the answer": (always(End()), ALL),
    "torn off before the answer": (always(End(torn=True)), ALL),
    "cut at a half": (cut_at(0.5), ALL),
    "silent": (always(30.0), ALL),
    "a page": (always(answer(PAGE)), ALL),
    "an error with status 200": (_said("an error, with status 200"), ALL),
    "well": (good, USED),
    "cut": (_said("cut at the most tokens (`length`)"), USED),
    "filtered": (_said("`content_filter`"), USED),
}


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


async def spent_on(bot: Any) -> tuple[int, int]:
    """Have an agent asked once under a budget; returns what is booked, and what was set aside."""

    @workflow
    async def flow(ctx: Context) -> Json:
        try:
            return await ctx.call(bot, "Well?")
        except (CallFailed, CallRefused) as failed:
            return str(failed)

    async with App.open(":memory:") as app:
        handle = await app.start(flow, budget=Budget(usd=1.0))
        await handle.result()
        [state] = await app.reports.budgets()
        aside = [fact.body["usd"] for fact in await handle.facts() if fact.kind is FactKind.RESERVED]
        costs = await app.reports.costs(by="model")
    assert state.reserved.usd == 0
    assert round(sum(each.usd + each.in_doubt for each in costs) * 1e9) == state.spent.usd
    assert round(sum(each.in_doubt for each in costs) * 1e9) == state.in_doubt
    assert state.in_doubt in (0, state.spent.usd)
    return state.spent.usd, sum(aside)


@asynccontextmanager
async def asking(url: str, model: str, **options: Any) -> AsyncGenerator[Any]:
    """Give an agent that asks a model at this address."""
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        named = OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))
        yield llm_agent(
            "bot", model=named, instructions="Be brief.", rates={model: PRICE},
            settings={"max_tokens": 100, "timeout": SHORT}, **options,
        )  # fmt: skip


def check(spent: int, aside: int, booked: str) -> None:
    assert spent == {NOTHING: 0, ALL: aside, USED: OF_USAGE}[booked]
    assert aside > OF_USAGE


@pytest.fixture(scope="module")
def server() -> Any:
    behaviours = {name: both(name, answers) for name, (answers, _) in BOOKED.items()}
    with rude({each.id: each for each in behaviours.values()}, good) as serving:
        yield serving


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("name", BOOKED)
async def test_what_is_booked_for_an_answer(name: str, server: Server, *, streaming: bool) -> None:
    model = model_name(both(name, good).id, str(streaming))
    async with asking(server.url, model, streaming=streaming) as bot:
        check(*await spent_on(bot), BOOKED[name][1])
    assert server.seen[model] == 1


@pytest.mark.parametrize("name", ["an error in the middle", "it ends in the middle", "an event that is no JSON"])
async def test_a_stream_that_breaks_in_the_middle_may_have_been_paid_for(name: str) -> None:
    behaviour = SAID[name]
    with rude({behaviour.id: behaviour}, good) as serving:
        async with asking(serving.url, model_name(behaviour.id, "x"), streaming=True) as bot:
            check(*await spent_on(bot), ALL)


def unreachable(how: str, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an address at which nobody can be asked."""
    if how == "no secure connection":
        return url.replace("http:", "https:")
    if how == "refused":
        with socket.create_server(("127.0.0.1", 0)) as closed:
            return f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    known = socket.getaddrinfo

    def unknown(host: Any, *more: Any, **options: Any) -> Any:
        if host in (NOWHERE, NOWHERE.encode()):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    return f"http://{NOWHERE}/v1"


all_unreachable = pytest.mark.parametrize(
    "how", ["refused", "unknown host", pytest.param("no secure connection", marks=pytest.mark.system)]
)


@all_unreachable
@pytest.mark.parametrize("streaming", [False, True])
async def test_nothing_is_booked_where_nothing_was_sent(
    how: str, server: Server, monkeypatch: pytest.MonkeyPatch, *, streaming: bool
) -> None:
    async with asking(unreachable(how, server.url, monkeypatch), "gpt-x", streaming=streaming) as bot:
        check(*await spent_on(bot), NOTHING)


@contextmanager
def deaf() -> Generator[str]:
    """Give the address of a server that lets nobody connect: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}/v1"
        for each in waiting:
            each.close()


@pytest.mark.parametrize("streaming", [False, True])
async def test_nothing_is_booked_where_a_call_is_cut_off_before_anything_was_written(*, streaming: bool) -> None:
    with deaf() as url:
        async with asking(url, "gpt-x", streaming=streaming, timeout=0.3) as bot:
            check(*await spent_on(bot), NOTHING)


async def test_neither_is_a_service_that_was_not_connected_in_time() -> None:
    with deaf() as url:
        score: Any = http(url, name="score", usd=0.5, timeout=0.3)
        assert await spent_on(score) == (0, 500_000_000)
        await score.aclose()


async def test_a_service_that_is_cut_off_once_it_was_asked_may_have_to_be_paid() -> None:
    silent = both("silent", always(30.0))
    with rude({silent.id: silent}, good) as serving:
        score: Any = http(f"{serving.url}/chat/completions", name="score", usd=0.5, timeout=0.3)

        @workflow
        async def flow(ctx: Context) -> Json:
            try:
                return await ctx.call(score, {"model": model_name(silent.id, "cut"), "messages": []})
            except CallFailed as failed:
                return str(failed)

        async with App.open(":memory:") as app:
            handle = await app.start(flow, budget=Budget(usd=1.0))
            assert "no answer within" in await handle.result()
            [state] = await app.reports.budgets()
        await score.aclose()
    assert (state.spent.usd, state.in_doubt) == (500_000_000, 500_000_000)


async def test_a_function_that_asks_by_a_client_of_its_own_pays_nothing_for_what_was_not_written() -> None:
    bound = Bound(usd=0.25, input_tokens=10, output_tokens=10)

    @agent(name="own", timeout=0.3)
    async def own(_: str, steps: Steps) -> Json:
        async def request() -> Json:
            async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
                made = await client.chat.completions.create(model="gpt-x", messages=[])
                return made.model_dump()

        return await steps.once("completion", request, usage=lambda _: None, bound=bound)

    with deaf() as url:
        assert await spent_on(own) == (0, 250_000_000)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    assert await spent_on(own) == (0, 250_000_000)


async def test_what_a_client_tries_again_by_itself_may_have_to_be_paid_twice() -> None:
    """A request that failed is lost, though the next one of the same step was answered."""
    broken = both("broken", error(500))
    with rude({broken.id: broken}, good) as serving:

        @agent(name="own")
        async def own(_: str, steps: Steps) -> Json:
            async def request() -> Json:
                async with AsyncOpenAI(base_url=serving.url, api_key="none", max_retries=1) as client:
                    create: Any = client.chat.completions.create
                    made = await create(model=model_name(broken.id, "retried", once=True), messages=[])
                    return made.model_dump()

            told = Usage(model="gpt-x", input_tokens=10, output_tokens=10, requests=1, usd=0.125)
            bound = Bound(usd=0.5, input_tokens=100, output_tokens=100)
            return await steps.once("completion", request, usage=lambda _: told, bound=bound)

        @workflow
        async def flow(ctx: Context) -> Json:
            return await ctx.call(own, "Well?")

        async with App.open(":memory:") as app:
            handle = await app.start(flow, budget=Budget(usd=1.0))
            await handle.result()
            [state] = await app.reports.budgets()
            [cost] = await app.reports.costs(by="agent")
    assert (state.spent.usd, state.in_doubt) == (500_000_000, 375_000_000)
    assert (cost.usd, cost.in_doubt) == (0.125, 0.375)


@all_unreachable
async def test_neither_is_a_service_that_could_not_be_reached_paid(
    how: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    score: Any = http(unreachable(how, server.url, monkeypatch), name="score", usd=0.5)
    assert await spent_on(score) == (0, 500_000_000)
    await score.aclose()


@all_unreachable
async def test_a_call_that_must_not_happen_twice_is_not_in_doubt_where_nothing_was_sent(
    how: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asking(unreachable(how, server.url, monkeypatch), "gpt-x", effects="once") as bot:

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "Well?")

        async with App.open(":memory:") as app, asyncio.timeout(PATIENCE):
            with pytest.raises(RunFailed, match="TransportFailed"):
                await app.run(flow)


async def test_an_agent_with_a_price_of_its_own_pays_nothing_for_a_request_that_was_turned_away(server: Server) -> None:
    async with asking(server.url, model_name("status-401", "priced"), usd=0.5) as bot:
        assert await spent_on(bot) == (0, 500_000_000)
