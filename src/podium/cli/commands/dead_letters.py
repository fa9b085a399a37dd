"""`podium dead-letters`: runs that failed or were quarantined; they go on from what failed, or are discarded."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.commands.runs import run_json
from podium.cli.load import load, split
from podium.cli.moments import span
from podium.cli.opening import ALL, LAST, drive, existing, export_environment, look
from podium.cli.options import (
    PAGE,
    CursorOption,
    FileOption,
    JsonOption,
    LimitOption,
    ModelOption,
    SetOption,
    StoreOption,
)
from podium.cli.output import count, iso, moment, note, note_next, one_line, print_json, print_table
from podium.cli.stopping import INTERRUPTED
from podium.cli.waiting import settle
from podium.config import Config
from podium.errors import PodiumError, UnknownRun, UsageError
from podium.facade.reader import Reader, View
from podium.facade.reports import DeadLetterFilters
from podium.model.agent import AnyAgent
from podium.model.clock import SystemClock
from podium.model.json import Json
from podium.model.run import RunState
from podium.operations.requeue import Requeued
from podium.reports.dead_letters import DeadCall, DeadLetter, FailureCause

commands = typer.Typer(help="Runs that failed for good or were quarantined.", rich_markup_mode=None)

_AgentOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only those that this agent failed.")]
_WorkflowOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this workflow.")]
_TenantOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this tenant.")]
_KindOption = Annotated[FailureCause | None, typer.Option(help="Only those that failed so.")]
_SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="Only the last 30m, 8h, 7d.")]
_RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="The ids of runs, or `last`.")]


@commands.command("list")
def list_letters(
    agent: _AgentOption = None,
    workflow: _WorkflowOption = None,
    tenant: _TenantOption = None,
    kind: _KindOption = None,
    since: _SinceOption = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="Those that were discarded too.")] = False,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs that failed or were quarantined, newest first."""
    wanted = _filters(agent, workflow, tenant, kind, since, discarded=discarded, limit=limit, cursor=cursor)
    found = look(store, lambda reader: reader.reports.dead_letters(**wanted))
    note_next(found.cursor)
    if as_json:
        print_json([_plain(letter) for letter in found])
    elif not found:
        print("no dead letters")
    else:
        print_table(("RUN", "WORKFLOW", "FAILED", "KIND", "AGENT", "TRIED", "ERROR"), [_row(each) for each in found])


@commands.command("show")
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The id of a run, or `last`.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a dead letter was given, what went wrong, and every attempt."""

    async def wanted(reader: Reader) -> tuple[DeadLetter, Json]:
        found = await reader.reports.dead_letter(await _named(reader, run_id))
        return found, (await reader.runs.facts(found.run.id))[0].value()

    letter, given = look(store, wanted)
    if as_json:
        print_json({**_plain(letter), "input": given})
        return
    run = letter.run
    print(f"run {run.id}, {run.workflow} {run.version}, tenant {run.tenant}")
    print(f"{letter.kind} at {moment(letter.at)}: {one_line(letter.error, 2_000)}")
    print(f"input: {one_line(str(given), 500)}")
    for call in letter.calls:
        _print_call(call)
    if (end := letter.discarded) is not None:
        print(f"discarded by {end.by} at {moment(end.at)}: {end.why}")
        return
    print(f"next: podium dead-letters requeue {run.id}, or: podium dead-letters discard {run.id} --why …")


@commands.command("requeue")
def requeue(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="The ids of runs, or `last`.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    agent: _AgentOption = None,
    workflow: _WorkflowOption = None,
    tenant: _TenantOption = None,
    kind: _KindOption = None,
    since: _SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the oldest first.")] = ALL,
    file: FileOption = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Runs at once, with --file.")] = 8,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have dead letters go on from what failed; with --file they are driven at once, else by who serves them.

    What is wrong with one does not stop the others. Exits with 1 where one could not be requeued, or failed again.
    """
    filters = any(each is not None for each in (agent, workflow, tenant, kind, since))
    if bool(runs) == (everything or filters):
        raise UsageError("say which: ids of runs, or --all, or --agent, --workflow, --tenant, --kind, --since.")
    config = existing(store)
    if runs:
        chosen: Sequence[str] = runs
    else:
        wanted = _filters(agent, workflow, tenant, kind, since, discarded=False, limit=ALL)
        letters = look(store, lambda reader: reader.reports.dead_letters(**wanted)).items
        found = {letter.run.id: letter.run.parent for letter in reversed(letters)}
        chosen = [run for run, parent in found.items() if parent not in found][:limit]  # child runs go on with it
    export_environment(model, settings)
    agents = () if file is None else load(split(file)[0]).agents
    try:
        done = drive(_requeue(config, chosen, agents, concurrency))
    except KeyboardInterrupt:
        note("interrupted: what was requeued goes on with: podium work FILE")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(_tell(done, driven=bool(agents), as_json=as_json))


@commands.command("discard")
def discard(
    runs: _RunsArgument,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; else who is logged in.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that nobody will see to dead letters any more. They stay in the store, and in `list --discarded`."""
    who = by or login()

    async def work() -> list[Requeued]:
        async with App.open(config=existing(store)) as app:
            return [await _discarded(app, run, who, why) for run in runs]

    done = drive(work())
    if as_json:
        print_json([{"run": each.run, "discarded": not each.error, "error": each.error} for each in done])
    for each in done:
        if each.error:
            note(f"error: {each.error}")
        elif not as_json:
            print(f"run {each.run} is discarded")
    raise typer.Exit(1 if any(each.error for each in done) else 0)


async def _named(view: View, run: str) -> str:
    """Return the id of a run; `last` stands for the newest dead letter."""
    if run != LAST:
        return run
    newest = (await view.reports.dead_letters(limit=1)).items
    if not newest:
        raise UnknownRun("there are no dead letters.")
    return newest[0].run.id


async def _discarded(app: App, run: str, by: str, why: str) -> Requeued:
    try:
        await app.operations.discard(run := await _named(app, run), by=by, why=why)
    except PodiumError as error:
        return Requeued(run=run, error=str(error))
    return Requeued(run=run)


async def _requeue(config: Config, runs: Sequence[str], agents: Sequence[AnyAgent], at_once: int) -> list[Requeued]:
    """Requeue runs, so many at once; where their code is at hand each is driven before the next is begun."""
    slots = asyncio.Semaphore(at_once)
    async with App.open(config=config) as app:
        app.register(*agents)

        async def one(run: str) -> Requeued:
            async with slots:
                (done,) = await app.operations.requeue(run := await _named(app, run))
                return done if done.error or not agents else await _driven(app, run)

        return list(await asyncio.gather(*(one(run) for run in dict.fromkeys(runs))))


async def _driven(app: App, run: str) -> Requeued:
    """Wait until a run has ended, or waits for somebody outside; says so where it failed again."""
    known = await app.runs.get(run)
    if not app.registry.has(known.workflow, known.version):
        return Requeued(run=run)
    await settle(app, run, wait=False)
    now = await app.runs.get(run)
    failed = now.state in (RunState.FAILED, RunState.BLOCKED)
    return Requeued(run=run, error=f"run {run} failed again: {now.reason}" if failed else "")


def _tell(done: Sequence[Requeued], *, driven: bool, as_json: bool) -> int:
    failed = [each for each in done if each.error]
    if as_json:
        print_json([{"run": each.run, "requeued": not each.error, "error": each.error} for each in done])
    else:
        where = "went on" if driven else "ready to go on: podium work FILE"
        print(f"{count(len(done) - len(failed), 'run')} {where}" if done else "no dead letters")
    for each in failed:
        note(f"error: {one_line(each.error, 500)}")
    return 1 if failed else 0


def _filters(
    agent: str | None, workflow: str | None, tenant: str | None, kind: FailureCause | None, since: str | None, *,
    discarded: bool, limit: int, cursor: str | None = None,
) -> DeadLetterFilters:  # fmt: skip
    return {
        "agent": agent, "workflow": workflow, "tenant": tenant, "kind": kind,
        "since": None if since is None else SystemClock().now() - span(since, "--since"),
        "discarded": discarded, "limit": limit, "cursor": cursor,
    }  # fmt: skip


def _row(letter: DeadLetter) -> tuple[str, ...]:
    run, tried = letter.run, max((call.attempts for call in letter.calls), default=0)
    error = letter.calls[0].error if letter.calls and letter.kind == letter.calls[0].kind else letter.error
    if letter.discarded is not None:
        error = f"discarded by {letter.discarded.by}: {letter.discarded.why}"
    return (
        run.id, f"{run.workflow} {run.version}", moment(letter.at), letter.kind, ", ".join(letter.agents),
        str(tried or ""), one_line(error, 80),
    )  # fmt: skip


def _print_call(call: DeadCall) -> None:
    print(f"call {call.key} of {call.agent} {call.version}, {count(call.attempts, 'attempt')}")
    print(f"  input: {one_line(str(call.input), 500)}")
    for each in call.tried:
        print(f"  {moment(each.at)}  {each.kind}  {one_line(each.error, 300)}")


def _plain(letter: DeadLetter) -> Json:
    gone = letter.discarded
    return {
        "run": run_json(letter.run), "failed_at": iso(letter.at), "kind": letter.kind, "error": letter.error,
        "calls": [
            {
                "key": call.key, "agent": call.agent, "version": call.version, "kind": call.kind, "error": call.error,
                "attempts": call.attempts, "input": call.input,
                "tried": [{"at": iso(each.at), "kind": each.kind, "error": each.error} for each in call.tried],
            }
            for call in letter.calls
        ],
        "discarded": None if gone is None else {"by": gone.by, "why": gone.why, "at": iso(gone.at)},
    }  # fmt: skip
