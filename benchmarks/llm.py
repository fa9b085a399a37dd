"""What Podium adds to an agent of Pydantic AI: `python -m benchmarks.llm [RUNS] [ROUNDS]`.

A model that is scripted, in a process of its own, is asked over HTTP on loopback: four times it uses a tool, then it
answers; and once it answers at once. Conversations take turns in one process: those of Pydantic AI alone, and those of
the same agent in a workflow of Podium, with a store in a file or in memory, with and without a budget. It is the
processor's time of this process that is measured, and the median of the ratios of the rounds that counts, so that what
else the machine does falls on all. Podium has Python look for reference cycles less often, which helps whoever runs
beside it: so Pydantic AI is measured with that setting too.
"""

import asyncio
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.measuring import expect
from podium import App, Budget, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.engine.worker.collector import relax_collector
from podium.model.prices import Rate

RUNS, ALONE, ROUNDS = 200, 50, 7
TOOLS = 4
"""How often the model uses a tool before it answers."""
MODEL = "scripted"
PATIENCE = 120.0
"""Seconds that a request may take, on a machine that has other work."""


@dataclass(frozen=True)
class Bench:
    """One agent, and where its conversations are recorded."""

    agent: Agent[None, str]
    folder: Path


def agent_of(client: AsyncOpenAI) -> Agent[None, str]:
    """Return an agent with a tool, whose model is asked by a client."""
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
    made = Agent(model, name="clerk", instructions="Look each of them up, then say what you found.")

    @made.tool_plain
    async def look(n: int) -> str:
        """Look up what is known of a number."""
        return f"{n} is known"

    return made


async def bare(bench: Bench, runs: int, each: int) -> float:
    """Ask with Pydantic AI alone; returns the seconds of the processor."""

    async def conversation(n: int) -> None:
        expect("answer", (await bench.agent.run(f"Question {n}")).output, "done")

    return await _seconds(conversation, runs, each)


def recorded(where: str, budget: Budget | None) -> "Measure":
    """Return what asks through Podium."""

    async def through_podium(bench: Bench, runs: int, each: int) -> float:
        bot = from_pydantic_ai(bench.agent, rates={MODEL: Rate(1.0, 1.0)})

        @workflow
        async def ask(ctx: Context, question: str) -> str:
            return await ctx.call(bot, question)

        path = ":memory:" if where == "memory" else bench.folder / f"{time.monotonic_ns()}.db"
        async with App.open(path, agents=[ask]) as app:

            async def conversation(n: int) -> None:
                handle = await app.start(ask, f"Question {n}", budget=budget)
                expect("answer", await handle.result(), "done")

            return await _seconds(conversation, runs, each)

    return through_podium


async def relaxed(bench: Bench, runs: int, each: int) -> float:
    """Ask with Pydantic AI alone, and have Python look for reference cycles as often as Podium does."""
    before = relax_collector()
    try:
        return await bare(bench, runs, each)
    finally:
        gc.set_threshold(*before)


Measure = Callable[[Bench, int, int], Awaitable[float]]

VARIANTS: Mapping[str, Measure] = {
    "Pydantic AI alone": bare,
    "Pydantic AI alone, the collector as in Podium": relaxed,
    "Podium, store in memory": recorded("memory", None),
    "Podium, store in a file": recorded("file", None),
    "Podium, store in a file, budget in dollars": recorded("file", Budget(usd=1_000.0)),
}


async def _seconds(conversation: Callable[[int], Awaitable[None]], runs: int, each: int) -> float:
    """Return the processor's time of `runs` conversations, `each` at once; some go before, and are not counted."""
    await asyncio.gather(*(conversation(-n - 1) for n in range(min(each, 8))))
    gc.collect()
    began = time.process_time()
    for first in range(0, runs, each):
        await asyncio.gather(*(conversation(n) for n in range(first, first + each)))
    return time.process_time() - began


async def measure(url: str, runs: int, each: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each variant, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncOpenAI(base_url=url, api_key="none", timeout=PATIENCE) as client:
            bench = Bench(agent_of(client), Path(folder))
            for n in range(rounds):
                for name in list(VARIANTS) if n % 2 == 0 else reversed(VARIANTS):
                    taken[name].append(await VARIANTS[name](bench, runs, each))
    return taken


def show(title: str, taken: Mapping[str, list[float]], runs: int) -> None:
    """Print what a conversation takes, and how many times that of Pydantic AI alone."""
    plain = taken["Pydantic AI alone"]
    print(f"\n{title}\n{'':46} {'ms/run':>7} {'ratio':>6}   smallest to largest")
    for name, found in taken.items():
        ratios = sorted(each / base for each, base in zip(found, plain, strict=True))
        span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"{name:46} {median(found) / runs * 1e3:7.2f} {median(ratios):6.3f}   {span}", flush=True)


@contextmanager
def model_that_uses_tools(times: int) -> Generator[str]:
    """Run the scripted model; gives its address."""
    command = [sys.executable, "-m", "benchmarks.scripted_model", str(times)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with model_that_uses_tools(TOOLS) as url:
        many = asyncio.run(measure(url, runs, runs, rounds))
        show(f"{runs} runs at once, {TOOLS + 1} requests each", many, runs)
        one = asyncio.run(measure(url, ALONE, 1, rounds))
        show(f"one run after the other, {TOOLS + 1} requests each", one, ALONE)
    with model_that_uses_tools(0) as url:
        one = asyncio.run(measure(url, ALONE, 1, rounds))
        show("one run after the other, one request each", one, ALONE)


if __name__ == "__main__":
    main()
