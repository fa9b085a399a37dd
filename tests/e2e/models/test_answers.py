"""What a model says that is no whole answer is none, over real HTTP; and what it does not say of its usage counts."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import models
from pydantic_ai.capabilities import ModelFallback

from podium import App, Budget, Context, Retry, workflow
from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.errors import RunFailed
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.prices import Rate
from podium.model.retry import FailureKind
from tests.e2e.models.scripted import Reply, Script, Server, Use, serving

PATIENCE = 180.0
GOOD = Reply(text="The whole contract.")
CUT = Reply(text="The party shall not", finish="length")
ERROR = Reply(body=json.dumps({"error": {"message": "it broke", "type": "server_error"}}))
PAGE = Reply(body="<html><body>Bad gateway</body></html>")
MODEL = "gpt-4o"
KINDS = frozenset({FailureKind.TRANSPORT, FailureKind.VALIDATION})


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


class Told:
    """How a run ended, and what is recorded of it."""

    def __init__(self, ended: str, facts: Sequence[Fact], spent: int, costs: Mapping[str, float | None]) -> None:
        self.ended = ended
        self.spent = spent
        """Tokens, as the budget has it."""
        self.costs = costs
        self.retries = [fact.body["kind"] for fact in facts if fact.kind is FactKind.RETRY]
        self.notes = [fact.body for fact in facts if fact.kind is FactKind.NOTICE]
        self.steps = [fact.body.get("usage") for fact in facts if fact.kind is FactKind.STEP]


async def told(server: Server, *, budget: Budget | None = None, **options: Any) -> Told:
    """Have a contract written, and tell how that went."""
    options = {"retry": Retry(attempts=2, delay=0.01, kinds=KINDS), **options}
    bot = llm_agent("bot", model=server.model(MODEL), instructions="Write.", **options)

    @workflow
    async def flow(ctx: Context) -> str:
        return await ctx.call(bot, "The contract.")

    async with App.open(":memory:", agents=[flow]) as app, asyncio.timeout(PATIENCE):
        handle = await app.start(flow, budget=budget)
        try:
            ended = await handle.result()
        except RunFailed as error:
            ended = str(error)
        states = await app.reports.budgets()
        costs = {each.part: each.usd + each.in_doubt for each in await app.reports.costs(by="model")}
        return Told(ended, await handle.facts(), sum(state.spent.tokens for state in states), costs)


def first(*replies: Reply) -> dict[str, Any]:
    """Return a script that answers so at first, then well."""

    def script(asked: Json, n: int) -> Reply:
        return replies[n] if n < len(replies) else GOOD

    return {MODEL: script}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (CUT, "validation"),
        (Reply(uses=[Use("final_result", '{"te')], finish="length"), "validation"),
        (ERROR, "transport"),
        (PAGE, "transport"),
        (Reply(body=""), "transport"),
        (
            Reply(body='{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'),
            "transport",
        ),
        (Reply(body='{"id": "x", "cho'), "transport"),
        (Reply(body="[]"), "transport"),
        (Reply(status=409, body="{}"), "transport"),
    ],
    ids=[
        "cut",
        "a call that is cut",
        "an error with status 200",
        "a page with status 200",
        "nothing",
        "no choice",
        "half of it",
        "a list",
        "a conflict",
    ],
)
async def test_what_is_no_whole_answer_fails_and_is_tried_again(reply: Reply, kind: str, *, streaming: bool) -> None:
    with serving(first(reply)) as server:
        seen = await told(server, streaming=streaming)
    assert (seen.ended, seen.retries, server.seen[MODEL]) == (GOOD.text, [kind], 2)


async def test_a_stream_without_an_end_broke_off() -> None:
    with serving(first(Reply(text="The party shall not", finish=None))) as server:
        seen = await told(server, streaming=True)
    assert (seen.ended, seen.retries) == (GOOD.text, ["transport"])


async def test_a_stream_without_an_end_counts_where_that_is_said() -> None:
    with serving(first(Reply(text="The party shall not", finish=None))) as server:
        seen = await told(server, streaming=True, unfinished="accept")
    assert (seen.ended, seen.retries) == ("The party shall not", [])


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "reply",
    [Reply(text="The party", finish="content_filter"), Reply(refusal="I will not.")],
    ids=["filtered", "refused"],
)
async def test_a_refusal_is_not_tried_again(reply: Reply, *, streaming: bool) -> None:
    with serving(first(reply)) as server:
        seen = await told(server, streaming=streaming)
    assert "Refusal" in seen.ended
    assert server.seen[MODEL] == 1


async def test_a_cut_answer_counts_where_that_is_said_and_it_is_noted() -> None:
    with serving(first(CUT)) as server:
        seen = await told(server, unfinished="accept")
    assert (seen.ended, server.seen[MODEL]) == (CUT.text, 1)
    assert seen.notes == [{"guard": "answer", "model": MODEL, "finish_reason": "length"}]


async def test_a_cut_answer_is_asked_for_with_more_tokens() -> None:
    with serving(first(CUT, CUT)) as server:
        seen = await told(server, unfinished="more", settings={"max_tokens": 100})
    assert (seen.ended, seen.retries) == (GOOD.text, [])
    assert [asked["max_completion_tokens"] for asked in server.asked] == [100, 200, 400]
    assert len(seen.steps) == 3


async def test_an_answer_that_is_always_cut_fails_in_the_end() -> None:
    with serving({MODEL: lambda asked, n: CUT}) as server:
        seen = await told(server, unfinished="more", settings={"max_tokens": 100}, retry=Retry())
    assert "cut at 800 tokens" in seen.ended
    assert server.seen[MODEL] == 4


async def test_being_cut_by_what_a_budget_allows_is_said_so() -> None:
    with serving({MODEL: lambda asked, n: CUT}) as server:
        seen = await told(server, budget=Budget(usd=1.0), retry=Retry())
    assert re.search(
        r"cut at 4096 tokens, which budget run:run_\w+ allows where no max_tokens of its settings is given", seen.ended
    )


@pytest.mark.filterwarnings("ignore:Failed to extract usage")
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("usage", "wrong"),
    [
        (None, "missing"),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, "zero"),
        ({"prompt_tokens": 10, "completion_tokens": -5, "total_tokens": 5}, "zero"),  # as Pydantic AI reads it
        ({"prompt_tokens": 10**25, "completion_tokens": 1, "total_tokens": 1}, "missing"),
    ],
)
async def test_usage_that_is_not_told_counts_as_the_most_that_it_may_be(
    usage: Json, wrong: str, *, streaming: bool
) -> None:
    with serving(first(Reply(text="done", usage=usage))) as server:
        seen = await told(server, budget=Budget(tokens=50_000), settings={"max_tokens": 1_000}, streaming=streaming)
    assert seen.ended == "done"
    [note] = seen.notes
    assert (note["guard"], note["usage"]) == ("usage", wrong)
    assert seen.spent == note["counted"] > 1_000
    [price] = seen.costs.values()
    assert price is not None
    assert price > 0


async def test_a_budget_ends_a_conversation_whose_server_tells_no_usage() -> None:
    with serving({MODEL: lambda asked, n: Reply(uses=[Use("look", {}, f"c{n}")], usage=None)}) as server:
        seen = await told(server, budget=Budget(tokens=20_000), settings={"max_tokens": 1_000}, tools=[look])
    assert "CallRefused" in seen.ended
    assert server.seen[MODEL] < 10


def look() -> str:
    """Look."""
    return "nothing"


CACHED: Json = {
    "prompt_tokens": 100_000, "completion_tokens": 1_000, "total_tokens": 101_000,
    "prompt_tokens_details": {"cached_tokens": 99_000},
}  # fmt: skip


async def test_cached_tokens_have_the_rate_that_is_said_of_them() -> None:
    with serving(first(Reply(text="done", usage=CACHED))) as server:
        seen = await told(server, rates={MODEL: Rate(2.5, 10.0, cached=1.25)})
    assert seen.costs == {f"openai:{MODEL}": pytest.approx(0.13625)}


async def test_a_listed_model_at_an_address_of_your_own_is_settled_as_it_was_reserved(tmp_path: Path) -> None:
    with serving(first(Reply(text="done"))) as server:
        bot = llm_agent("bot", model=MODEL, base_url=server.url, api_key="none", instructions="Write.")

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(tmp_path / "a.db", agents=[flow]) as app:
            assert await app.run(flow, budget=Budget(usd=1.0)) == "done"
            [state] = await app.reports.budgets()
    assert state.spent.usd == 350_000  # 100 tokens at 2.5, 10 at 10 dollars per million


@pytest.mark.parametrize("cut", [CUT, Reply(text="The party", finish="content_filter")], ids=["cut", "filtered"])
async def test_an_agent_falls_back_from_an_answer_that_is_not_whole(cut: Reply, tmp_path: Path) -> None:
    scripts: dict[str, Script] = {"first": lambda asked, n: cut, "second": lambda asked, n: GOOD}
    with serving(scripts) as server:
        capabilities = [ModelFallback(server.model("second"))]
        bot = from_pydantic_ai(PydanticAgent(server.model("first"), name="bot", capabilities=capabilities))

        @workflow
        async def flow(ctx: Context) -> str:
            return await ctx.call(bot, "The contract.")

        async with App.open(tmp_path / "a.db", agents=[flow]) as app:
            handle = await app.start(flow)
            assert await handle.result() == GOOD.text
            steps = [fact.key for fact in await handle.facts() if fact.kind is FactKind.STEP]
    assert steps == ["0/1/model/1", "0/1/model/1#2"]
    assert server.seen == {"first": 1, "second": 1}
