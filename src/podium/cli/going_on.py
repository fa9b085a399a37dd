"""Runs that are to go on, many at once: what became of each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from podium.app import App
from podium.cli.output import count, note, one_line, print_json
from podium.cli.waiting import settle, standstill
from podium.errors import RunBlocked
from podium.model.run import RunState

AT_ONCE = 8
"""So many runs are driven at once where nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOn:
    """What became of a run that was to go on; `error` is empty where it does."""

    run: str
    changed: bool = False
    """Whether what was asked for was done to it."""
    error: str = ""


async def go_on(
    app: App, runs: Sequence[str], change: Callable[[str], Awaitable[str]] | None = None, at_once: int = AT_ONCE
) -> Sequence[WentOn]:
    """Drive runs on, so many at once, where their code is at hand; each is changed first, if that is asked for.

    `change` returns why it cannot be done, or an empty text.
    """
    slots = asyncio.Semaphore(at_once)

    async def one(run: str) -> WentOn:
        async with slots:
            if change is not None and (error := await change(run)):
                return WentOn(run=run, error=error)
            return WentOn(run=run, changed=True, error=await _trouble(app, run))

    return await asyncio.gather(*map(one, runs))


async def _trouble(app: App, run: str) -> str:
    """Drive a run on where its code is at hand; returns why it does not go on, if it does not."""
    known = await app.runs.get(run)
    try:
        if app.registry.knows(known.workflow):
            await settle(app, run, wait=False)
        else:
            await standstill(app, run)
    except RunBlocked as blocked:
        return str(blocked)
    now = await app.runs.get(run)
    if now.state is RunState.BLOCKED:
        return f"run {run} is blocked: {now.reason}"
    return f"run {run} failed again: {now.reason}" if now.state is RunState.FAILED else ""


def tell(done: Sequence[WentOn], *, changed: str, where: str, none: str, as_json: bool) -> int:
    """Print what became of runs; returns the exit code: 1 where one did not go on."""
    failed = [each for each in done if each.error]
    if as_json:
        print_json([{"run": each.run, changed: each.changed, "error": each.error} for each in done])
    else:
        print(f"{count(len(done) - len(failed), 'run')} {where}" if done else none)
    for each in failed:
        note(f"error: {one_line(each.error, 500)}")
    return 1 if failed else 0
