"""`podium incidents`: what the monitor saw go wrong, what it did, and how that ended."""

from dataclasses import asdict
from typing import Annotated

import typer

from podium.cli.named import LAST, run_in
from podium.cli.opening import look
from podium.cli.options import PAGE, CursorOption, JsonOption, LimitOption, StoreOption
from podium.cli.output import iso, moment, note_next, one_line, print_json, print_table
from podium.errors import UnknownRun
from podium.facade.reader import Reader
from podium.model.incident import Incident
from podium.model.json import Json, is_object

commands = typer.Typer(help="What the monitor saw go wrong, and what was done about it.", rich_markup_mode=None)


@commands.command("list")
def list_incidents(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List incidents, newest first."""
    found = look(store, lambda reader: reader.reports.incidents(open_only=open_only, limit=limit, cursor=cursor))
    note_next(found.cursor)
    if as_json:
        print_json([_plain(each) for each in found])
    elif not found:
        print("no incidents")
    else:
        print_table(("INCIDENT", "BEGAN", "ABOUT", "STATE", "WHY"), [_row(each) for each in found])


@commands.command("show")
def show(
    run_id: Annotated[str, typer.Argument(metavar="INCIDENT", help="The id of an incident, or `last`.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was seen, what was done and what came of it."""

    async def wanted(reader: Reader) -> Incident:
        if run_id != LAST:
            return await reader.reports.incident((await run_in(reader, run_id)).id)
        newest = (await reader.reports.incidents(limit=1)).items
        if not newest:
            raise UnknownRun("there are no incidents.")
        return newest[0]

    found = look(store, wanted)
    if as_json:
        print_json(_plain(found))
        return
    trouble = found.trouble
    print(f"incident {found.run}: {_about(found)}")
    print(f"{moment(found.opened_at)}  seen: {one_line(trouble.why, 2_000)}")
    for action in found.actions:
        came = "under way" if action.found is None else one_line(_text(action.found), 500)
        print(f"{moment(action.at)}  {action.what}: {came}")
    if found.ended_at is not None:
        print(f"{moment(found.ended_at)}  {found.ending}")
    elif found.question:
        print(f"next: podium inbox answer {found.question}")


def _about(found: Incident) -> str:
    trouble = found.trouble
    return f"{trouble.kind} {trouble.subject} {trouble.version}".rstrip()


def _row(found: Incident) -> tuple[str, ...]:
    state = found.ending or ("asks" if found.question else "open")
    return found.run, moment(found.opened_at), _about(found), one_line(state, 40), one_line(found.trouble.why, 80)


def _text(found: Json) -> str:
    if not is_object(found):
        return str(found)
    return "; ".join(f"{name}: {value}" for name, value in found.items() if value not in ("", [], {}))


def _plain(found: Incident) -> Json:
    return {
        "run": found.run, "kind": found.trouble.kind, "subject": found.trouble.subject,
        "version": found.trouble.version, "reason": found.trouble.why, "seen_by": found.trouble.seen_by,
        "opened_at": iso(found.opened_at), "ended_at": iso(found.ended_at), "ending": found.ending,
        "question": found.question,
        "actions": [{**asdict(action), "at": iso(action.at)} for action in found.actions],
    }  # fmt: skip
