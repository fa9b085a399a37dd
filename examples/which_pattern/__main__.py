"""The command: measures the teams and prints the tables."""

import argparse
import asyncio
import sys

from examples.which_pattern.measuring import compare
from examples.which_pattern.messages import messages
from examples.which_pattern.report import PAGE, tables, written
from examples.which_pattern.teams import TEAMS


def main() -> None:
    """Run the command."""
    known = argparse.ArgumentParser(prog="python -m examples.which_pattern", description=__doc__)
    known.add_argument("--first", type=int, metavar="N", help="only the first N messages: a look, no measurement")
    known.add_argument("--write", action="store_true", help=f"also write the tables into docs/explanation/{PAGE.name}")
    arguments = known.parse_args()
    if arguments.first and arguments.write:
        known.error("--write takes all messages: leave --first out")
    text = tables(asyncio.run(compare(TEAMS, messages()[: arguments.first])))
    print(text, end="")
    if arguments.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
        print(f"written: {PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
