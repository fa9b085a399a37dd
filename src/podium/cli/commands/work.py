"""`podium work`: drives the runs that wait for a worker, such as after a crash or an answer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.load import load, split
from podium.cli.opening import ALL, drive, existing, export_environment
from podium.cli.options import JsonOption, ModelOption, SetOption, StoreOption
from podium.cli.output import count, note, one_line, print_json
from podium.cli.waiting import wakes_itself
from podium.config import Config
from podium.model.agent import AnyAgent
from podium.model.clock import SystemClock
from podium.model.question import QuestionState
from podium.model.run import Run, RunState
from podium.store.protocol import RunQuery, Store

_LOOK_SECONDS = 0.2


def work(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files or folders whose workflows are served.")],
    forever: Annotated[bool, typer.Option("--forever", help="Go on until interrupted: a worker.")] = False,
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
    agents = [agent for file in files for agent in load(split(file)[0]).agents]
    before: dict[str, Run] = {}
    try:
        after = drive(_serve(existing(store), agents, before, forever=forever))
    except KeyboardInterrupt:
        note("interrupted: what is done is kept. The same command again goes on.")
        raise typer.Exit(130) from None
    raise typer.Exit(_report(after, as_json=as_json))


async def _serve(config: Config, agents: Sequence[AnyAgent], seen: dict[str, Run], *, forever: bool) -> list[Run]:
    names = sorted({agent.card.name for agent in agents if agent.card.traits.runs_inline})
    clock = SystemClock()
    async with App.open(config=config) as app:
        app.register(*agents)
        seen.update({run.id: run for run in _unfinished(app.store, names)})
        while True:
            current = {run.id: run for run in _unfinished(app.store, names)}
            seen.update(current)
            if not forever and not any(goes_on(app.store, run) for run in current.values()):
                break
            await clock.sleep_until(clock.now() + _LOOK_SECONDS)
        return [run for run in map(app.store.run, seen) if run is not None]


def _unfinished(store: Store, names: Sequence[str]) -> Iterable[Run]:
    states = (RunState.READY, RunState.RUNNING, RunState.PARKED, RunState.BLOCKED)
    queries = [RunQuery(workflow=name, state=state, limit=ALL) for name in names for state in states]
    return [run for query in queries for run in store.runs(query)]


def goes_on(store: Store, run: Run) -> bool:
    """Whether a run will go on without anybody outside: it is ready or driven, or a timer of its own wakes it."""
    if run.state is not RunState.PARKED:
        return run.state is not RunState.BLOCKED
    deadlines = {question.deadline for question in store.questions(state=QuestionState.OPEN, to=None, run=run.id)}
    return wakes_itself(store, run, deadlines)


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
