"""`podium doctor`: checks the installation and the store, and says what to do."""

import typer

from podium.cli.checks import DoctorFinding, Level, check_installation
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import print_json
from podium.cli.store_checks import check_store

_MARKS = {Level.GOOD: "ok   ", Level.NOTE: "note ", Level.WRONG: "WRONG"}


def doctor(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check the installation and the store. Exits with 1 if something is wrong; each finding has its next step."""
    findings = [*check_installation(), *check_store(store)]
    if as_json:
        print_json([{"level": each.level, "what": each.what, "next": each.remedy} for each in findings])
    else:
        for each in findings:
            _print(each)
    if any(each.level is Level.WRONG for each in findings):
        raise typer.Exit(1)


def _print(finding: DoctorFinding) -> None:
    print(f"{_MARKS[finding.level]}  {finding.what}")
    if finding.remedy:
        print(f"       → {finding.remedy}")
