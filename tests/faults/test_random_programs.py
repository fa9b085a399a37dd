"""Random workflows, cut off after every commit: what is recorded is never done again, and every journal replays."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random, randrange
from typing import Any

import pytest

from podium import App, CallError, Context, Retry, RunError, Steps, agent, workflow
from podium.model.call import Call
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.reports.audit import audit
from podium.store.sqlite.store import SqliteStore
from tests.faults.snapshots import Snapshots, left_by_a_crash

Program = list[Any]
"""What a workflow does: a word and its arguments, which may be programs."""

apps: list[App] = []
"""The app that is open."""

executed: list[str] = []
"""Every body that ran: the key of its call, or of its step."""


@agent
async def work(x: int, call: Call) -> int:
    executed.append(f"{call.run}:{call.key}")
    return x + 1


@agent
async def slow(x: int, call: Call) -> int:
    executed.append(f"{call.run}:{call.key}")
    await asyncio.sleep(0.001)
    return x + 2


@agent(retry=Retry(attempts=2, delay=0.001))
async def flaky(x: int, call: Call) -> int:
    executed.append(f"{call.run}:{call.key}")
    if call.attempt == 1:
        raise ConnectionError("try again")
    return x + 3


@agent
async def broken(x: int, call: Call) -> int:
    executed.append(f"{call.run}:{call.key}")
    raise ValueError(f"no {x}")


@agent
async def stepping(x: int, call: Call, steps: Steps) -> int:
    async def part(n: int) -> int:
        executed.append(f"{call.run}:{call.key}/{n}")
        await asyncio.sleep(0)
        return n

    parts = await asyncio.gather(*[steps.once("part", lambda n=n: part(n), key=str(n)) for n in range(3)])
    return x + sum(parts)


@agent
async def stop(x: int, call: Call) -> int:
    """Somebody cancels the run while this is under way."""
    executed.append(f"{call.run}:{call.key}")
    await (await apps[-1].handle(call.run.partition(".")[0])).cancel()
    await asyncio.sleep(0.001)
    return x


@workflow
async def inner(ctx: Context, program: Program) -> int:
    return await perform(ctx, program)


@workflow
async def outer(ctx: Context, program: Program) -> int:
    return await perform(ctx, program)


AGENTS = {"work": work, "slow": slow, "flaky": flaky, "broken": broken, "stepping": stepping, "stop": stop}
ALL: list[Any] = [*AGENTS.values(), inner, outer]


def lazily(ctx: Context, program: Program) -> Any:
    """A call as it is; anything longer as a branch."""
    if program[0] in AGENTS:
        return ctx.call(AGENTS[program[0]], program[1])
    return ctx.branch(perform, program)


async def perform(ctx: Context, program: Program) -> int:
    match program:
        case ["sequence", parts]:
            return sum([await perform(ctx, part) for part in parts])
        case ["gather", parts]:
            return sum(await ctx.gather(*[lazily(ctx, part) for part in parts]))
        case ["race", parts]:
            return await ctx.race(*[lazily(ctx, part) for part in parts])
        case ["quorum", parts]:
            return sum(value for _, value in await ctx.gather(*[lazily(ctx, part) for part in parts], quorum=1))
        case ["select", parts]:
            return await first_of(ctx, parts)
        case ["grow", first, parts]:
            return await growing(ctx, first, parts)
        case ["map", name, inputs]:
            return sum(await ctx.map(AGENTS[name], inputs, concurrency=2))
        case ["inline", part]:
            return await ctx.call(inner, part)
        case ["child", part]:
            child = await ctx.spawn(inner, part)
            return await child.result()
        case ["undo", part]:
            await ctx.on_undo(work, 100)
            return await perform(ctx, part)
        case ["try", part]:
            try:
                return await perform(ctx, part)
            except (CallError, RunError):
                return await ctx.call(work, -1)
        case ["finally", part]:
            try:
                return await perform(ctx, part)
            finally:
                await ctx.call(work, -2)
        case ["sleep"]:
            await ctx.sleep(0.001)
            return int(ctx.random().random() * 0) + 1
        case [name, number]:
            return await ctx.call(AGENTS[name], number)
        case _:
            raise AssertionError(program)


async def first_of(ctx: Context, parts: Sequence[Program]) -> int:
    async with ctx.select(*[lazily(ctx, part) for part in parts]) as ended:
        async for branch in ended:
            if branch.error is None:
                return branch.value()
    return 0


async def growing(ctx: Context, first: Program, parts: Sequence[Program]) -> int:
    """A selection that does something itself and is given another branch, after each one that ended."""
    total, waiting = 0, list(parts)
    async with ctx.select(lazily(ctx, first)) as ended:
        async for branch in ended:
            total += 0 if branch.error is not None else branch.value()
            if waiting:
                ended.add(lazily(ctx, waiting.pop(0)))
                ended.add(ctx.call(work, total))
                total += await perform(ctx, waiting.pop()) if waiting else 0
            elif len(parts) == 2:
                break
    return total


TOGETHER = ["sequence", "gather", "race", "quorum", "select"]
AROUND = ["inline", "child", "undo", "try", "finally"]


def a_program(chance: Random, depth: int) -> Program:
    """A program that nests at most as deep as this."""
    word = chance.choice([*AROUND, *TOGETHER, *TOGETHER, "map", "grow"] if depth > 1 else [*AGENTS, "sleep"])
    if word in AROUND:
        return [word, a_program(chance, depth - 1)]
    if word in TOGETHER:
        return [word, [a_program(chance, chance.randint(1, depth - 1)) for _ in range(chance.randint(1, 3))]]
    if word == "grow":
        parts = [a_program(chance, chance.randint(1, depth - 1)) for _ in range(chance.randint(1, 3))]
        return [word, a_program(chance, depth - 1), parts]
    if word == "map":
        name = chance.choice(["work", "slow", "flaky", "broken"])
        return [word, name, [chance.randint(0, 9) for _ in range(chance.randint(0, 5))]]
    return ["sleep"] if word == "sleep" else [word, chance.randint(0, 9)]


async def outcome_of(app: App, run: str) -> Json:
    try:
        return await asyncio.wait_for((await app.handle(run)).result(), 120)
    except RunError as error:
        return type(error).__name__


async def recorded_bodies(app: App) -> set[str]:
    """The keys of the calls and steps whose end is recorded."""
    found: set[str] = set()
    for run in await app.runs.list(limit=1000):
        found |= bodies_of(run.id, await app.store.facts(run.id))
    return found


def bodies_of(run: str, facts: Sequence[Fact]) -> set[str]:
    """The keys of a run's calls and steps whose end is recorded."""
    found: set[str] = set()
    for fact in facts:
        if fact.kind is FactKind.ANSWERED:
            found.add(f"{run}:{fact.key}")
        elif fact.kind is FactKind.STEP:
            call, _, step = fact.key.partition("/")
            found.add(f"{run}:{call}/{step.rpartition('/')[2]}")
    return found


async def must_replay(app: App) -> None:
    """Every journal fits the code that wrote it, and all chains hold."""
    assert (await audit(app.store)).faults == []
    for run in await app.runs.list(limit=1000):
        assert run.state.ended, (run, [(f.kind.name, f.key, f.body) for f in await app.runs.facts(run.id)])
        claimed = await app.store.take_over(run.id, app.worker.id)
        assert claimed is not None
        assert claimed.facts[-1].kind is FactKind.ENDED
        facts = [fact for fact in claimed.facts if fact.kind is not FactKind.ENDED]
        claimed.facts = facts
        mismatch = await app.worker.replays(claimed)
        assert not mismatch, (mismatch, [(f.kind.name, f.key, f.body) for f in facts])


async def run_whole(program: Program, folder: Path) -> tuple[str, Json, list[Path]]:
    snapshots = Snapshots(SqliteStore(str(folder / "whole.db")), folder)
    async with App.open(snapshots, agents=ALL, poll=0.02) as app:  # pyright: ignore[reportArgumentType] - by its parts
        apps[:] = [app]
        handle = await app.start(outer, program)
        outcome = await outcome_of(app, handle.id)
        while any(not run.state.ended for run in await app.runs.list()):
            await asyncio.sleep(0.002)
        await must_replay(app)
    return handle.id, outcome, snapshots.copies


async def go_on(copy: Path, run: str) -> Json:
    async with App.open(left_by_a_crash(copy), agents=[], poll=0.02) as app:
        known = await recorded_bodies(app)
        executed.clear()
        apps[:] = [app]
        app.register(*ALL)
        if await app.store.run(run) is None:
            return None
        outcome = await outcome_of(app, run)
        while any(not each.state.ended for each in await app.runs.list()):
            await asyncio.sleep(0.002)
        again = known & set(executed)
        assert not again, f"recorded, and done again: {again}"
        await must_replay(app)
    return outcome


def is_certain(program: Program) -> bool:
    """Whether chance has no part in the outcome."""
    return not any(word in str(program) for word in ("race", "quorum", "select", "grow", "gather", "map", "stop"))


def survives(seed: int, folder: Path) -> None:
    """Run the program of a seed whole, then on from what each of up to eight crashes leaves."""
    program = a_program(Random(seed), 4)
    told = f"seed {seed}: {program}"
    run, outcome, copies = asyncio.run(run_whole(program, folder))
    for copy in copies[:: max(1, len(copies) // 8)]:
        again = asyncio.run(go_on(copy, run))
        if is_certain(program) and again is not None:
            assert again == outcome, told
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", [randrange(1 << 32) for _ in range(25)])
def test_a_random_workflow_survives_a_crash_after_any_commit(seed: int, tmp_path: Path) -> None:
    survives(seed, tmp_path)


@pytest.mark.kill
@pytest.mark.parametrize("seed", [randrange(1 << 32) for _ in range(400)])
def test_many_random_workflows_survive_a_crash_after_any_commit(seed: int, tmp_path: Path) -> None:
    survives(seed, tmp_path)
