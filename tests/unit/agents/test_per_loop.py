"""One agent that is used in several event loops, one after the other and side by side in threads."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic_ai.models import override_allow_model_requests

from podium import App, Context, run_sync, workflow
from podium.agents.http import HttpAgent, http
from podium.agents.per_loop import PerLoop
from podium.agents.pydantic_ai import llm_agent
from podium.model.agent import AnyAgent
from tests.unit.agents.service import Reply, Seen, service

THREADS, ROUNDS = 4, 6

ANSWER = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


def reply(_: Seen) -> Reply:
    return Reply(body=json.dumps(ANSWER).encode(), headers={"Content-Type": "application/json"})


def an_llm_agent(url: str) -> AnyAgent:
    return llm_agent("bot", model="m", base_url=url, api_key="local", instructions="x")


def an_http_agent(url: str) -> AnyAgent:
    return http(url, name="bot", output=dict[str, Any])


@pytest.mark.parametrize("make", [an_llm_agent, an_http_agent])
def test_an_agent_works_in_any_number_of_loops(make: Callable[[str], AnyAgent]) -> None:
    with override_allow_model_requests(allow_model_requests=True), service(reply) as url:  # on loopback
        bot = make(f"{url}/v1")

        @workflow
        async def flow(ctx: Context) -> Any:
            return await ctx.gather(ctx.call(bot, "hi"), ctx.call(bot, "ho"))

        async def main() -> Any:
            async with App.open(":memory:", agents=[flow]) as app:
                try:
                    return await app.run(flow)
                finally:
                    await close(bot)

        with ThreadPoolExecutor(THREADS) as threads:
            runs = [threads.submit(run_sync, main()) for _ in range(THREADS * ROUNDS)]
            answers = [run.result() for run in runs]
    said = [
        each if isinstance(each, str) else each["choices"][0]["message"]["content"] for pair in answers for each in pair
    ]
    assert said == ["hello"] * (2 * THREADS * ROUNDS)


async def close(bot: Any) -> None:
    """Close the connections that were opened in this loop."""
    if isinstance(bot, HttpAgent):
        await bot.aclose()
    else:
        await bot.models.pop().client.close()


def test_each_loop_gets_its_own_and_keeps_it() -> None:
    made = PerLoop(object)
    with asyncio.Runner() as one, asyncio.Runner() as other:
        first = [runner.run(_get(made)) for runner in (one, other, one, other)]
    assert first[0] is first[2]
    assert first[1] is first[3]
    assert first[0] is not first[1]


def test_what_was_made_before_goes_to_the_first_loop_and_no_other() -> None:
    before = object()
    made = PerLoop(object, first=before)
    with asyncio.Runner() as one, asyncio.Runner() as other:
        assert one.run(_get(made)) is before
        assert other.run(_get(made)) is not before


def test_what_belongs_to_loops_that_are_closed_is_dropped() -> None:
    alive = set[int]()

    class Counted:
        def __init__(self) -> None:
            alive.add(id(self))

        def __del__(self) -> None:
            alive.discard(id(self))

    made = PerLoop(Counted)
    for _ in range(10):
        asyncio.run(_get(made))
    assert len(alive) <= 2


def test_it_is_asked_from_many_threads_at_once() -> None:
    made, start = PerLoop(object), threading.Barrier(8)
    found: list[object] = []

    def ask() -> None:
        start.wait(120)
        with asyncio.Runner() as runner:
            first, second = runner.run(_get(made)), runner.run(_get(made))
            assert first is second
            found.append(first)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == len(found) == 8


async def _get(made: PerLoop[Any]) -> Any:
    return made.get()
