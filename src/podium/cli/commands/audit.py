"""`podium audit`: whether the store is as it was written, and who did what."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from podium.app import App
from podium.cli.audit_keys import checker_of, new_keys, signer_of, signer_with
from podium.cli.commands.inbox import login
from podium.cli.moments import instant, span
from podium.cli.named import run_in
from podium.cli.opening import drive, existing, look, open_readonly
from podium.cli.options import JsonOption, SinceOption, StoreOption
from podium.cli.output import count, print_json, print_line
from podium.config import load_config
from podium.errors import UnknownRun, UsageError
from podium.facade.reader import Reader
from podium.model.audit import Audit, KeyChange, Seal
from podium.model.clock import SystemClock
from podium.model.duration import PAUSE
from podium.model.json import Json
from podium.operations import rotation
from podium.operations.anchor import read_anchor, write_anchor
from podium.operations.rotation import require_current
from podium.reports.audit_markdown import markdown
from podium.reports.audit_report import AuditReport
from podium.reports.outside import OUTSIDE
from podium.reports.progress import AuditProgress
from podium.secrets.reference import resolve

commands = typer.Typer(help="Whether the store is as it was written, and who did what.", rich_markup_mode=None)


@commands.command("keygen")
def keygen() -> None:
    """Print a new secret key, which seals, and its public key, which checks. Keep the secret one out of the store."""
    secret, public = new_keys()
    print(f"secret {secret}\npublic {public}")


@commands.command("seal")
def seal(store: StoreOption = None) -> None:
    """Seal the ledger now, with the key of the settings, and write the seal to the anchor that is set."""
    signer = signer_of()
    with open_readonly(store) as opened:
        n, head = opened.ledger.last()
        if n == 0:
            print("there is nothing to seal yet")
            return
        require_current(opened.ledger, signer.public)
        sealed = signer.seal(n, head, SystemClock().now())
        opened.ledger.seal(sealed)
    _write_down([sealed])
    print(f"sealed {n} ledger entries")


@commands.command("rotate")
def rotate(
    to: Annotated[
        str | None, typer.Option(metavar="REF", help="The new secret key: `file:/path`, `env:NAME`; else one is made.")
    ] = None,
    old: Annotated[
        str | None, typer.Option("--from", metavar="REF", help="The old one, where it is not that of the settings.")
    ] = None,
    lost: Annotated[
        str | None, typer.Option(metavar="KEY", help="The public key of the old one, where its secret key is lost.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who replaces it; else who is logged in.")] = None,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")] = "rotation",
    store: StoreOption = None,
) -> None:
    """Replace the key that seals the ledger. What the old one sealed holds for ever; from now on the new one seals."""
    if lost is not None and old is not None:
        raise UsageError(
            "--from is the secret key of the old one, and --lost says that there is none: give one of them."
        )
    missing = None if lost is None else checker_of([lost])
    secret = new_keys()[0] if to is None else resolve(to)
    after, who, now = signer_with(secret), by or login(), SystemClock().now
    with open_readonly(store) as opened:
        if missing is None:
            change, seals = rotation.rotate(opened.ledger, signer_of(old), after, now=now, by=who, why=why)
        else:
            change, seals = rotation.take_over(opened.ledger, missing, after, now=now, by=who, why=why)
    _write_down([*seals[:-1], change, seals[-1]])
    print(f"{change.old} is replaced from ledger entry {change.entry} on")
    if to is None:
        print(f"secret {secret}")
    print(f"public {change.new}")
    print("Set [podium.audit] key to the new secret key, and start the programs again that use the store.")


@commands.command("verify")
def verify(
    anchor: Annotated[Path | None, typer.Option(metavar="FILE", help="Seals that were written down elsewhere.")] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Of whoever seals the ledger; several where none was rotated."),
    ] = None,
    progress: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to note how far it is: interrupted, it goes on there.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check all chains, the ledger, its seals and the anchor. Exits with 1 where something does not hold."""
    noted = None if progress is None else AuditProgress(progress)
    checker = checker_of(public_key)
    written = None if anchor is None else read_anchor(anchor)
    found = look(store, lambda reader: reader.audit(checker=checker, anchor=written, progress=noted))
    if as_json:
        print_json(_json(found))
    else:
        _print(found)
    if found.faults:
        raise typer.Exit(1)


@commands.command("export")
def export(
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Of this run, or `last`.")] = None,
    since: SinceOption = None,
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Only what was done for this tenant.")] = None,
    payloads: Annotated[bool, typer.Option("--payloads", help="With inputs and values, not only digests.")] = False,
    store: StoreOption = None,
) -> None:
    """Print who called whom, with what, under which rule, at what price and decided by whom, as JSON lines."""

    async def printed(reader: Reader) -> None:
        wanted, begin = None if run is None else (await run_in(reader, run)).id, instant(since, "--since")
        async for line in reader.reports.export(run=wanted, since=begin, tenant=tenant, payloads=payloads):
            print_line(line)

    look(store, printed)


@commands.command("report")
def report(
    about: Annotated[str, typer.Option("--for", metavar="RUN|TENANT", help="A run, `last`, or a tenant.")],
    since: SinceOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell in plain words who did what for whom, why it was allowed, what people decided, and at what price."""

    async def reported(reader: Reader) -> AuditReport:
        begin = instant(since, "--since")
        known = await reader.runs.list(tenant=about, limit=1)
        if known.items:
            return await reader.reports.audit(tenant=about, since=begin)
        try:
            return await reader.reports.audit(run=(await run_in(reader, about)).id, since=begin)
        except UnknownRun as error:
            raise UnknownRun(f"{about!r} is no tenant that has runs, and {error}") from error

    found = look(store, reported)
    if as_json:
        print_json(found.json())
        return
    for line in markdown(found):
        print(line)


@commands.command("retain")
def retain(
    older_than: Annotated[str, typer.Option(metavar="TIME", help="Runs that ended longer ago: 12h, 90d.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who redacts; else who is logged in.")] = None,
    why: Annotated[str, typer.Option(help="Why; it is recorded.")] = "retention",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Redact all runs that ended longer ago, if those that started them did too."""
    seconds, who = span(older_than, "--older-than", PAUSE), by or login()

    async def work() -> int:
        async with App.open(config=existing(store)) as app:
            return await app.operations.retain(seconds, by=who, why=why)

    redacted = drive(work())
    if as_json:
        print_json({"redacted": redacted})
    else:
        print(f"redacted {count(redacted, 'run')}")


def _write_down(said: Sequence[Seal | KeyChange]) -> None:
    anchor = load_config().audit.anchor
    for each in () if anchor is None else said:
        write_anchor(Path(anchor or ""), each)


def _print(found: Audit) -> None:
    for fault in found.faults:
        print(f"wrong  {fault.where}: {fault.what}")
    for said in found.unproved:
        print(f"open   {said}")
    print(f"apart  not proved: {'; '.join(part.what for part in OUTSIDE)}. --json says why")
    redacted = f" ({found.redacted} redacted)" if found.redacted else ""
    pruned = f", {found.pruned} pruned" if found.pruned else ""
    print(
        f"{'wrong' if found.faults else 'ok':6} {found.runs} runs{redacted}{pruned}, "
        f"{found.entries} ledger entries, {found.sealed} sealed"
    )


def _json(found: Audit) -> Json:
    return {
        "faults": [{"where": fault.where, "what": fault.what} for fault in found.faults], "unproved": found.unproved,
        "runs": found.runs, "redacted": found.redacted, "pruned": found.pruned, "entries": found.entries,
        "sealed": found.sealed,
        "outside": [{"what": part.what, "columns": part.columns, "reason": part.why} for part in OUTSIDE],
    }  # fmt: skip
