"""`podium sessions`: browsers that are signed in to the server."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.opening import drive, existing
from podium.cli.options import PAGE, CursorOption, JsonOption, LimitOption, StoreOption, TenantOption
from podium.cli.output import iso, moment, note_next, print_json, print_table
from podium.facade.keys import ServerKeys
from podium.formats.printable import in_line
from podium.model.json import Json
from podium.model.session import BrowserSession

T = TypeVar("T")
commands = typer.Typer(help="Browsers that are signed in to the server.", rich_markup_mode=None, no_args_is_help=True)


@commands.command("list")
def list_sessions(
    tenant: TenantOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the browsers that are signed in, the oldest first: whose they are, what they may, and until when."""
    found = _with_keys(store, lambda keys: keys.sessions(tenant=tenant, limit=limit, cursor=cursor))
    if as_json:
        print_json([_plain(each) for each in found])
    elif not found:
        print("no browser is signed in")
    else:
        rows = [
            (
                each.id, each.who, each.tenant, ", ".join(sorted(each.roles)), moment(each.began_at),
                moment(each.expires),
            )
            for each in found
        ]  # fmt: skip
        print_table(("SESSION", "WHO", "TENANT", "ROLES", "SIGNED IN", "EXPIRES"), rows)
    note_next(found.cursor)


@commands.command("end")
def end(
    who: Annotated[str, typer.Argument(metavar="USER", help="Who is signed out, as `list` names them.")],
    tenant: Annotated[str, typer.Option(metavar="NAME", help="To which tenant they belong.")] = "default",
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; else who is logged in.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign somebody out of all browsers at once, such as where a telephone is lost.

    Their keys and delegations are revoked apart: `podium keys revoke`, `podium delegate revoke`.
    """
    ended = _with_keys(store, lambda keys: keys.end_sessions(who, tenant=tenant, by=by or login()))
    if as_json:
        print_json({"who": who, "tenant": tenant, "ended": ended})
        return
    print(f"{in_line(who)} is signed out of {ended} {'browser' if ended == 1 else 'browsers'}")


def _with_keys(store: str | None, work: Callable[[ServerKeys], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with App.open(config=existing(store)) as app:
            return await work(app.keys)

    return drive(opened())


def _plain(session: BrowserSession) -> dict[str, Json]:
    return {
        "id": session.id, "who": session.who, "tenant": session.tenant, "roles": sorted(session.roles),
        "workflows": list(session.workflows), "began_at": iso(session.began_at), "expires": iso(session.expires),
    }  # fmt: skip
