"""`podium dead-letters`: runs that failed or were quarantined; they go on from what failed, or are discarded."""

from collections.abc import Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.commands.runs import run_json
from podium.cli.going_on import AT_ONCE, WentOn, go_on, tell
from podium.cli.load import load, split
from podium.cli.moments import instant
from podium.cli.named import dead_letter_in
from podium.cli.opening import ALL, drive, existing, export_environment, look
from podium.cli.options import (
    PAGE,
    CursorOption,
    FileOption,
    JsonOption,
    LimitOption,
    ModelOption,
    RunArgument,
    SetOption,
    SinceOption,
    StoreOption,
    TenantOption,
    WorkflowOption,
)
from podium.cli.output import count, iso, moment, note, note_next, one_line, print_json, print_table, print_traceback
from podium.cli.stopping import INTERRUPTED
from podium.config import Config
from podium.errors import PodiumError, UsageError
from podium.facade.reader import Reader, View
from podium.facade.reports import DeadLetterFilters
from podium.formats.printable import in_line
from podium.model.agent import AnyAgent
from podium.model.failure_cause import FailureCause
from podium.model.json import Json
from podium.operations.requeue import Requeued
from podium.reports.dead_letters import DeadCall, DeadLetter

commands = typer.Typer(help="Runs that failed for good or were quarantined.", rich_markup_mode=None)

_AgentOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only those that this agent failed.")]
_KindOption = Annotated[FailureCause | None, typer.Option(help="Only those that failed so.")]
_RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="The ids of runs, or `last`.")]


@commands.command("list")
def list_letters(
    agent: _AgentOption = None,
    workflow: WorkflowOption = None,
    tenant: TenantOption = None,
    kind: _KindOption = None,
    since: SinceOption = None,
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
    run_id: RunArgument,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a dead letter was given, what went wrong, and every attempt."""

    async def wanted(reader: Reader) -> tuple[DeadLetter, Json]:
        found = await reader.reports.dead_letter(await dead_letter_in(reader, run_id))
        return found, (await reader.runs.facts(found.run.id))[0].value()

    letter, given = look(store, wanted)
    if as_json:
        print_json({**_plain(letter), "input": given})
        return
    run = letter.run
    print(f"run {run.id}, {run.workflow} {run.version}, tenant {in_line(run.tenant)}")
    print(f"{letter.kind} at {moment(letter.at)}: {one_line(letter.error, 2_000)}")
    print_traceback(letter.traceback, "  ")
    print(f"input: {one_line(str(given), 500)}")
    for call in letter.calls:
        _print_call(call)
    if (end := letter.discarded) is not None:
        print(f"discarded by {in_line(end.by)} at {moment(end.at)}: {in_line(end.why)}")
        return
    print(f"next: podium dead-letters requeue {run.id}, or: podium dead-letters discard {run.id} --why …")


@commands.command("requeue")
def requeue(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="The ids of runs, or `last`.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    agent: _AgentOption = None,
    workflow: WorkflowOption = None,
    tenant: TenantOption = None,
    kind: _KindOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the oldest first.")] = ALL,
    file: FileOption = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Runs at once, with --file.")] = AT_ONCE,
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
    where = "went on" if agents else "ready to go on: podium work FILE"
    raise typer.Exit(tell(done, changed="requeued", where=where, none="no dead letters", as_json=as_json))


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


async def _discarded(app: App, run: str, by: str, why: str) -> Requeued:
    try:
        await app.operations.discard(run := await dead_letter_in(app, run), by=by, why=why)
    except PodiumError as error:
        return Requeued(run=run, error=str(error))
    return Requeued(run=run)


async def _requeue(config: Config, names: Sequence[str], agents: Sequence[AnyAgent], at_once: int) -> list[WentOn]:
    async with App.open(config=config) as app:
        app.register(*agents)

        async def requeued(run: str) -> str:
            (done,) = await app.operations.requeue(run)
            return done.error

        named = [await _named(app, name) for name in names]
        known = list(dict.fromkeys(each for each in named if isinstance(each, str)))
        unknown = [each for each in named if isinstance(each, WentOn)]
        return [*unknown, *await go_on(app, known, requeued, at_once)]


async def _named(view: View, name: str) -> str | WentOn:
    try:
        return await dead_letter_in(view, name)
    except PodiumError as error:
        return WentOn(run=name, error=str(error))


def _filters(
    agent: str | None, workflow: str | None, tenant: str | None, kind: FailureCause | None, since: str | None, *,
    discarded: bool, limit: int, cursor: str | None = None,
) -> DeadLetterFilters:  # fmt: skip
    return {
        "agent": agent, "workflow": workflow, "tenant": tenant, "kind": kind,
        "since": instant(since, "--since"),
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
        print_traceback(each.traceback, "    ")


def _plain(letter: DeadLetter) -> Json:
    gone = letter.discarded
    return {
        "run": run_json(letter.run), "failed_at": iso(letter.at), "kind": letter.kind, "error": letter.error,
        "traceback": letter.traceback,
        "calls": [
            {
                "key": call.key, "agent": call.agent, "version": call.version, "kind": call.kind, "error": call.error,
                "attempts": call.attempts, "input": call.input,
                "tried": [
                    {"at": iso(each.at), "kind": each.kind, "error": each.error, "traceback": each.traceback}
                    for each in call.tried
                ],
            }
            for call in letter.calls
        ],
        "discarded": None if gone is None else {"by": gone.by, "reason": gone.why, "at": iso(gone.at)},
    }  # fmt: skip
