"""Answers given again to whoever asks in other words: whose, how long, how many, and at what price."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest

from podium import App, Budget, Context, RunState, Steps, agent, workflow
from podium.errors import RunFailed, TransportFailed, UsageError
from podium.guards import pii
from podium.model.cache import CacheByMeaning
from podium.model.embedding import Embeddings
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.limit import Limit, LimitSettings
from podium.model.outcome import Usage
from podium.model.prices import Rates
from podium.testing import HashedEmbedder
from tests.unit.engine.bench import Bench


class Priced(HashedEmbedder):
    """Takes 10 tokens for a text, at 1 US dollar for each thousand; it may be broken."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.broken = broken

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        if self.broken:
            raise TransportFailed("away")
        return Embeddings((await super().embed(texts)).vectors, 10 * len(texts))

    def usd(self, tokens: int, rates: Rates) -> float | None:
        return tokens / 1_000


ASKED, ALIKE, OTHER = "How can I pay my bill?", "How can I pay my bills?", "Where is my parcel?"


def near(**options: Any) -> CacheByMeaning:
    given: dict[str, Any] = {"embed": Priced(), "above": 0.8}
    return CacheByMeaning(**(given | options))


def helping(bench: Bench, embedder: HashedEmbedder | None = None, *, price: float | None = 0.5, **options: Any) -> Any:
    @agent(name="helps", cache=near(embed=embedder or Priced(), **options), usd=price)
    async def helps(question: str) -> str:
        bench.witness.saw("asked", question)
        return f"about {question}"

    return _asking(helps)


def helping_with_more(bench: Bench, **options: Any) -> Any:
    @agent(name="helps", cache=near(text="question", **options))
    async def helps(question: str, language: str) -> str:
        bench.witness.saw("asked", question)
        return f"{language}: {question}"

    return _asking(helps)


def _asking(member: Any) -> Any:
    @workflow(name="asks")
    async def asks(ctx: Context, input: Json) -> Json:
        return await ctx.call(member, input)

    return asks


async def notices(app: App, run: str, guard: str = "cache") -> list[Json]:
    facts = [fact for fact in await app.runs.facts(run) if fact.kind is FactKind.NOTICE]
    return [fact.body for fact in facts if fact.body["guard"] == guard]


async def asked(app: App, flow: Any, question: Json, **options: Any) -> tuple[Json, list[Json]]:
    """Ask, and return the answer and what the cache said of it."""
    handle = await app.start(flow, question, **options)
    return await handle.result(), await notices(app, handle.id)


async def test_who_asks_in_other_words_is_given_the_answer_in_another_run_and_life(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        first = await app.start(flow, ASKED)
        await first.result()
    async with bench.app(flow) as app:
        answer, [notice] = await asked(app, flow, ALIKE)
        assert answer == f"about {ASKED}"
        assert (notice["run"], notice["key"]) == (first.id, "0")
        assert 0.8 <= notice["similarity"] < 1
        assert notice["saved"] == 0.5
        assert await asked(app, flow, OTHER) == (f"about {OTHER}", [])
    assert bench.witness.lines() == [f"asked {ASKED}", f"asked {OTHER}"]


async def test_the_same_words_are_not_embedded_again(bench: Bench) -> None:
    embedder = Priced()
    flow = helping(bench, embedder)
    async with bench.app(flow) as app:
        for _ in range(2):
            await app.run(flow, ASKED)
    assert embedder.asked == [ASKED]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ({}, {}, True),
        ({"tenant": "a"}, {"tenant": "b"}, False),
        ({"principal": "ada"}, {"principal": "bob"}, False),
        ({"principal": "ada"}, {"principal": "ada"}, True),
    ],
)
@pytest.mark.parametrize("words", [ASKED, ALIKE])
async def test_a_scope_shares_nothing_with_another(
    bench: Bench, first: dict[str, str], second: dict[str, str], words: str, *, shared: bool
) -> None:
    flow = helping(bench, scope="user")
    async with bench.app(flow) as app:
        await app.run(flow, ASKED, **first)
        await app.run(flow, words, **second)
    assert bench.witness.count("asked") == (1 if shared else 2)


async def test_users_of_a_tenant_share_answers_unless_their_scope_says_otherwise(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED, principal="ada")
        await app.run(flow, ALIKE, principal="bob")
    assert bench.witness.count("asked") == 1


async def test_only_the_text_named_is_compared_by_meaning_the_rest_is_equal(bench: Bench) -> None:
    flow = helping_with_more(bench)
    async with bench.app(flow) as app:
        for words, language in ((ASKED, "en"), (ALIKE, "en"), (ALIKE, "de")):
            await app.run(flow, {"question": words, "language": language})
    assert bench.witness.lines() == [f"asked {ASKED}", f"asked {ALIKE}"]


async def test_another_number_in_the_text_is_another_question(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        for words in (
            "What are 10 miles in kilometres?",
            "What are 100 miles in kilometres?",
            "What is 10 miles in kilometres?",
        ):
            await app.run(flow, words)
    assert bench.witness.count("asked") == 2


async def test_an_answer_grows_old(bench: Bench) -> None:
    flow = helping(bench, ttl="1m")
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        for seconds, times in ((59, 1), (1, 2)):
            await bench.clock.advance(seconds)
            await app.run(flow, ALIKE)
            assert bench.witness.count("asked") == times


async def test_no_more_answers_are_kept_than_most_and_the_oldest_go(bench: Bench) -> None:
    flow = helping(bench, most=3)
    async with bench.app(flow) as app:
        for number in range(5):
            await app.run(flow, f"{number} {'abcde'[number] * 9}")
        [held] = sqlite3.connect(bench.path).execute("SELECT count(*) FROM answers_vectors").fetchone()
        assert held == 3
        await app.run(flow, f"0 {'a' * 9}")
        await app.run(flow, f"4 {'e' * 9}")
    assert bench.witness.count("asked") == 6


async def test_what_a_run_was_answered_is_forgotten_with_its_vectors(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        handle = await app.start(flow, ASKED)
        await handle.result()
        await app.operations.redact(handle.id, by="ada", why="she asked for it")
        assert sqlite3.connect(bench.path).execute("SELECT * FROM answers_vectors").fetchall() == []
        await app.run(flow, ALIKE)
    assert bench.witness.count("asked") == 2


async def test_an_embedder_that_fails_costs_the_answer_nothing_and_is_told_of(bench: Bench) -> None:
    embedder = Priced()
    flow = helping(bench, embedder)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        embedder.broken = True
        handle = await app.start(flow, ALIKE)
        assert await handle.result() == f"about {ALIKE}"
        [notice] = await notices(app, handle.id, "cache-passed-by")
        assert notice["why"] == "TransportFailed: away"
        await app.run(flow, ALIKE)
    assert bench.witness.count("asked") == 2


async def test_what_was_embedded_before_a_crash_is_not_embedded_again(bench: Bench) -> None:
    embedder, blocked = Priced(), asyncio.Event()

    @agent(name="slow", cache=CacheByMeaning(embed=embedder))
    async def slow(question: str) -> str:
        blocked.set()
        bench.witness.saw("asked")
        if bench.witness.count("asked") == 1:
            await asyncio.Event().wait()
        return question

    flow = _asking(slow)
    async with bench.app(flow) as app:
        handle = await app.start(flow, ASKED)
        await blocked.wait()
    assert await bench.result(handle.id, flow, seconds=60) == ASKED
    assert embedder.asked == [ASKED]


async def test_costs_say_what_it_took_to_look_and_what_that_saved(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        handle = await app.start(flow, ALIKE)
        await handle.result()
        [cost] = (await app.reports.costs()).items
        assert (cost.part, cost.usd, cost.saved) == ("helps", pytest.approx(0.52), 0.5)
        [cost] = (await app.reports.costs(run=handle.id)).items
        assert (cost.usd, cost.saved, cost.input_tokens) == (pytest.approx(0.01), 0.5, 10)


async def test_what_an_answer_cost_is_what_its_own_steps_came_to(bench: Bench) -> None:
    @agent(name="asks a model", cache=near())
    async def member(question: str, steps: Steps) -> str:
        async def answer() -> Json:
            return question

        return await steps.once("model", answer, input=question, usage=lambda _: Usage(requests=1, usd=0.25))

    flow = _asking(member)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        for words in (ASKED, ALIKE):
            answer, [notice] = await asked(app, flow, words)
            assert (answer, notice["saved"]) == (ASKED, 0.25)


async def test_looking_counts_against_a_budget_and_what_has_no_room_is_asked_without(bench: Bench) -> None:
    flow = helping(bench, price=0.5)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        handle = await app.start(flow, ALIKE, budget=Budget(usd=1.0))
        assert await handle.result() == f"about {ASKED}"
        state = (await app.reports.budgets(prefix=f"run:{handle.id}")).items[0]
        assert state.spent.usd == 10_000_000
        poor = await app.start(flow, f"{ALIKE}?", budget=Budget(usd=0.001))
        with pytest.raises(RunFailed, match="budget"):
            await poor.result()
        [notice] = await notices(app, poor.id, "cache-passed-by")
        assert "budget" in notice["why"]


async def test_people_who_may_raise_the_budget_are_asked_about_looking_too(bench: Bench) -> None:
    flow = helping(bench)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        handle = await app.start(flow, ALIKE, budget=Budget(usd=0.001, on_breach="ask", to="boss"))
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": True, "usd": 1.0}, by="boss")
        assert await handle.result() == f"about {ASKED}"
    assert bench.witness.count("asked") == 1


@pytest.mark.parametrize(
    "limits",
    [
        LimitSettings(models={"hashed words": Limit(requests=1, per=60.0)}),
        LimitSettings(tenants={"default": Limit(tokens=30, per=60.0)}),
    ],
    ids=["model", "tokens"],
)
async def test_looking_passes_the_limits_of_the_embedder_and_those_on_tokens(
    bench: Bench, limits: LimitSettings
) -> None:
    flow = helping(bench)
    async with bench.app(flow, limits=limits) as app:
        await app.run(flow, ASKED)
        handle = await app.start(flow, ALIKE)
        await bench.clock.settle()
        assert (await handle.status()).state is RunState.PARKED
        await bench.clock.advance(61)
        assert await handle.result() == f"about {ASKED}"


async def test_the_cache_sees_what_the_agent_is_handed_after_the_guards(bench: Bench) -> None:
    embedder = Priced()

    @agent(name="helps", cache=CacheByMeaning(embed=embedder, above=0.8), guards=(pii(),))
    async def helps(question: str) -> str:
        bench.witness.saw("asked", question)
        return "done"

    flow = _asking(helps)
    async with bench.app(flow) as app:
        await app.run(flow, "Write to ada@example.com about my bill please")
        await app.run(flow, "Write to bob@example.com about my bills please")
    assert bench.witness.count("asked") == 1
    assert not any("@example" in text for text in embedder.asked)


async def test_a_fork_and_a_retry_are_given_what_was_recorded(bench: Bench) -> None:
    embedder = Priced()
    flow = helping(bench, embedder)
    async with bench.app(flow) as app:
        await app.run(flow, ASKED)
        handle = await app.start(flow, ALIKE)
        await handle.result()
        forked = await app.operations.fork(handle.id, "0")
        assert await forked.result() == f"about {ASKED}"
    assert bench.witness.count("asked") == 1


async def _no_input(question: int) -> None: ...


async def _two(question: str, language: str) -> None: ...


@pytest.mark.parametrize(
    ("options", "function", "wrong"),
    [
        ({"embed": None}, None, "embed.*expected an embedder"),
        ({"above": 0}, None, r"above.*expected a similarity above 0"),
        ({"above": 1.5}, None, r"above.*expected a similarity above 0"),
        ({"ttl": 0}, None, "ttl.*expected seconds"),
        ({"ttl": float("inf")}, None, "ttl.*expected seconds"),
        ({"most": 0}, None, "most.*expected a whole number, 1 or more"),
        ({"scope": "run"}, None, "scope.*expected 'tenant' or 'user'"),
        ({"text": ""}, None, "text.*expected a name"),
        ({}, _no_input, "takes no plain text: say which field"),
        ({}, _two, "CacheByMeaning.text=….; expected one of language, question"),
        ({"text": "words"}, _two, "takes no 'words'.*expected one of language, question"),
    ],
)
def test_what_would_not_work_is_refused_by_name(options: dict[str, Any], function: Any, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        _ = agent(cache=near(**options))(function or _two).card


def test_what_must_not_happen_twice_has_no_cache() -> None:
    with pytest.raises(UsageError, match="leave out cache"):
        _ = agent(name="pay", effects="once", cache=CacheByMeaning(embed=Priced()))(_asking).card
