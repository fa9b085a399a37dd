"""`podium work`: drives the runs that wait for a worker, such as after a crash or an answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.load import load, split
from podium.cli.logs import LogJsonOption, LogLevelOption, log_to_stderr
from podium.cli.opening import ALL, drive, existing, export_environment
from podium.cli.options import JsonOption, ModelOption, SetOption, StoreOption
from podium.cli.output import count, note, one_line, print_json
from podium.cli.waiting import questions_of, wakes_itself
from podium.config import Config, override
from podium.facade.reader import View
from podium.model.agent import AnyAgent
from podium.model.run import Run, RunState

_LOOK_SECONDS = 0.2


def work(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files or folders whose workflows are served.")],
    forever: Annotated[bool, typer.Option("--forever", help="Go on until interrupted: a worker.")] = False,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queue", metavar="QUEUE", help="Only runs of this queue. May be given several times."),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Runs that are driven at once; of each queue where queues are named."),
    ] = None,
    alive: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A file that is touched as long as runs are driven, and gone then."),
    ] = None,
    log_level: LogLevelOption = None,
    log_json: LogJsonOption = False,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drive all runs of the files' workflows that can go on, until none goes on by itself.

    Takes up what a process that died or was interrupted left, and what was answered in the inbox since. Runs that
    sleep are waited for; those that wait for a person or a signal are left parked.
    """
    export_environment(model, settings)
    log_to_stderr(log_level, as_json=log_json)
    agents = [agent for file in files for agent in load(split(file)[0]).agents]
    try:
        config = override(existing(store), {"queues": queues or None, "slots": slots, "alive_file": alive})
        after = drive(_forever(config, agents) if forever else _serve(config, agents))
    except KeyboardInterrupt:
        note("interrupted: what is done is kept. The same command again goes on.")
        raise typer.Exit(130) from None
    if after is None:
        note("drained: what was under way has ended, or was handed back")
    raise typer.Exit(0 if after is None else _report(after, as_json=as_json))


async def _forever(config: Config, agents: Sequence[AnyAgent]) -> None:
    """Drive runs until somebody has this worker drained."""
    async with App.open(config=config) as app:
        app.register(*agents)
        await app.drained()


async def _serve(config: Config, agents: Sequence[AnyAgent]) -> list[Run] | None:
    """Drive runs until none goes on by itself; returns those there were, None where this worker was drained."""
    names = sorted({agent.card.name for agent in agents if agent.card.traits.runs_inline})
    seen: dict[str, Run] = {}
    async with App.open(config=config) as app:
        app.register(*agents)
        drained = asyncio.ensure_future(app.drained())
        try:
            while not drained.done():
                current = await _unfinished(app, names, config.queues)
                seen |= {run.id: run for run in current}
                if not any([await goes_on(app, run) for run in current]):
                    return [await app.runs.get(run) for run in seen]
                await asyncio.wait([drained], timeout=_LOOK_SECONDS)
            return drained.result()
        finally:
            drained.cancel()


async def _unfinished(view: View, names: Sequence[str], queues: Sequence[str]) -> Sequence[Run]:
    states = (RunState.READY, RunState.RUNNING, RunState.PARKED, RunState.BLOCKED)
    pages = [await view.runs.list(workflow=name, state=state, limit=ALL) for name in names for state in states]
    return [run for page in pages for run in page.items if not queues or run.queue in queues]


async def goes_on(view: View, run: Run) -> bool:
    """Whether a run will go on without anybody outside: it is ready or driven, or a timer of its own wakes it."""
    if run.state is not RunState.PARKED:
        return run.state is not RunState.BLOCKED
    deadlines = {question.deadline for question in await questions_of(view, run)}
    return await wakes_itself(view, run, deadlines)


def _report(runs: Sequence[Run], *, as_json: bool) -> int:
    counts = Counter(run.state for run in runs)
    if as_json:
        print_json({"runs": {run.id: run.state for run in runs}})
    else:
        print(", ".join(f"{number} {state}" for state, number in counts.most_common()) or "nothing to do")
    for run in runs:
        if run.state in (RunState.FAILED, RunState.BLOCKED):
            verb = "is blocked" if run.state is RunState.BLOCKED else "failed"
            note(f"run {run.id} {verb}: {one_line(run.reason, 300)}")
    if counts[RunState.PARKED]:
        note(f"{count(counts[RunState.PARKED], 'run')} left parked, for people or signals: `podium inbox list`")
    return 1 if counts[RunState.BLOCKED] or counts[RunState.FAILED] else 0
