"""`podium audit`: whether the store is as it was written, and who did what."""

from pathlib import Path
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.moments import instant, span
from podium.cli.named import run_in
from podium.cli.opening import drive, existing, look, open_readonly
from podium.cli.options import JsonOption, SinceOption, StoreOption
from podium.cli.output import count, print_json, print_line
from podium.config import load_config
from podium.errors import UsageError
from podium.facade.reader import Reader
from podium.model.audit import Audit, SealChecker
from podium.model.clock import SystemClock
from podium.model.duration import PAUSE
from podium.model.json import Json
from podium.operations.anchor import read_anchor, write_anchor
from podium.secrets.reference import resolve

commands = typer.Typer(help="Whether the store is as it was written, and who did what.", rich_markup_mode=None)

_MISSING = "the extra audit is missing: pip install 'podium[audit]'"


@commands.command("keygen")
def keygen() -> None:
    """Print a new secret key, which seals, and its public key, which checks. Keep the secret one out of the store."""
    try:
        from podium.operations.signing import Signer  # needs the extra audit
    except ImportError as error:
        raise UsageError(_MISSING) from error
    secret, public = Signer.new()
    print(f"secret {secret}\npublic {public}")


@commands.command("seal")
def seal(store: StoreOption = None) -> None:
    """Seal the ledger now, with the key of the settings, and write the seal to the anchor that is set."""
    settings = load_config().audit
    if settings.key is None:
        raise UsageError('no key is set: [podium.audit] key = "env:PODIUM_AUDIT_KEY". `podium audit keygen` makes one.')
    try:
        from podium.operations.signing import Signer  # needs the extra audit
    except ImportError as error:
        raise UsageError(_MISSING) from error
    with open_readonly(store) as opened:
        n, head = opened.ledger.last()
        if n == 0:
            print("there is nothing to seal yet")
            return
        sealed = Signer(resolve(settings.key)).seal(n, head, SystemClock().now())
        opened.ledger.seal(sealed)
    if settings.anchor is not None:
        write_anchor(Path(settings.anchor), sealed)
    print(f"sealed {n} ledger entries")


@commands.command("verify")
def verify(
    anchor: Annotated[Path | None, typer.Option(metavar="FILE", help="Seals that were written down elsewhere.")] = None,
    public_key: Annotated[str | None, typer.Option(metavar="KEY", help="Of whoever seals the ledger.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check all chains, the ledger, its seals and the anchor. Exits with 1 where something does not hold."""
    checker = checker_of(public_key)
    seals = None if anchor is None else read_anchor(anchor)
    found = look(store, lambda reader: reader.audit(checker=checker, anchor=seals))
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


def checker_of(public_key: str | None) -> SealChecker | None:
    """Return what checks seals, with the key that is given or that of the settings; None where there is none."""
    key = load_config().audit.key
    if public_key is None and key is None:
        return None
    try:
        from podium.operations.signing import Checker, Signer  # needs the extra audit
    except ImportError as error:
        raise UsageError(_MISSING) from error
    return Checker(public_key if public_key is not None else Signer(resolve(key or "")).public)


def _print(found: Audit) -> None:
    for fault in found.faults:
        print(f"wrong  {fault.where}: {fault.what}")
    for said in found.unproved:
        print(f"open   {said}")
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
    }  # fmt: skip
