"""`podium delegate`: lets agents outside act for users, within bounds, and ends it."""

import json
from typing import Annotated

import typer

from podium.app import App
from podium.cli.moments import span
from podium.cli.opening import drive, existing, open_readonly
from podium.cli.options import JsonOption, StoreOption, WrongOption
from podium.cli.output import iso, moment, print_json, print_table
from podium.config import load_config
from podium.errors import UsageError
from podium.model.clock import SystemClock
from podium.model.delegation import ArgumentBound, Delegation, Granted
from podium.model.json import Json
from podium.store.opening import open_existing

commands = typer.Typer(help="Who outside may act for whom.", rich_markup_mode=None)


@commands.command("grant")
def grant(
    by: Annotated[str, typer.Option(metavar="USER", help="On whose behalf.")],
    to: Annotated[str, typer.Option(metavar="AGENT", help="Who acts.")],
    agent: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="An agent that may be called; several times.")
    ] = None,
    tool: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="A tool, AGENT/TOOL, that may be used; several times.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="AGENT:MEMBER=PATTERN", help="What an input must have; several times, then one of them."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="AGENT:MEMBER", help="What an input must not have; several times.")
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="After how long it is void: 30m, 8h, 7d.")] = None,
    quota: Annotated[int | None, typer.Option(metavar="N", help="How many runs may be started with it.")] = None,
    store: StoreOption = None,
) -> None:
    """Print a token with which an agent outside starts runs for a user. Whoever holds it may use it."""

    async def work() -> str:
        async with App.open(config=load_config(store=store)) as app:
            until = None if expires is None else SystemClock().now() + span(expires, "--expires")
            return await app.delegations.grant(
                Delegation(
                    by=by, to=to, agents=tuple(agent or ("*",)), tools=tuple(tool or ("*",)),
                    arguments=_arguments(only or [], without or []), expires=until, quota=quota,
                )
            )  # fmt: skip

    print(drive(work()))


@commands.command("list")
def list_delegations(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List all delegations, the oldest first."""
    with open_readonly(store) as opened:
        found = opened.delegations.all()
    if as_json:
        print_json([_plain(each) for each in found])
        return
    if not found:
        print("nobody outside may act for anybody")
        return
    now = SystemClock().now()
    rows = [
        (
            each.id, each.delegation.by, each.delegation.to, ", ".join(each.delegation.agents),
            f"{each.used}" if each.delegation.quota is None else f"{each.used}/{each.delegation.quota}",
            moment(each.delegation.expires) if each.delegation.expires else "", _state(each, now),
        )
        for each in found
    ]  # fmt: skip
    print_table(("DELEGATION", "BY", "TO", "AGENTS", "USED", "EXPIRES", "STATE"), rows)


@commands.command("revoke")
def revoke(
    delegation: Annotated[str, typer.Argument(metavar="DELEGATION", help="Its id, from `podium delegate list`.")],
    store: StoreOption = None,
) -> None:
    """Void a delegation at once, also for runs under way: their next call or step is refused."""
    opened = open_existing(existing(store).store)
    try:
        if not opened.delegations.revoke(delegation, SystemClock().now()):
            raise UsageError(f"no delegation {delegation!r} is in force. `podium delegate list` shows those there are.")
        print(f"{delegation} is revoked")
    finally:
        opened.close()


def _state(granted: Granted, now: float) -> str:
    said = granted.delegation
    if granted.revoked_at is not None:
        return "revoked"
    if said.expires is not None and now >= said.expires:
        return "expired"
    return "used up" if said.quota is not None and granted.used >= said.quota else "in force"


def _plain(granted: Granted) -> Json:
    said = granted.delegation
    return {
        "id": granted.id, "by": said.by, "to": said.to, "tenant": said.tenant, "agents": list(said.agents),
        "tools": list(said.tools), "arguments": json.loads(json.dumps(said.arguments)), "quota": said.quota,
        "used": granted.used, "expires": iso(said.expires), "granted_at": iso(granted.granted_at),
        "revoked_at": iso(granted.revoked_at),
    }  # fmt: skip


def _arguments(only: list[str], without: list[str]) -> dict[str, dict[str, ArgumentBound]]:
    found: dict[str, dict[str, list[str]]] = {}
    for text in only:
        agent, colon, rest = text.partition(":")
        member, equals, pattern = rest.partition("=")
        if not (colon and equals and agent and member):
            raise WrongOption(f"--only {text!r} is not AGENT:MEMBER=PATTERN, such as mail:to=*@example.org.")
        found.setdefault(agent, {}).setdefault(member, []).append(pattern)
    bounds: dict[str, dict[str, ArgumentBound]] = {
        agent: {member: several[0] if len(several) == 1 else several for member, several in members.items()}
        for agent, members in found.items()
    }
    for text in without:
        agent, _, member = text.partition(":")
        if not (agent and member):
            raise WrongOption(f"--without {text!r} is not AGENT:MEMBER, such as mail:bcc.")
        if member in found.get(agent, {}):
            raise WrongOption(f"--without {text!r} and --only {text}=… exclude each other.")
        bounds.setdefault(agent, {})[member] = None
    return bounds
