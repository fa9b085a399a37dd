"""Changes one file a little, again and again, and says which changes its nearest tests do not notice.

The exit code is 0 if the tests notice every change, 1 if a change survives them, 2 if nothing could be tried.
"""

import argparse
import difflib
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from scripts.mutation.mutants import Mutant, find_mutants
from scripts.mutation.nearest import find_nearest
from scripts.mutation.trial import Trial, Verdict

ROOT = Path(__file__).parents[2]


def main() -> int:
    options = parser().parse_args()
    file = Path(options.file).resolve()
    if not file.is_file() or not file.is_relative_to(ROOT / "src"):
        refuse(f"{options.file}: expected a file under {ROOT / 'src'}")
    source = file.read_bytes()
    mutants = [each for each in find_mutants(source) if each.line in lines_of(options.only)]
    if options.list:
        for mutant in mutants:
            print(shown(mutant, source, file.relative_to(ROOT)))
        return 0
    tests = options.tests or nearest_to(file)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave nothing behind then either
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        return try_all(mutants, source, Trial.of(ROOT, file, tests, Path(folder)))


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="scripts/mutate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("file", help="the file under src that is changed, in a copy of the tree")
    options.add_argument(
        "--tests", nargs="+", metavar="PATH", help="what pytest is given, instead of the nearest tests"
    )
    options.add_argument("--only", metavar="LINE[-LINE]", help="change these lines only")
    options.add_argument("--list", action="store_true", help="show the changes, and try none")
    return options


def lines_of(only: str | None) -> range:
    if only is None:
        return range(sys.maxsize)
    first, _, last = only.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        refuse(f"--only {only}: expected a line, or two with a dash between them, such as 12-40")


def nearest_to(file: Path) -> list[str]:
    nearest = find_nearest(ROOT, file)
    if not nearest:
        refuse(f"no test is named after {file.name} or imports it: say which with --tests")
    for test, reason in nearest.items():
        print(f"{test}: {reason}")
    return [str(each) for each in nearest]


def try_all(mutants: list[Mutant], source: bytes, trial: Trial) -> int:
    verdict, took = trial.original()
    if verdict is not Verdict.PASSED:
        refuse("the tests fail without any change, so they can tell nothing")
    count = Counter[Verdict]()
    for mutant in mutants:
        verdict = trial.of_mutant(mutant.source(source), took)
        count[verdict] += 1
        if verdict is Verdict.PASSED:
            print(f"survived: {shown(mutant, source, trial.file.relative_to(trial.tree))}", flush=True)
    print(f"{len(mutants)} mutants: " + ", ".join(f"{count[each]} {each.value}" for each in Verdict))
    return 1 if count[Verdict.PASSED] else 0


def refuse(reason: str) -> NoReturn:
    print(f"mutate: {reason}", file=sys.stderr)
    sys.exit(2)


def shown(mutant: Mutant, source: bytes, file: Path) -> str:
    """Return where a change is, its kind, and the lines that differ."""
    return "\n".join([f"{file}:{mutant.line}: {mutant.kind}", *changed_lines(mutant, source)])


def changed_lines(mutant: Mutant, source: bytes) -> Iterator[str]:
    before, after = (each.decode().splitlines() for each in (source, mutant.source(source)))
    for line in list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]:
        yield f"    {line[0]} {line[1:].strip()}"


if __name__ == "__main__":
    sys.exit(main())
