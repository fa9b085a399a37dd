"""A run that restarted, as everybody sees it who reads facts."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, human, workflow
from podium.cli.tree.draw import plain
from podium.cli.waiting import standstill
from podium.errors import NotPossible, RunFailed
from podium.model.fact import FactKind
from podium.model.question import QuestionState
from podium.reports.calls.chart import recorded_chart
from podium.reports.calls.tree import tree_of
from podium.testing import scripted
from tests.unit.engine.bench import Bench

RUN = "run_watch"
LAST = 3
priced = scripted("priced", lambda value: value, usd=0.5)
boss = human("boss", text="Well?", answer=str)


@workflow
async def part(ctx: Context, n: int) -> int:
    return await ctx.call(priced, n)


@workflow
async def watcher(ctx: Context, n: int) -> int:
    await ctx.call(priced, n)
    await (await ctx.spawn(part, n)).result()
    await ctx.call(boss, None)
    if n < LAST:
        await ctx.restart(n + 1)
    raise ValueError("no more")


@asynccontextmanager
async def failed(bench: Bench) -> AsyncGenerator[App]:
    """Open an app with a run that failed in its third generation."""
    async with bench.app(watcher, part, boss) as app:
        handle = await app.start(watcher, 1, id=RUN)
        for _ in range(LAST):
            await bench.clock.settle()
            [question] = (await app.inbox.list()).items
            await app.inbox.answer(question.id, "well", by="ann")
        with pytest.raises(RunFailed):
            await handle.result()
        yield app


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def keys(app: App, number: int | None) -> list[str]:
    facts = await app.runs.generation(RUN, number)
    return [fact.key for fact in facts if fact.kind is FactKind.ASKED]


async def drawn(app: App) -> list[str]:
    text = plain(await app.runs.get(RUN), await app.runs.generation(RUN))
    return [line for line in text.splitlines() if " generation" in line and "test_" not in line]


async def tree_keys(app: App, generation: int | None) -> list[str]:
    tree = await app.runs.tree(RUN, generation)
    return [node.key for node in tree.root.walk() if node.kind == "call"]


async def told(work: Awaitable[object], *names: str) -> tuple[object, ...]:
    found = await work
    return tuple(getattr(found, name) for name in names)


async def kinds(app: App, kind: FactKind) -> int:
    return sum(fact.kind is kind for fact in await app.runs.facts(RUN))


async def costs(app: App) -> list[tuple[int, float]]:
    found = (await app.reports.costs(by="workflow")).items
    return [(each.calls, each.usd) for each in found]


async def records(app: App) -> int:
    [record] = await app.worker.store.records(["priced"])
    return record.calls


async def asked(app: App) -> list[str]:
    return [each.key for each in (await app.inbox.list(state=QuestionState.ANSWERED)).items]


async def children(app: App) -> list[str]:
    return sorted(run.id for run in await app.runs.list(parent=RUN))


async def all_drawn(app: App) -> list[str]:
    return [node.key for node in tree_of(await app.runs.facts(RUN)).root.children]


async def chart(app: App) -> int:
    return recorded_chart(await app.runs.get(RUN), await app.runs.generation(RUN)).count('"priced"')


READERS: dict[str, tuple[Callable[[App], Awaitable[Any]], Any]] = {
    "how it stands": (lambda app: told(app.runs.get(RUN), "generation", "version"), (3, "1")),
    "its facts": (lambda app: kinds(app, FactKind.RESTARTED), 2),
    "the present generation": (lambda app: keys(app, None), ["g3.0", "g3.3"]),
    "the first generation": (lambda app: keys(app, 1), ["0", "3"]),
    "a generation that is not there": (lambda app: keys(app, 9), []),
    "the tree": (lambda app: tree_keys(app, None), ["g3.0", "g3.3"]),
    "the tree of an earlier one": (lambda app: tree_keys(app, 2), ["g2.0", "g2.3"]),
    "a call of an earlier one": (lambda app: told(app.runs.call(RUN, "g2.0"), "input", "output"), (2, 2)),
    "its costs": (costs, [(9, 3.0)]),
    "how agents did": (records, 6),
    "its questions": (asked, ["3", "g2.3", "g3.3"]),
    "its children": (children, [f"{RUN}.1", f"{RUN}.g2.1", f"{RUN}.g3.1"]),
    "the chain": (lambda app: app.reports.verify(RUN), []),
    "the dead letter": (lambda app: told(app.reports.dead_letter(RUN), "error"), ("ValueError: no more",)),
    "what it waits for": (lambda app: standstill(app, RUN), None),
    "as it is drawn": (
        drawn,
        [
            f"! 2 generations came before this one: podium runs show {RUN} --generation N, or --all",
            "! generation 3 began, with version 1",
            "└─ · g3 generation 3",
        ],
    ),
    "all of it as it is drawn": (all_drawn, ["0", "1", "2", "3", "g2", "g3"]),
    "its chart": (chart, 1),
}


@pytest.mark.parametrize("name", READERS)
async def test_whoever_reads_a_run_sees_what_is_to_be_seen(bench: Bench, name: str) -> None:
    read, expected = READERS[name]
    async with failed(bench) as app:
        assert await read(app) == expected


async def test_a_run_that_restarted_is_redacted_as_a_whole(bench: Bench) -> None:
    async with failed(bench) as app:
        await app.operations.redact(RUN, by="ann", why="asked for")
        assert {fact.payload for fact in await app.runs.facts(RUN)} == {None}
        assert (await app.runs.get(RUN)).generation == LAST
        assert await app.reports.verify(RUN) == []
        assert await tree_keys(app, None) == ["g3.0", "g3.3"]
        with pytest.raises(NotPossible):
            await app.operations.retry(RUN)
