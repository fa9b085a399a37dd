"""The command: measures the server, and writes the page of figures.

pip install -e ".[server,postgres]"
python -m benchmarks.server
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.fleets.server import begun
from benchmarks.job import Figures
from benchmarks.server import figures, measured
from benchmarks.server.crowd import Crowd

PAGE = harness.ROOT / "docs" / "explanation" / "server-figures.md"


def parser() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--seconds", type=float, default=measured.SECONDS)
    known.add_argument("--out", type=Path, default=PAGE, help=f"the page to write ({PAGE})")
    known.add_argument("--json", type=Path, help="also write every single figure here")
    return known


def one_round(crowd: Crowd, seconds: float, results: figures.Results) -> dict[str, Figures]:
    """All figures, once."""
    crowded = measured.Crowded(crowd, seconds=seconds)
    found: dict[str, Figures] = {
        "start": {"s": statistics.median(measured.start_seconds() for _ in range(measured.TIMES))}
    }
    found["bare"] = measured.beside(crowded, streams=False)
    found["one"] = measured.served(crowded, apart=False)
    found["apart"] = measured.served(crowded, apart=True, workers=1)
    with begun() as server:
        results.settings = server.settings()
        found["postgres"] = measured.served(crowded, server.database(), apart=True, workers=2)
    found["streams"] = measured.beside(crowded, streams=True)
    found["engine"] = {how: measured.engine(crowd, how) for how in ("alone", "apart", "one")}
    return found


def main() -> int:
    """Run the command."""
    arguments = parser().parse_args()
    results = figures.Results()
    with measured.folder() as built:
        crowd = Crowd(built)
        for turn in range(arguments.rounds):
            results.load.append(os.getloadavg()[0])
            results.rounds.append(one_round(crowd, arguments.seconds, results))
            print(f"round {turn + 1}: {json.dumps(results.rounds[-1])}", file=sys.stderr, flush=True)
    text = figures.page(results)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"rounds": results.rounds, "load": results.load}, indent=2))
    arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
