"""Asks a model that misbehaves, by several agents, and is killed in the middle: the other side has its own books."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  the package leaves a type open
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai import models

from podium import App, Config, Context, Retry, Steps, agent, workflow
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.openai_agents import from_openai_agents
from podium.agents.pydantic_ai import llm_agent
from podium.facade.handle import AnyHandle
from podium.model.agent import AnyAgent
from podium.model.budget import Allowance, Bound, BudgetSettings
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rate

GIVE_UP = 3_600.0
MODEL = "gpt-books"
PATIENCE = 2.0
"""Seconds that an attempt may take: some answers never come."""
PRICE = Rate(1_000.0, 4_000.0, cached=100.0)
SIDE_BY_SIDE = 2
"""Of the requests of each agent in a run."""


def usage(said: Json) -> Usage | None:
    """Read what an answer came to, as a function has to that asks by itself."""
    told = said["usage"]
    if told is None:
        return None
    given, output = told["prompt_tokens"], told["completion_tokens"]
    details: Any = told.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens", 0)
    usd = ((given - cached) * PRICE.input + cached * (PRICE.cached or 0.0) + output * PRICE.output) / 1e6
    return Usage(model=MODEL, input_tokens=given, output_tokens=output, requests=1, usd=usd)


RETRY = Retry(attempts=3, delay=0.01)
INSTRUCTIONS = "Be brief."


def parts(url: str, by: str) -> list[AnyAgent]:
    """Return a workflow and those whom it asks, of one framework."""
    members = MEMBERS[by](url)

    @workflow
    async def asks(ctx: Context, n: int) -> int:
        said: Any = await ctx.gather(*(
            ctx.map(member, [f"Say {i}." for i in range(n)], concurrency=SIDE_BY_SIDE, return_exceptions=True)
            for member in members
        ))  # fmt: skip
        return sum(isinstance(each, str) for answers in said for each in answers)

    return [asks, *members]


def of_pydantic_ai(url: str) -> list[AnyAgent]:
    """Return agents of Pydantic AI, and a function that asks by itself."""
    create: Any = AsyncOpenAI(base_url=url, api_key="none", max_retries=0).chat.completions.create

    def bot(name: str, *, streaming: bool) -> Any:
        return llm_agent(
            name, model=MODEL, base_url=url, instructions=INSTRUCTIONS, streaming=streaming, timeout=PATIENCE,
            retry=RETRY, settings={"max_tokens": 60}, rates={MODEL: PRICE},
        )  # fmt: skip

    @agent(timeout=PATIENCE, retry=RETRY)
    async def own(text: str, steps: Steps) -> str:
        async def request() -> Json:
            made = await create(model=MODEL, messages=[{"role": "user", "content": text}], max_tokens=60)
            return made.model_dump(mode="json")

        bound = Bound(usd=(500 * PRICE.input + 60 * PRICE.output) / 1e6, input_tokens=500, output_tokens=60)
        said = await steps.once("completion", request, input=text, usage=usage, bound=bound)
        return said["choices"][0]["message"]["content"]

    return [bot("whole", streaming=False), bot("streamed", streaming=True), own]


def of_langchain(url: str) -> list[AnyAgent]:
    """Return agents of LangChain."""

    def bot(name: str, *, streaming: bool) -> AnyAgent:
        model = ChatOpenAI(
            model=MODEL, base_url=url, api_key=SecretStr("none"), max_retries=0, streaming=streaming, stream_usage=True,
            max_completion_tokens=60,
        )  # fmt: skip
        graph: Any = create_agent(model, [], system_prompt=INSTRUCTIONS, middleware=[PodiumMiddleware()])
        return from_langchain(graph, name=name, timeout=PATIENCE, retry=RETRY, rates={MODEL: PRICE})

    return [bot("whole", streaming=False), bot("streamed", streaming=True)]


def of_openai_agents(url: str) -> list[AnyAgent]:
    """Return agents of the OpenAI Agents SDK."""

    def bot(name: str, *, streaming: bool) -> AnyAgent:
        client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
        made: Agent[Any] = Agent(
            name, instructions=INSTRUCTIONS, model=OpenAIChatCompletionsModel(MODEL, client),
            model_settings=ModelSettings(max_tokens=60, include_usage=True),
        )  # fmt: skip
        return from_openai_agents(made, streaming=streaming, timeout=PATIENCE, retry=RETRY, rates={MODEL: PRICE})

    return [bot("whole", streaming=False), bot("streamed", streaming=True)]


MEMBERS: Mapping[str, Callable[[str], list[AnyAgent]]] = {
    "pydantic_ai": of_pydantic_ai, "langchain": of_langchain, "openai_agents": of_openai_agents,
}  # fmt: skip


async def work(folder: Path, url: str, ceiling: float, who: str, runs: int, calls: int, by: str) -> None:
    config = Config(
        budgets=BudgetSettings(tenants={"acme": Allowance(usd=ceiling, per="ever")}),
        poll=0.05,
        lease=2.0,
        slots=2,
        quarantine_after=1_000,
    )
    async with (
        App.open(folder / "podium.db", agents=parts(url, by), config=config) as app,
        asyncio.timeout(GIVE_UP),
    ):
        handles: list[AnyHandle] = [await app.start("asks", calls, id=f"{who}{n}", tenant="acme") for n in range(runs)]
        for handle in handles:
            await handle.result()


def warm() -> None:
    """Ask where nobody is: the children find everything loaded."""
    with TemporaryDirectory() as folder:
        for by in MEMBERS:
            main(folder, "http://127.0.0.1:9/v1", 100.0, by, 1, 1, by=by)


def main(
    folder: str,
    url: str,
    ceiling: float,
    who: str,
    runs: int,
    calls: int,
    dies_after: float | None = None,
    by: str = "pydantic_ai",
) -> None:
    models.ALLOW_MODEL_REQUESTS = True
    if dies_after is not None:
        timer = threading.Timer(dies_after, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    asyncio.run(work(Path(folder), url, ceiling, who, runs, calls, by))
