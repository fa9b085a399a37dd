"""`podium run`: starts a run and waits for its value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from podium.app import App
from podium.cli.each import EachOptions, run_each
from podium.cli.input import checked, read_input
from podium.cli.load import Loaded, load, split
from podium.cli.opening import drive, hand_to_file, run_in
from podium.cli.options import JsonOption, ModelOption, SetOption, StoreOption
from podium.cli.output import note
from podium.cli.report import INTERRUPTED, report
from podium.cli.waiting import Standstill, settle
from podium.config import load_config
from podium.engine.worker import End
from podium.errors import UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json

@dataclass(slots=True, kw_only=True)
class Attempt:
    """One `podium run`: what it is to do, and, once started, the id of its run."""

    loaded: Loaded
    workflow: AnyAgent
    target: str
    wait: bool
    as_json: bool
    run: str | None = None


def run(  # noqa: PLR0913  its options
    target: Annotated[str, typer.Argument(metavar="FILE[:NAME]", help="A Python file or a folder with workflow.py.")],
    input: Annotated[str | None, typer.Option(metavar="JSON|@FILE|-", help="The input as JSON, from a file, or -.")] = None,
    each: Annotated[Path | None, typer.Option(metavar="JSONL", help="One run for each line of this file.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Runs at once, with --each.")] = 8,
    out: Annotated[Path | None, typer.Option(metavar="JSONL", help="The results of --each. Default: NAME.results.jsonl.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a run instead of starting one.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait also for people and signals.")] = False,
    tag: Annotated[str | None, typer.Option(help="Your own name for the run: the same again finds it again.")] = None,
    tenant: Annotated[str, typer.Option(help="On whose behalf it is.")] = "default",
    priority: Annotated[int, typer.Option(help="Larger goes first.")] = 0,
    durability: Annotated[
        Literal["process", "power"] | None, typer.Option(help="What a recorded step survives: the process's death, or a power cut.")
    ] = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run, wait for it and print its value.

    Exits with 1 where it failed, was cancelled or is blocked, and with 3 where it waits for a person or a signal.
    """
    if sum(given is not None for given in (input, each, resume)) > 1:
        raise UsageError("--input, --each and --resume exclude each other. Give one of them.")
    hand_to_file(model, settings)
    path, name = split(target)
    loaded = load(path)
    workflow = loaded.workflow(name)
    config = load_config(store=store, durability=durability)
    if each is not None:
        options = EachOptions(
            items=each, out=out, concurrency=concurrency, tag=tag, tenant=tenant, priority=priority, wait=wait, as_json=as_json
        )
        raise typer.Exit(run_each(loaded, workflow, config, options))
    value = None if resume else checked(workflow, read_input(input), target)
    attempt = Attempt(loaded=loaded, workflow=workflow, target=target, wait=wait, as_json=as_json, run=resume)

    async def work() -> End | Standstill:
        async with App.open(config=config) as app:
            return await _one(app, attempt, value, tag=tag, tenant=tenant, priority=priority)

    try:
        ended = drive(work())
    except KeyboardInterrupt:
        _say_interrupted(attempt)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(report(str(attempt.run), target, ended, as_json=as_json))


async def _one(app: App, attempt: Attempt, value: Json, **options: str | int | None) -> End | Standstill:
    if attempt.run is not None:
        found = run_in(app.store, attempt.run)
        if found.workflow not in {agent.card.name for agent in attempt.loaded.workflows}:
            raise UsageError(f"run {found.id} is of workflow {found.workflow!r}, which {attempt.loaded.path} does not have.")
    app.register(*attempt.loaded.agents)
    if attempt.run is None:
        handle = await app.start(attempt.workflow, attempt.workflow.input.load(value), **options)  # pyright: ignore[reportArgumentType]  the options of `start`
        attempt.run = handle.id
    if not attempt.as_json:
        note(f"run {attempt.run}")
    return await settle(app, attempt.run, wait=attempt.wait)


def _say_interrupted(attempt: Attempt) -> None:
    if attempt.run is None:
        note("interrupted: nothing was started.")
        return
    note(f"interrupted: run {attempt.run} keeps what is done. Go on with: podium run {attempt.target} --resume {attempt.run}")
