"""What a model request may come to is known before it is made, and nothing is asked that might not fit."""

import asyncio
from decimal import Decimal
from typing import Any

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import ImageUrl, ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from podium import App, Budget, Context, workflow
from podium.agents.prices import Rate, most, price
from podium.agents.pydantic_ai import llm_agent
from podium.agents.pydantic_ai.bound import MOST_OUTPUT, bound_of
from podium.agents.pydantic_ai.request import model_input
from podium.errors import CallRefused
from podium.model.budget import PER_USD
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.testing.model import ScriptedModel, Use, requests_seen

MODELS = [
    "openai:gpt-4o",
    "openai:gpt-5",
    "anthropic:claude-sonnet-4-5",
    "google:gemini-2.5-pro",
    "mistral:mistral-large-latest",
]
TIERED = "google:gemini-2.5-pro"


@given(
    model=st.sampled_from(MODELS), given_tokens=st.integers(0, 500_000), part=st.floats(0, 1),
    answer=st.integers(0, 9_000),
    cached=st.floats(0, 1), written=st.floats(0, 1),
)  # fmt: skip
def test_no_usage_within_the_bound_is_dearer_than_the_bound(
    model: str, given_tokens: int, part: float, answer: int, cached: float, written: float
) -> None:
    bound = most(model, input_tokens=given_tokens, output_tokens=answer)
    used = int(given_tokens * part)
    read = int(used * cached)
    wrote = int((used - read) * written)
    usage = Usage(model=model, input_tokens=used, output_tokens=int(answer * part))
    spent = price(model, usage, cached=read, cache_written=wrote)
    assert bound is not None
    assert spent is not None
    assert Decimal(repr(spent)) <= Decimal(repr(bound)) + Decimal("1e-12")


def test_the_prices_that_the_bound_is_tested_with_have_tiers() -> None:
    small = genai_prices.calc_price(genai_prices.Usage(input_tokens=1_000), "gemini-2.5-pro").total_price * 400
    assert genai_prices.calc_price(genai_prices.Usage(input_tokens=400_000), "gemini-2.5-pro").total_price > small


@given(text=st.text(max_size=400), instructions=st.text(max_size=100))
def test_every_byte_of_what_is_sent_counts_as_a_token(text: str, instructions: str) -> None:
    messages: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart(text)], instructions=instructions), ModelResponse(parts=[TextPart(text)])
    ]  # fmt: skip
    parameters = ModelRequestParameters()
    try:
        sent = model_input("gpt-4o", messages, None, parameters)
        size = len(text.encode()) * 2 + len(instructions.encode())
    except UnicodeEncodeError:
        return
    bound = bound_of("openai:gpt-4o", sent, messages, ModelSettings(max_tokens=7), parameters, {})
    assert bound is not None
    assert bound.input_tokens >= size
    assert bound.output_tokens == 7


def test_pictures_and_answers_without_an_end_cannot_be_bounded() -> None:
    parameters = ModelRequestParameters()
    picture: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart([ImageUrl("https://x/y.png")])])]
    text: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart("hello")])]
    assert bound_of("openai:gpt-4o", {}, picture, ModelSettings(max_tokens=7), parameters, {}) is None
    assert bound_of("openai:gpt-4o", {}, text, None, parameters, {}) is None


def asking(tmp_path: Any, *, name: str = "gpt-4o", **options: Any) -> Any:
    script = [[Use("look", {"word": "a"}, id="c1")], "done"]
    model = ScriptedModel(script, name=name, witness=tmp_path / "requests")

    async def look(word: str) -> str:
        return word

    clerk = llm_agent("clerk", model=model, instructions="Be exact.", tools=[look], **options)

    @workflow
    async def asks(ctx: Context) -> Json:
        try:
            return await ctx.call(clerk, "Look.")
        except CallRefused as error:
            return error.rule

    return asks


def run(flow: Any, budget: Budget | None) -> tuple[Json, list[Any]]:
    async def main() -> tuple[Json, list[Any]]:
        async with App.open(":memory:", agents=[flow]) as app:
            return await app.run(flow, budget=budget), app.budgets()

    return asyncio.run(main())


def test_a_conversation_is_settled_at_what_its_requests_cost(tmp_path: Any) -> None:
    answer, [state] = run(asking(tmp_path), Budget(usd=1.0, tokens=100_000))
    assert answer == "done"
    assert 0 < state.spent.usd < PER_USD // 100
    assert state.reserved.usd == 0
    assert len(requests_seen(tmp_path / "requests")) == 2


def test_a_request_that_might_not_fit_is_never_made(tmp_path: Any) -> None:
    answer, [state] = run(asking(tmp_path), Budget(usd=0.02))
    assert answer == f"budget:{state.id}"
    assert state.spent.usd == 0
    assert requests_seen(tmp_path / "requests") == []


def test_an_agent_that_says_how_long_an_answer_may_be_needs_less(tmp_path: Any) -> None:
    answer, _ = run(asking(tmp_path, settings=ModelSettings(max_tokens=100)), Budget(usd=0.02))
    assert answer == "done"


@pytest.mark.parametrize(
    ("options", "answer"), [({}, "budget:unpriced"), ({"rates": {"mine": Rate(1, 2)}}, "done"), ({"usd": 0.1}, "done")]
)
def test_a_model_without_a_price_is_not_asked_unless_somebody_names_one(
    tmp_path: Any, options: Any, answer: str
) -> None:
    assert run(asking(tmp_path, name="mine", **options), Budget(usd=1.0))[0] == answer


def test_the_cap_is_sent_to_the_model_but_is_no_part_of_what_is_compared_on_replay(tmp_path: Any) -> None:
    seen: list[Any] = []

    class Watched(ScriptedModel):
        def prepare_request(self, model_settings: Any, model_request_parameters: Any) -> Any:
            seen.append(dict(model_settings).get("max_tokens"))
            return super().prepare_request(model_settings, model_request_parameters)

    def flow() -> Any:
        clerk = llm_agent("clerk", model=Watched(["done"], name="gpt-4o"), instructions="Be exact.")

        @workflow
        async def asks(ctx: Context) -> str:
            return await ctx.call(clerk, "Go.")

        return asks

    async def digest(budget: Budget | None) -> str:
        asks = flow()
        async with App.open(":memory:", agents=[asks]) as app:
            handle = await app.start(asks, budget=budget)
            await handle.result()
            [step] = [fact.body for fact in handle.facts() if fact.kind is FactKind.STEP]
            return step["digest"]

    assert asyncio.run(digest(None)) == asyncio.run(digest(Budget(usd=1.0)))
    assert seen == [None, MOST_OUTPUT]
