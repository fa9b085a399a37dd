"""Keys that stand where a reference should: masked as what a reference leads to."""

import base64
from collections.abc import Callable

import pytest
from agents import OpenAIChatCompletionsModel
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic_ai.models import override_allow_model_requests
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import Context, workflow
from podium.agents.child import ChildProcess
from podium.agents.embedders import service_embedder
from podium.agents.http import http
from podium.agents.pydantic_ai import llm_agent
from podium.model.agent import AnyAgent
from podium.secrets.literals import learn_keys_of, learn_url, learn_value
from podium.secrets.masking import MASKING
from podium.secrets.reference import filled
from podium.testing.chat import ChatReply, ChatServer
from tests.unit.engine.bench import Bench

KEY = "k-7f3a9c55e1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", KEY), ("apiKey", KEY), ("X-Api-Key", KEY), ("OPENAI_API_KEY", KEY), ("DB_PASSWORD", KEY),
        ("Authorization", f"Bearer {KEY}"), ("Authorization", KEY), ("authorization", f"token {KEY}"),
        ("Authorization", "Basic " + base64.b64encode(f"ann:{KEY}".encode()).decode()),
        ("Cookie", f"theme=dark; session={KEY}"), ("delegation.key", KEY), ("accessToken", KEY),
    ],
)  # fmt: skip
def test_what_a_name_says_is_secret_is_masked(name: str, value: str) -> None:
    assert filled({name: value}) == {name: value}
    assert MASKING.text(f"it was {KEY}!") == "it was ***!"


@pytest.mark.parametrize(
    ("name", "value"),
    [("Accept", "application/json"), ("MONKEY_HOUSE", "long enough"), ("api_key", "any"), ("Content-Type", KEY)],
)
def test_what_is_no_secret_is_not_masked(name: str, value: str) -> None:
    learn_value(name, value)
    assert not MASKING.active


def test_a_reference_is_no_secret_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_KEY", KEY)
    filled({"Authorization": "Bearer env:DOOR_KEY"})
    assert MASKING.text(f"env:DOOR_KEY is {KEY}") == "env:DOOR_KEY is ***"


@pytest.mark.parametrize(
    "url",
    [
        f"https://ann:{KEY}@example.com/v1", f"https://{KEY}@example.com/v1", f"https://example.com/v1?api_key={KEY}",
        f"https://example.com/v1?model=small&access_token={KEY}#x", f"https://example.com:8443/?sig={KEY}",
        f"https://hooks.example.com/services/T0/{KEY}-0123456789",
    ],
)  # fmt: skip
def test_a_key_in_a_url_is_masked(url: str) -> None:
    learn_url(url, "url")
    assert KEY not in MASKING.text(f"could not be reached at {url}: refused")
    assert MASKING.text("https://example.com/v1?model=small") == "https://example.com/v1?model=small"


def test_a_quoted_password_in_a_url_is_masked_as_it_is_and_quoted() -> None:
    learn_url("https://ann:p%40ss%2Fw-9910@example.com/", "url")
    assert MASKING.text("p@ss/w-9910 and p%40ss%2Fw-9910") == "*** and ***"


@pytest.mark.parametrize(
    "url",
    ["https://example.com/v1/models?model=small", "https://example.com/550e8400-e29b-41d4-a716-446655440000",
     "http://[::1", "https://example.com:port/", "https://example.com/a-path-that-people-gave-a-name"],
)  # fmt: skip
def test_a_url_without_a_key_has_nothing_masked(url: str) -> None:
    learn_url(url, "url")
    assert not MASKING.active


@pytest.mark.parametrize(
    "make",
    [
        lambda: http(f"https://x.example/?key={KEY}", name="score"),
        lambda: http("https://x.example/", name="score", headers={"X-Token": KEY}),
        lambda: llm_agent("clerk", model="small", instructions="", base_url="http://x.example/v1", api_key=KEY),
        lambda: llm_agent("clerk", model="small", instructions="", base_url=f"http://ann:{KEY}@x.example/v1"),
        lambda: service_embedder("small", dimensions=3, url="https://x.example/v1", key=KEY),
        lambda: ChildProcess(command=("ls",), cwd=None, env={"API_KEY": KEY}, max_output=1),
    ],
)
def test_whoever_takes_a_key_masks_it_before_it_is_used(make: "type[AnyAgent]") -> None:
    make()
    assert MASKING.text(KEY) == "***"


@pytest.mark.parametrize(
    "make",
    [
        lambda: OpenAIChatModel("small", provider=OpenAIProvider(api_key=KEY)),
        lambda: OpenAIChatCompletionsModel("small", AsyncOpenAI(api_key=KEY)),
        lambda: ChatOpenAI(model="small", api_key=KEY),  # pyright: ignore[reportArgumentType] - as people write it
    ],
)
def test_the_key_of_a_model_that_brings_its_client_is_masked(make: Callable[[], object]) -> None:
    learn_keys_of(make())
    assert MASKING.text(f"no model for {KEY}") == "no model for ***"


def test_what_has_no_client_has_no_key() -> None:
    learn_keys_of(object())
    assert not MASKING.active


async def test_the_key_is_masked_in_what_a_vendor_says_of_it_again(bench: Bench) -> None:
    with (
        ChatServer(lambda _: ChatReply(text=f"your key is {KEY}")) as server,
        override_allow_model_requests(allow_model_requests=True),
    ):
        model = OpenAIChatModel("small", provider=OpenAIProvider(base_url=server.url, api_key=KEY))
        clerk = llm_agent("clerk", model=model, instructions="")

        @workflow
        async def asks(ctx: Context) -> str:
            return await ctx.call(clerk, "hello")

        async with bench.app(asks) as app:
            assert await app.run(asks) == "your key is ***"
    assert KEY.encode() not in b"".join(path.read_bytes() for path in bench.path.parent.iterdir())
