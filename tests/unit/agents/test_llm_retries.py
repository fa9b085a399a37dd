"""The retries of a vendor's client are switched off, at no cost that a conversation would notice."""

import asyncio
from typing import Any

import httpx2
import pytest
from openai import DEFAULT_MAX_RETRIES, AsyncOpenAI
from pydantic_ai.models import override_allow_model_requests
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium.agents.pydantic_ai import llm_agent
from podium.errors import TransportFailed
from podium.model.json import Json
from tests.unit.agents.test_llm_steps import Journal, call

ANSWER: Json = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}  # fmt: skip


def test_a_client_is_not_copied_for_each_request_without_retries() -> None:
    copies: list[AsyncOpenAI] = []

    class Counted(AsyncOpenAI):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            copies.append(self)

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers["Authorization"])
        return httpx2.Response(503 if len(asked) == 4 else 200, json=ANSWER)

    async def ask(times: int) -> None:
        for _ in range(times):
            await agent.run(call("Go."), Journal())

    asked: list[str] = []
    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = Counted(base_url="http://localhost/v1", api_key="first", http_client=http_client)
    model = OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client))
    agent = llm_agent("clerk", model=model, instructions="Greet.")

    async def converse() -> None:
        await ask(3)
        assert len(copies) == 2
        with pytest.raises(TransportFailed):
            await ask(1)
        client.api_key = "second"
        await ask(2)

    with override_allow_model_requests(allow_model_requests=True):
        asyncio.run(converse())
    assert asked == ["Bearer first"] * 4 + ["Bearer second"] * 2
    assert client.max_retries == DEFAULT_MAX_RETRIES
