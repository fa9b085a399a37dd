"""How long `plan_execute` takes for a plan, against the shortest that any schedule could take.

    python -m benchmarks.makespan

The plans are generated: three kinds of graphs (see `KINDS`), `SIZES` tasks, a graph for each of `SEEDS`. A task takes
from 1 to 10 seconds, evenly spread. Each plan is carried out by the pattern itself, in the engine, on a clock that is
driven, with `WORKERS` tasks at once: once with estimates that are right, once with estimates that are off by up to
half, evenly spread. The makespan is divided by its lower bound: the critical path, or all work divided by the workers,
whichever is longer. No schedule can be below 1; the best one is often above it.
"""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from podium import App, agent
from podium.patterns import Plan, PlanTask, plan_execute
from podium.patterns.parts.scheduling import remaining
from podium.testing import DrivenClock

SIZES = (10, 20, 50, 100, 200, 500)
SEEDS = range(10)
WORKERS = 8
OFF = 0.5
"""By how much an estimate may be wrong: half of what is right."""
TARGET = 1.10
"""What the mean of makespan / lower bound should not be above."""

Needs = list[list[int]]
"""For each task, by number, those whose results it needs."""


def wide(size: int, chance: Random) -> Needs:
    """Three levels; each task needs 1 to 3 of the level before."""
    level = -(-size // 3)
    return levels(size, level, 3, chance)


def deep(size: int, chance: Random) -> Needs:
    """Levels of as many tasks as there are workers; each task needs 1 or 2 of the level before."""
    return levels(size, WORKERS, 2, chance)


def levels(size: int, width: int, most: int, chance: Random) -> Needs:
    needs: Needs = []
    for number in range(size):
        first = (number // width - 1) * width
        before = range(first, first + width) if first >= 0 else range(0)
        needs.append(sorted(chance.sample(before, min(len(before), chance.randint(1, most)))))
    return needs


def mixed(size: int, chance: Random) -> Needs:
    """Each task needs 0 to 3 of the twenty before it."""
    needs: Needs = []
    for number in range(size):
        before = range(max(0, number - 20), number)
        needs.append(sorted(chance.sample(before, min(len(before), chance.randint(0, 3)))))
    return needs


KINDS: dict[str, Callable[[int, Random], Needs]] = {"wide": wide, "deep": deep, "mixed": mixed}


def generate(kind: str, size: int, seed: int, *, off: float = 0.0) -> list[PlanTask]:
    """A plan: the real seconds of a task are its input, the estimated ones are off by up to a share of them."""
    chance = Random(f"{kind} {size} {seed}")
    needs = KINDS[kind](size, chance)
    real = [chance.uniform(1, 10) for _ in needs]
    wrong = [1 + chance.uniform(-off, off) for _ in needs]
    return [
        PlanTask(id=f"t{n}", worker="work", input=real[n], after=[f"t{m}" for m in each], seconds=real[n] * wrong[n])
        for n, each in enumerate(needs)
    ]


def lower_bound(tasks: Sequence[PlanTask]) -> float:
    """The seconds below which no schedule can be."""
    true = [PlanTask(id=each.id, worker=each.worker, after=each.after, seconds=each.input) for each in tasks]
    return max(*remaining(true).values(), sum(each.input for each in tasks) / WORKERS)


async def makespan(tasks: list[PlanTask]) -> float:
    """The seconds that the pattern takes, by the times of the run's first and last fact."""
    clock = DrivenClock(start=0.0, moment=0.0)

    @agent
    async def work(task: float, inputs: dict[str, float] | None = None) -> float:
        await clock.sleep_until(clock.now() + task)
        return task

    @agent
    async def planner(task: str) -> Plan:
        return Plan(tasks=tasks)

    team = plan_execute(planner, [work], at_once=WORKERS, name="team")
    async with App.open(":memory:", agents=[team], clock=clock) as app:
        handle = await app.start(team, "go")
        await clock.advance(sum(each.input for each in tasks))
        done = await handle.result()
        assert done.results.keys() == {each.id for each in tasks}
        facts = await app.runs.facts(handle.id)
        return facts[-1].at - facts[0].at


@dataclass(frozen=True)
class Figure:
    """The ratios of one kind of graphs in one size."""

    kind: str
    size: int
    off: float
    ratios: list[float]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.ratios)


async def measure(
    kinds: Sequence[str] = tuple(KINDS), sizes: Sequence[int] = SIZES, seeds: Sequence[int] = SEEDS, *, off: float = 0.0
) -> list[Figure]:
    """Carry out all plans; gives makespan / lower bound for each."""
    figures: list[Figure] = []
    for kind in kinds:
        for size in sizes:
            plans = [generate(kind, size, seed, off=off) for seed in seeds]
            ratios = [await makespan(plan) / lower_bound(plan) for plan in plans]
            figures.append(Figure(kind, size, off, ratios))
    return figures


def table(figures: Sequence[Figure]) -> str:
    """The figures as Markdown: a row for each kind and size, right estimates beside wrong ones."""
    exact = [each for each in figures if not each.off]
    wrong = {(each.kind, each.size): each for each in figures if each.off}
    lines = ["| Graph | Tasks | Mean | Worst | Mean, estimates off | Worst, estimates off |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for each in exact:
        other = wrong[each.kind, each.size]
        shown = [each.mean, max(each.ratios), other.mean, max(other.ratios)]
        lines.append(f"| {each.kind} | {each.size} | " + " | ".join(f"{value:.3f}" for value in shown) + " |")
    total = [[ratio for each in some for ratio in each.ratios] for some in (exact, wrong.values())]
    shown = [figure for some in total for figure in (statistics.fmean(some), max(some))]
    lines.append("| all | | " + " | ".join(f"{value:.3f}" for value in shown) + " |")
    return "\n".join(lines)


async def main() -> None:
    figures = [*await measure(), *await measure(off=OFF)]
    print(table(figures))
    missed = [f"{each.kind} {each.size} ({each.mean:.3f})" for each in figures if not each.off and each.mean > TARGET]
    print(f"\nabove {TARGET:.2f} with right estimates: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    asyncio.run(main())
