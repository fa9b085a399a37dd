"""Asks a model that misbehaves, by several agents, and is killed in the middle: the other side has its own books."""

import asyncio
import os
import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import models

from podium import App, Config, Context, Retry, Steps, agent, workflow
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


def parts(url: str) -> list[AnyAgent]:
    retry = Retry(attempts=3, delay=0.01)
    create: Any = AsyncOpenAI(base_url=url, api_key="none", max_retries=0).chat.completions.create

    def bot(name: str, *, streaming: bool) -> Any:
        return llm_agent(
            name, model=MODEL, base_url=url, instructions="Be brief.", streaming=streaming, timeout=PATIENCE,
            retry=retry, settings={"max_tokens": 60}, rates={MODEL: PRICE},
        )  # fmt: skip

    @agent(timeout=PATIENCE, retry=retry)
    async def own(text: str, steps: Steps) -> str:
        async def request() -> Json:
            made = await create(model=MODEL, messages=[{"role": "user", "content": text}], max_tokens=60)
            return made.model_dump(mode="json")

        bound = Bound(usd=(500 * PRICE.input + 60 * PRICE.output) / 1e6, input_tokens=500, output_tokens=60)
        said = await steps.once("completion", request, input=text, usage=usage, bound=bound)
        return said["choices"][0]["message"]["content"]

    members = [bot("whole", streaming=False), bot("streamed", streaming=True), own]

    @workflow
    async def asks(ctx: Context, n: int) -> int:
        said: Any = await ctx.gather(*(
            ctx.map(member, [f"Say {i}." for i in range(n)], concurrency=SIDE_BY_SIDE, return_exceptions=True)
            for member in members
        ))  # fmt: skip
        return sum(isinstance(each, str) for answers in said for each in answers)

    return [asks, *members]


async def work(folder: Path, url: str, ceiling: float, who: str, runs: int, calls: int) -> None:
    config = Config(
        budgets=BudgetSettings(tenants={"acme": Allowance(usd=ceiling, per="ever")}),
        poll=0.05,
        lease=2.0,
        slots=2,
        quarantine_after=1_000,
    )
    async with (
        App.open(folder / "podium.db", agents=parts(url), config=config) as app,
        asyncio.timeout(GIVE_UP),
    ):
        handles: list[AnyHandle] = [await app.start("asks", calls, id=f"{who}{n}", tenant="acme") for n in range(runs)]
        for handle in handles:
            await handle.result()


def warm() -> None:
    """Ask where nobody is: the children find everything loaded."""
    with TemporaryDirectory() as folder:
        main(folder, "http://127.0.0.1:9/v1", 100.0, "warm", 1, 1)


def main(
    folder: str, url: str, ceiling: float, who: str, runs: int, calls: int, dies_after: float | None = None
) -> None:
    models.ALLOW_MODEL_REQUESTS = True
    if dies_after is not None:
        timer = threading.Timer(dies_after, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    asyncio.run(work(Path(folder), url, ceiling, who, runs, calls))
