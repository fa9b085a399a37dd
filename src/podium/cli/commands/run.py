"""`podium run`: starts a run and waits for its value."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import typer

from podium.app import App
from podium.cli.each import EachOptions, run_each
from podium.cli.input import checked, read_input
from podium.cli.load import Loaded, load, split
from podium.cli.moments import span
from podium.cli.named import run_in
from podium.cli.opening import drive, existing, export_environment, open_readonly
from podium.cli.options import JsonOption, ModelOption, SetOption, StoreOption, WrongOption
from podium.cli.output import note
from podium.cli.report import report
from podium.cli.stopping import INTERRUPTED
from podium.cli.streaming import Printing, printed
from podium.cli.waiting import Standstill, settle
from podium.config import Config, load_config
from podium.engine.worker.waiters import End
from podium.errors import UsageError
from podium.facade.reader import Reader
from podium.model.agent import AnyAgent
from podium.model.budget import Budget
from podium.model.ids import RandomIds
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.model.streams import RunEnded, StreamEvent
from podium.model.streams.told import events_of
from podium.store.opening import is_memory


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """How `podium run` is to start its run."""

    tag: str | None
    tenant: str
    priority: int
    within: float | None
    budget: Budget | None
    conversation: str | None


class _StartOptions(TypedDict):
    id: str | None
    tag: str | None
    tenant: str
    priority: int
    within: float | None
    budget: Budget | None
    conversation: str | None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One `podium run`: what it is to do, and, once started, the id of its run."""

    loaded: Loaded
    workflow: AnyAgent | None
    """None where a run is resumed, which knows its own."""
    value: Json
    target: str
    wait: bool
    as_json: bool
    stream: bool
    """Whether its events are printed."""
    run: str | None
    printing: Printing | None = None
    """The printing of its events, where that is asked for."""
    ending: "asyncio.Future[End] | None" = None
    """Its end, which may still come while the app lets what is under way end."""


_Durability = Literal["process", "power"]


def run(
    target: Annotated[str, typer.Argument(metavar="FILE[:NAME]", help="A Python or YAML file, or a folder.")],
    input: Annotated[str | None, typer.Option(metavar="JSON|@FILE|-", help="The input: JSON, a file, or -.")] = None,
    each: Annotated[Path | None, typer.Option(metavar="JSONL", help="One run for each line of this file.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Runs at once, with --each.")] = 8,
    out: Annotated[Path | None, typer.Option(metavar="JSONL", help="Where the results of --each go.")] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a run instead of starting one.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Show what happens in the run while it does.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait also for people and signals.")] = False,
    tag: Annotated[str | None, typer.Option(help="Your own name for the run: given again, it finds that run.")] = None,
    tenant: Annotated[str, typer.Option(help="On whose behalf it is.")] = "default",
    priority: Annotated[int, typer.Option(help="Larger goes first.")] = 0,
    within: Annotated[
        str | None, typer.Option(metavar="TIME", help="After so long (90s, 2h, 1d) it is cancelled, and has failed.")
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(metavar="DOLLARS", help="The most that it may spend, all that it starts included.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(metavar="NAME", help="The conversation in which it has its turn, to its end.")
    ] = None,
    durability: Annotated[
        _Durability | None, typer.Option(help="What a recorded step survives: a crash, a power cut.")
    ] = None,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run, wait for it and print its value.

    Exits with 1 where it failed, was cancelled or is blocked, and with 3 where it waits for a person or a signal.
    """
    if stream and each is not None:
        raise WrongOption("--stream shows one run, --each begins many. Look at one of them with `podium runs tail`.")
    if budget_usd is not None and (each is not None or resume is not None):
        raise WrongOption("--budget-usd is for one new run. With --each set [podium.budgets] in podium.toml.")
    if conversation is not None and (each is not None or resume is not None):
        raise WrongOption("--conversation is for one new run. With --each start the runs one after the other.")
    if sum(given is not None for given in (input, each, resume)) > 1:
        raise WrongOption("--input, --each and --resume exclude each other. Give one of them.")
    export_environment(model, settings)
    seconds = None if within is None else span(within, "--within")
    path, name = split(target)
    loaded, config = load(path), load_config(store=store, durability=durability)
    if each is not None:
        options = EachOptions(
            items=each, out=out, concurrency=concurrency, tag=tag, tenant=tenant, priority=priority, within=seconds,
            wait=wait, as_json=as_json,
        )  # fmt: skip
        raise typer.Exit(run_each(loaded, loaded.workflow(name), config, options))
    workflow = None if resume else loaded.workflow(name)
    value = None if workflow is None else checked(workflow, read_input(input), target)
    attempt = Attempt(
        loaded=loaded, workflow=workflow, value=value, target=target, wait=wait, as_json=as_json, stream=stream,
        run=resume,
    )  # fmt: skip
    budget = None if budget_usd is None else Budget(usd=budget_usd)
    start = RunRequest(
        tag=tag, tenant=tenant, priority=priority, within=seconds, budget=budget, conversation=conversation
    )
    raise typer.Exit(_attempt(attempt, config, start))


def _attempt(attempt: Attempt, config: Config, start: RunRequest) -> int:
    """Drive one run and say how it stands; returns the exit code."""

    async def work() -> End | Standstill:
        try:
            async with AsyncExitStack() as shown, App.open(config=config) as app:
                standing = await _drive(app, attempt, start, shown)
                await shown.aclose()  # after Ctrl-C only once the app has closed: it lets what is under way end
                return standing
        except asyncio.CancelledError:
            if (ended := await _ended_meanwhile(attempt)) is not None:
                await _show_rest(attempt, config)
                return ended
            raise

    if attempt.run is not None:
        existing(config.store)
    try:
        ended = drive(work())
    except KeyboardInterrupt:
        _say_interrupted(attempt)
        return INTERRUPTED
    if attempt.as_json and attempt.printing is not None and attempt.printing.printer.ended:
        return 0 if isinstance(ended, End) and ended.state is RunState.DONE else 1  # its last event says how it ended
    return report(str(attempt.run), attempt.target, ended, as_json=attempt.as_json)


async def _drive(app: App, attempt: Attempt, start: RunRequest, shown: AsyncExitStack) -> End | Standstill:
    if attempt.run is not None:
        run = await run_in(app, attempt.run)
        _check_served(run, attempt.loaded)
        attempt.run = run.id
    if attempt.workflow is not None:
        attempt.run = await _start(app, attempt.workflow, attempt, start, shown)
    else:
        assert attempt.run is not None  # it is resumed
        await _resume(app, attempt.run, attempt, shown)
    if not attempt.as_json and (attempt.workflow is None or start.tag is not None):
        note(f"run {attempt.run}")
    attempt.ending = asyncio.ensure_future(app.worker.end_of(attempt.run))
    attempt.ending.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # `settle` raises it
    standing = await settle(app, attempt.run, wait=attempt.wait)
    if attempt.printing is not None:
        await attempt.printing.finish(ended=isinstance(standing, End))
    return standing


async def _start(app: App, workflow: AnyAgent, attempt: Attempt, start: RunRequest, shown: AsyncExitStack) -> str:
    """Start the run, and have its events printed from the first one on if that is asked for; returns its id."""
    app.register(*attempt.loaded.agents)
    value = workflow.input.load(attempt.value)
    known = RandomIds().new("run") if start.tag is None else None
    if known is not None and not attempt.as_json:
        note(f"run {known}")  # before anything is done: whoever kills it can go on with it
    options: _StartOptions = {
        "id": known, "tag": start.tag, "tenant": start.tenant, "priority": start.priority, "within": start.within,
        "budget": start.budget, "conversation": start.conversation,
    }  # fmt: skip
    if not attempt.stream:
        return (await app.start(workflow, value, **options)).id
    stream = await shown.enter_async_context(app.run_stream(workflow, value, **options))
    attempt.printing = await shown.enter_async_context(printed(aiter(stream), as_json=attempt.as_json))
    return stream.handle.id


async def _resume(app: App, run: str, attempt: Attempt, shown: AsyncExitStack) -> None:
    """Have the run go on, and print its events from now on if that is asked for."""
    if not attempt.stream:
        app.register(*attempt.loaded.agents)
        return
    shown.enter_context(app.worker.streams.open(run))  # what it tells is kept from here on
    standing, told = await app.runs.get(run), [*events_of(run, await app.runs.facts(run))]
    after = told[-1].number if told else 0
    app.register(*attempt.loaded.agents)
    await app.worker.commits.settled()  # where it was blocked, it is not any more: its stream would end at once
    if standing.state.ended:
        events = _each([event for event in told if isinstance(event.content, RunEnded)][-1:])
    else:
        events = (await app.handle(run)).stream(after=after)
    attempt.printing = await shown.enter_async_context(printed(events, as_json=attempt.as_json, after=after))


async def _each(events: Sequence[StreamEvent]) -> AsyncIterator[StreamEvent]:
    for event in events:
        yield event


async def _show_rest(attempt: Attempt, config: Config) -> None:
    """Print what a run told that ended while the app was left, as far as that is not printed yet."""
    if attempt.printing is None or attempt.printing.printer.ended or is_memory(config.store):
        return
    printer = attempt.printing.printer
    with open_readonly(config.store) as store:
        await printer.print(Reader(store).stream(str(attempt.run), after=printer.number))


async def _ended_meanwhile(attempt: Attempt) -> End | None:
    """Return how a run ended between the word to stop and the end of the app; None where it did not."""
    ending = attempt.ending
    if ending is None:
        return None
    await asyncio.wait([ending], timeout=0)
    if ending.done() and not ending.cancelled() and ending.exception() is None:
        return ending.result()
    ending.cancel()
    return None


def _check_served(run: Run, loaded: Loaded) -> None:
    if run.workflow not in {agent.card.name for agent in loaded.workflows}:
        raise UsageError(f"run {run.id} is of workflow {run.workflow!r}, which {loaded.path} does not have.")


def _say_interrupted(attempt: Attempt) -> None:
    if attempt.run is None:
        note("interrupted: nothing was started.")
        return
    command = f"podium run {attempt.target} --resume {attempt.run}"
    note(f"interrupted: run {attempt.run} keeps what is done. Go on with: {command}")
