"""The command: measures the systems and writes the table of figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import harness, report
from benchmarks.scenarios import SCENARIOS, SYSTEMS

DEFAULT_PAGE = harness.ROOT / "docs" / "explanation" / "performance-figures.md"
DEFAULT_FOLDER = harness.ROOT / "benchmarks" / ".data"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    names = [scenario.name for scenario in SCENARIOS]
    known = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known.add_argument("--rounds", type=int, help="rounds to take medians of (5; quick: 1)")
    known.add_argument("--only", nargs="+", choices=names, default=names, metavar="SCENARIO")
    known.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    known.add_argument("--quick", action="store_true", help="a tenth of the size, one round")
    known.add_argument("--same-sizes", action="store_true", help="peers at Podium's sizes")
    known.add_argument("--out", type=Path, help=f"the page to write ({DEFAULT_PAGE})")
    known.add_argument("--json", type=Path, help="also write every single figure here")
    known.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the databases go, on a real disk")
    known.add_argument("--install", action="store_true", help="first pip install benchmarks/requirements.txt")
    return known


def page_path(arguments: argparse.Namespace, systems: Sequence[str]) -> Path | None:
    """Where the page goes: only a whole run may replace the published page unasked."""
    if arguments.out is not None:
        return arguments.out
    whole = len(arguments.only) == len(SCENARIOS) and len(systems) == len(SYSTEMS)
    return DEFAULT_PAGE if whole and not arguments.quick else None


def write(path: Path, text: str) -> None:
    """Write a text, making the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"written: {path}", file=sys.stderr)


def main() -> int:
    """Run the command."""
    arguments = parser().parse_args()
    if arguments.install:
        harness.install_peers()
    why = {system: harness.missing(system) for system in arguments.systems}
    systems = [system for system in arguments.systems if not why[system]]
    for system in arguments.systems:
        if why[system]:
            print(f"NOT MEASURED: {system}: {why[system]} (try --install)", file=sys.stderr)
    if not systems:
        return 2
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    plan = harness.Plan(
        scenarios=[scenario for scenario in SCENARIOS if scenario.name in arguments.only],
        systems=systems,
        rounds=rounds,
        folder=arguments.folder.resolve(),
        same_sizes=arguments.same_sizes,
        quick=arguments.quick,
    )
    try:
        results = harness.measure(plan, lambda line: print(line, file=sys.stderr, flush=True))
    except harness.ChildFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    text = report.page(plan, results)
    print(text)
    if arguments.json is not None:
        write(arguments.json, results.to_json())
    path = page_path(arguments, systems)
    if path is not None:
        write(path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
