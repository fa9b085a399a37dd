"""The command: runs the programs of what is installed, says whether they do what they should, and prints the tables."""

from __future__ import annotations

import argparse
import sys

from benchmarks.teams import tables
from benchmarks.teams.running import SYSTEMS, Seen, child, installed
from benchmarks.teams.teams import TEAMS


def main() -> int:
    """Run the command."""
    known = argparse.ArgumentParser(prog="python -m benchmarks.teams", description=__doc__)
    known.add_argument("--count", action="store_true", help="only count lines")
    known.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    arguments = known.parse_args()
    print(tables.versions(), tables.lines(), sep="\n\n")
    if arguments.count:
        return 0
    seen, wrong = dict[tuple[str, str], Seen](), 0
    for system in arguments.systems:
        if not installed(system):
            print(f"NOT RUN: {SYSTEMS[system]} is not installed: scripts/install_peers {system}", file=sys.stderr)
            continue
        with child(system) as process:
            for team in TEAMS:
                found = seen[team.name, system] = process.run(team)
                if found.error or found.outcome != team.outcome:
                    wrong += 1
                    print(f"WRONG: {system}, {team.name}: {found.outcome!r} {found.error}", file=sys.stderr)
    print("", tables.requests(seen), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
