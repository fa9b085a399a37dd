"""How many workflows `plan_execute` finishes with its default options where many calls of workers fail.

    python -m benchmarks.finishing

The plans are those of `benchmarks.makespan` (three kinds of graphs, several sizes), and chains, in which each task
needs the one before. A task takes a second. Each call of a worker fails with the probability `FAILING`, whatever failed
before, half of them at once and half at the end of their second. The planner gives the same plan whenever it is asked.
The workers have no retry, and all options are preset.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks import makespan
from podium import App, agent
from podium.errors import RunFailed
from podium.patterns import Plan, PlanTask, plan_execute
from podium.testing import DrivenClock

FAILING = 0.3
"""The share of the calls of workers that fail."""
SIZES = (10, 50, 100, 200, 500)
SEEDS = range(100)
TARGET = 0.9
"""The share of workflows that should come to their end, in each row."""
KINDS = (*makespan.KINDS, "chain")


def generate(kind: str, size: int, seed: int) -> list[PlanTask]:
    """A plan of tasks that take a second each."""
    if kind == "chain":
        return [PlanTask(id=f"t{n}", worker="work", after=[f"t{n - 1}"] if n else []) for n in range(size)]
    return [
        PlanTask(id=each.id, worker="work", after=each.after, seconds=each.seconds)
        for each in makespan.generate(kind, size, seed)
    ]


@dataclass(frozen=True)
class Finished:
    """How many of some workflows of one kind and size came to their end, and with how many calls for a task."""

    kind: str
    size: int
    share: float
    calls: float


async def finishes(tasks: list[PlanTask], seed: int) -> tuple[bool, int]:
    """Carry a plan out; returns whether all of it was done, and how often workers were called."""
    chance, clock, calls = Random(seed), DrivenClock(), 0

    @agent
    async def work(task: None = None, inputs: dict[str, None] | None = None) -> None:
        nonlocal calls
        calls += 1
        fails, late = chance.random() < FAILING, chance.random() < 0.5
        if late or not fails:
            await clock.sleep_until(clock.now() + 1)
        if fails:
            raise ConnectionError("the service is not there")

    @agent
    async def planner(task: str) -> Plan:
        return Plan(tasks=tasks)

    team = plan_execute(planner, [work], name="team")
    async with App.open(":memory:", agents=[team], clock=clock) as app:
        handle = await app.start(team, "go")
        await clock.advance(20 * len(tasks))
        try:
            await handle.result()
        except RunFailed:
            return False, calls
    return True, calls


async def measure(
    kinds: Sequence[str] = KINDS, sizes: Sequence[int] = SIZES, seeds: Sequence[int] = SEEDS
) -> list[Finished]:
    """Carry out all plans."""
    found: list[Finished] = []
    for kind in kinds:
        for size in sizes:
            ended = [await finishes(generate(kind, size, seed), seed) for seed in seeds]
            share = sum(done for done, _ in ended) / len(ended)
            found.append(Finished(kind, size, share, sum(calls for _, calls in ended) / len(ended) / size))
    return found


async def main() -> None:
    seeds = range(int(sys.argv[1])) if len(sys.argv) > 1 else SEEDS
    found = await measure(seeds=seeds)
    print("| Graph | Tasks | Finished | Calls for a task |\n| --- | ---: | ---: | ---: |")
    for each in found:
        print(f"| {each.kind} | {each.size} | {each.share:.0%} | {each.calls:.2f} |")
    missed = [f"{each.kind} {each.size}" for each in found if each.share < TARGET]
    print(f"\nbelow {TARGET:.0%}: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    asyncio.run(main())
