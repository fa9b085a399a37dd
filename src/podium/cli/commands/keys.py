"""`podium keys`: with what programs sign in to the server."""

from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.moments import span
from podium.cli.opening import drive, existing, open_readonly
from podium.cli.options import JsonOption, StoreOption, TenantOption
from podium.cli.output import iso, moment, note, print_json, print_table
from podium.config import Config, load_config
from podium.model.api_key import ApiKey
from podium.model.clock import SystemClock
from podium.model.json import Json
from podium.operations.api_keys import IssuedKey

commands = typer.Typer(help="With what programs sign in to the server.", rich_markup_mode=None, no_args_is_help=True)
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Its id, from `podium keys list`.")]
ByOption = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; else who is logged in.")]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as `ci`.")],
    who: Annotated[
        str | None, typer.Option(metavar="USER", help="Who signs in with it, as it is recorded; else its NAME.")
    ] = None,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="To which tenant it belongs.")] = "default",
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="viewer, operator, approver, admin, or a group; several times."),
    ] = None,
    workflow: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="A workflow that it may start; several times. Else all."),
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="After how long it is void: 8h, 90d.")] = None,
    by: ByOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, once: nobody can show it again. Whoever has it may do what it may."""
    lasts = None if expires is None else span(expires, "--expires")

    async def work(config: Config) -> IssuedKey:
        async with App.open(config=config) as app:
            return await app.keys.create(
                name, who=who or name, tenant=tenant, roles=role or (), workflows=workflow or ("*",), expires_in=lasts,
                by=by or login(),
            )  # fmt: skip

    _tell(drive(work(load_config(store=store))), as_json=as_json)


@commands.command("list")
def list_keys(tenant: TenantOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List all keys, the oldest first: whose they are, what they may, and when they were used last."""
    with open_readonly(store) as opened:
        found = [key for key in opened.keys.all() if tenant in (None, key.tenant)]
    now = SystemClock().now()
    if as_json:
        print_json([_plain(each, now) for each in found])
    elif not found:
        print("there are no keys: `podium keys create NAME` makes one")
    else:
        rows = [
            (
                key.id, key.name, key.who, key.tenant, ", ".join(sorted(key.roles)), ", ".join(key.workflows),
                moment(key.expires) if key.expires else "", moment(key.used_at) if key.used_at else "",
                key.ended(now) or "in force",
            )
            for key in found
        ]  # fmt: skip
        print_table(("KEY", "NAME", "WHO", "TENANT", "ROLES", "WORKFLOWS", "EXPIRES", "USED", "STATE"), rows)


@commands.command("rotate")
def rotate(
    key: KeyArgument,
    grace: Annotated[str, typer.Option(metavar="TIME", help="How long the old one is taken too.")] = "1d",
    by: ByOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a key a new secret and print it, once; the old one is taken for a while, to put the new one in its place."""
    seconds = span(grace, "--grace")

    async def work(config: Config) -> IssuedKey:
        async with App.open(config=config) as app:
            return await app.keys.rotate(key, grace=seconds, by=by or login())

    _tell(drive(work(existing(store))), as_json=as_json)


@commands.command("revoke")
def revoke(key: KeyArgument, by: ByOption = None, store: StoreOption = None) -> None:
    """Void a key at once, with both of its secrets: the next request with it is refused."""

    async def work(config: Config) -> None:
        async with App.open(config=config) as app:
            await app.keys.revoke(key, by=by or login())

    drive(work(existing(store)))
    print(f"{key} is revoked")


def _tell(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        print_json({**_plain(issued.key, SystemClock().now()), "secret": issued.secret})
        return
    print(issued.secret)
    note(f"this is {issued.key.id} of {issued.key.who}: keep it, it is shown only now")


def _plain(key: ApiKey, now: float) -> dict[str, Json]:
    return {
        "id": key.id, "name": key.name, "who": key.who, "tenant": key.tenant, "roles": sorted(key.roles),
        "workflows": list(key.workflows), "expires": iso(key.expires), "made_at": iso(key.made_at),
        "made_by": key.made_by, "issued_at": iso(key.secret.at), "issued_by": key.secret.by,
        "former_until": iso(key.secret.former_until), "used_at": iso(key.used_at), "revoked_at": iso(key.revoked_at),
        "revoked_by": key.revoked_by, "state": key.ended(now) or "in force",
    }  # fmt: skip
