"""`podium store`: copies of the store, another place for it, what is old in it, and how large it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from podium.app import App
from podium.cli.audit_keys import checker_of
from podium.cli.commands.inbox import login
from podium.cli.moments import span
from podium.cli.opening import drive, existing, open_readonly
from podium.cli.options import JsonOption, StoreOption, WrongOption
from podium.cli.output import count, iso, moment, note, one_line, print_json, print_table, size
from podium.model.clock import SystemClock
from podium.model.duration import PAUSE
from podium.model.json import Json
from podium.model.run import ENDED_STATES, RunState
from podium.operations.moving import move_store, undo_move
from podium.operations.pruner import Pruned
from podium.operations.upkeep import StoreCheck, back_up, check_copy, compact

commands = typer.Typer(
    help="Copy or move the store, check a copy, delete what is old, make its file smaller.", rich_markup_mode=None
)
_ENDED = ",".join(ENDED_STATES)
_SHOWN = 20
_KeyOption = Annotated[
    list[str] | None, typer.Option("--public-key", metavar="KEY", help="Of whoever seals the ledger.")
]


@commands.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Also over a file that is there.")] = False,
    public_key: _KeyOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the store as it is now, while others go on writing; the copy is checked before it gets its name."""
    with open_readonly(store) as opened:
        now, checker = SystemClock().now(), checker_of(public_key)
        done = drive(back_up(opened, target, now=now, overwrite=overwrite, checker=checker))
    if as_json:
        print_json({"path": str(done.path), "bytes": done.bytes, **_check_json(done.check)})
        return
    print(f"wrote {done.path}, {size(done.bytes)}: {_runs(done.check)}; it is whole")


@commands.command("restore-check")
def restore_check(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy of a store.")],
    public_key: _KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a copy is a whole store, and what comes of going on with it. Exits with 1 if it is not."""
    found = drive(check_copy(copy, now=SystemClock().now(), checker=checker_of(public_key)))
    if as_json:
        print_json(_check_json(found))
    elif found.problem:
        note(f"error: nobody can go on with {copy}: {found.problem}.")
    else:
        _print_check(copy, found)
    raise typer.Exit(1 if found.problem else 0)


@commands.command("prune")
def prune(
    older_than: Annotated[str, typer.Option(metavar="TIME", help="Runs that ended longer ago: 12h, 30d.")],
    states: Annotated[str, typer.Option("--state", metavar="STATE,…", help="Only runs that are so.")] = ",".join(
        ENDED_STATES
    ),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who prunes; else who is logged in.")] = None,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")] = "retention",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete runs that ended long ago, each with all that it started; that they were there stays provable.

    A run of which a child run has not ended, or ended later, stays. Others go on writing meanwhile.
    """
    seconds, wanted, who = span(older_than, "--older-than", PAUSE), _states(states), by or login()

    async def work() -> Pruned:
        async with App.open(config=existing(store)) as app:
            return await app.operations.prune(seconds, states=wanted, by=who, why=why, dry_run=dry_run)

    done = drive(work())
    if as_json:
        print_json(_pruned_json(done, dry_run=dry_run))
        return
    if dry_run and done.families:
        rows = [
            (each.run, each.workflow, each.state, moment(each.ended_at), str(each.runs), size(each.bytes))
            for each in done.families[:_SHOWN]
        ]
        print_table(("RUN", "WORKFLOW", "STATE", "ENDED", "RUNS", "SIZE"), rows)
        if len(done.families) > _SHOWN:
            print(f"and {count(len(done.families) - _SHOWN, 'more run')}: --json lists all")
    verb = "would be deleted" if dry_run else "deleted"
    each = ", ".join(f"{number} {state}" for state, number in done.states.items())
    told = f" ({each}, with the runs that they started), about {size(done.bytes)}" if done.families else ""
    print(f"{count(done.runs, 'run')} {verb}{told}")
    if done.families and not dry_run:
        note("New runs use that room first. To give it back to the disk: podium store compact")


@commands.command("compact")
def compact_store(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Give the room of what was deleted back to the disk. Nobody may drive runs meanwhile; twice the room is needed."""
    with open_readonly(store) as opened:
        done = drive(compact(opened, worker=""))
    before, after = done.before, done.after
    if as_json:
        print_json({"before": before.data + before.log, "after": after.data + after.log})
        return
    print(f"{size(before.data + before.log)} before, {size(after.data + after.log)} now")


@commands.command("move")
def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The store: a file, or postgresql://HOST/NAME")],
    target: Annotated[
        str | None, typer.Argument(metavar="[TO]", help="Where it is to go on: a new file, or postgresql://HOST/NAME")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Have runs driven at FROM again, where nobody went on.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who moves it; else who is logged in.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy all of a store to another place, compare it, and have nobody go on with the old one. Nobody may drive runs.

    From SQLite to PostgreSQL, back, or within one of them. There is all of it afterwards, or nothing.
    """
    existing(source)
    if undo is (target is not None):
        raise WrongOption("expected FROM and TO, or --undo and FROM alone.")
    if target is None:
        found = drive(undo_move(source))
        note(f"Runs are driven here again. What was done at {found.to} since would be done a second time.")
        if as_json:
            print_json({"undone": found.to})
        return
    done = drive(move_store(source, target, by=by or login(), now=SystemClock().now()))
    if as_json:
        print_json({"from": done.source, "to": done.target, "rows": dict(done.rows)})
        return
    rows, tables = sum(done.rows.values()), len(done.rows)
    print(f"moved {rows:,} rows of {tables} tables to {done.target}; all of them are the same")
    note(f"Name that one from now on, with --store or in podium.toml: nobody drives runs at {done.source} any more.")


def _states(text: str) -> Sequence[RunState]:
    names = [each.strip() for each in text.split(",")]
    known = {str(state): state for state in ENDED_STATES}
    if wrong := [each for each in names if each not in known]:
        raise WrongOption(f"--state {wrong[0]!r} is no state of a run that has ended: expected {', '.join(known)}.")
    return [known[each] for each in dict.fromkeys(names)]


def _print_check(copy: Path, found: StoreCheck) -> None:
    print(f"{copy} is whole, schema {found.schema}: {_runs(found)}")
    if found.schema < found.newest:
        print(f"it is of an older Podium: it is migrated to schema {found.newest} when it is opened")
    if found.last is not None:
        print(f"its last run was started or ended at {moment(found.last)}: what came later is not in it")
    for state, what in _GOES_ON.items():
        if number := found.runs.get(state):
            late = f", {found.overdue} of them at once: their time has come" if state is RunState.PARKED else ""
            print(f"{count(number, f'{state} run')} {what}{late}")
    print("what the original did after the copy was made is done again: do not let both go on")
    for said in found.audit.unproved if found.audit else ():
        print(f"open: {one_line(said, 200)}")


_GOES_ON = {
    RunState.RUNNING: "go on from what is recorded, once the dead process is noticed",
    RunState.READY: "go on as soon as somebody serves them",
    RunState.PARKED: "wait on for what they waited for",
    RunState.BLOCKED: "stay blocked",
}


def _runs(found: StoreCheck) -> str:
    states = ", ".join(f"{number} {state}" for state, number in sorted(found.runs.items()))
    return f"{count(sum(found.runs.values()), 'run')} ({states})" if states else "no runs"


def _check_json(found: StoreCheck) -> Json:
    audit = found.audit
    return {
        "problem": found.problem, "schema": found.schema, "newest_schema": found.newest, "runs": found.runs,
        "overdue": found.overdue, "last": iso(found.last),
        "faults": [] if audit is None else [{"where": each.where, "what": each.what} for each in audit.faults],
        "unproved": [] if audit is None else audit.unproved,
    }  # fmt: skip


def _pruned_json(done: Pruned, *, dry_run: bool) -> Json:
    return {
        "dry_run": dry_run, "runs": done.runs, "bytes": done.bytes, "states": done.states,
        "families": [
            {"run": each.run, "workflow": each.workflow, "state": each.state, "ended_at": iso(each.ended_at),
             "runs": each.runs, "bytes": each.bytes} for each in done.families
        ],
    }  # fmt: skip
