"""Two versions of Podium beside each other: `python -m benchmarks.versions OTHER [VARIANT …]`.

`OTHER` is the folder `src` of the version to compare with, such as that of another checkout. Each version runs in a
process of its own; the two take turns, so that what the machine does besides hits both, and each turn begins with the
other one. What is measured is the processor's time of a step, as in `benchmarks.guards`, beside the time of a bare
transaction of SQLite in the same process. Ratios are taken turn by turn; their median counts. Beside it stands the
ratio of the quickest quarters, which a busy machine moves less.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import IO

from benchmarks.guards import EACH, VARIANTS, prepare, seconds, sqlite_seconds

ROOT = Path(__file__).parent.parent
ROUNDS = 15


class Version:
    """A process that measures with one version, a turn at a time."""

    def __init__(self, source: Path) -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(source), str(ROOT)))}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.versions", "--serve"], env=env, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def take(self, variant: str) -> float:
        """Return the seconds of a step, or of SQLite alone where the variant is empty."""
        print(variant, file=_pipe(self._child.stdin), flush=True)
        return float(_pipe(self._child.stdout).readline())

    def end(self) -> None:
        """Let the process end."""
        _pipe(self._child.stdin).close()
        self._child.wait()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process has no pipe")
    return pipe


def serve() -> None:
    """Measure whatever is asked for, line by line."""
    with tempfile.TemporaryDirectory() as folder:
        policy = prepare(Path(folder))
        for line in sys.stdin:
            print(step_seconds(Path(folder), line.rstrip("\n"), policy), flush=True)


def step_seconds(folder: Path, variant: str, policy: Path) -> float:
    """Return how long a step takes, or SQLite alone where no variant is named."""
    return asyncio.run(seconds(folder, variant, VARIANTS[variant], policy)) if variant else sqlite_seconds(folder)


def compare(other: Path, variants: Sequence[str], rounds: int) -> None:
    """Have both versions take turns, and print what came of it."""
    versions = [Version(other), Version(ROOT / "src")]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ("", *variants)}
    for turn in range(rounds + 1):
        for name, found in taken.items():
            first = turn % 2
            pair = {place: versions[place].take(name) for place in (first, 1 - first)}
            if turn:  # the first warms up
                found.append((pair[0], pair[1]))
    for version in versions:
        version.end()
    print(f"{'a step with':28} {'other µs':>9} {'this µs':>8} {'median':>7} {'quick':>6} {'/bare':>6} {'/SQLite':>7}")
    bare, alone = taken.get("nothing"), taken[""]
    for name, found in taken.items():
        ratio = median(this / before for before, this in found)
        over = median(this / plain for (_, this), (_, plain) in zip(found, bare or found, strict=True))
        raw = median(this / plain for (_, this), (_, plain) in zip(found, alone, strict=True))
        before, this = ([each * 1e6 for each in side] for side in zip(*found, strict=True))
        print(
            f"{name or 'SQLite alone':28} {median(before):9.1f} {median(this):8.1f} {ratio:7.3f} "
            f"{quick(this) / quick(before):6.3f} {over:6.2f} {raw:7.2f}"
        )


def quick(found: Sequence[float]) -> float:
    """Return the mean of the quickest quarter."""
    return mean(sorted(found)[: max(1, len(found) // 4)])


def main() -> None:
    """Run the command."""
    known = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    known.add_argument("other", type=Path, nargs="?", help="the folder `src` of the other version")
    known.add_argument("variants", nargs="*", default=["nothing", *[name for name in EACH if name != "nothing"], "all"])
    known.add_argument("--rounds", type=int, default=ROUNDS)
    known.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = known.parse_args()
    if arguments.serve:
        serve()
    elif arguments.other is None:
        known.error("expected the folder `src` of another version")
    else:
        compare(arguments.other.resolve(), arguments.variants, arguments.rounds)


if __name__ == "__main__":
    main()
