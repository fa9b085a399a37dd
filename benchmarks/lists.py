"""How long the lists of the command line take on a large store: `python -m benchmarks.lists [RUNS]`.

A few runs of each kind are really made: done, failed, waiting for a person. Their rows are then copied until the store
has `RUNS`, 300,000 where nothing is said, each copy with an id, a place and a time of its own. What is measured is the
whole command but for the start of the interpreter: query, building of what is shown, printing. Of each command the
quickest of some rounds counts; the processor's time stands beside the time that passed.
"""

import asyncio
import io
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

from podium import App, Approval, Context, agent, workflow
from podium.cli.main import podium
from podium.errors import RunFailed

RUNS, ROUNDS = 300_000, 3
MADE = {"done": 44, "failed": 1, "waiting": 5}
"""How many runs of each kind are really made: 2 % fail, and 10 % wait, as of a busy desk."""

COMMANDS: Sequence[Sequence[str]] = (
    ("runs", "list"),
    ("runs", "list", "--json"),
    ("runs", "list", "--state", "failed"),
    ("runs", "list", "--state", "parked"),
    ("runs", "list", "--workflow", "desk"),
    ("runs", "list", "--workflow", "nobody"),
    ("dead-letters", "list"),
    ("dead-letters", "list", "--agent", "nobody"),
    ("inbox", "list"),
    ("inbox", "list", "--limit", "1000000"),
    ("incidents", "list"),
    ("budgets",),
    ("costs", "--run", "last"),
    ("costs",),
)


@agent(usd=0.000_1)
async def answer(kind: str) -> str:
    if kind == "failed":
        raise ValueError("no answer is known")
    return kind


@workflow
async def desk(ctx: Context, kind: str) -> str:
    said = await ctx.call(answer, kind)
    if kind == "waiting":
        await ctx.ask(Approval("Send it?"), to="editors")
    return said


async def make(path: Path) -> None:
    async with App.open(path) as app:
        for kind, times in MADE.items():
            for _ in range(times):
                handle = await app.start(desk, kind)
                if kind != "waiting":
                    with suppress(RunFailed):
                        await handle.result()
        await asyncio.sleep(0.5)  # those that wait are parked


def multiply(path: Path, runs: int) -> int:
    """Copy all there is until there are so many runs; returns how many there are."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    while (there := db.execute("SELECT max(n) FROM runs").fetchone()[0]) < runs:
        db.execute("BEGIN")
        mark = f"-{there}"
        other = {"n": f"n + {there}", "id": f"id || '{mark}'", "root": f"root || '{mark}'"}
        _copy(db, "runs", {**other, "created_at": f"created_at + {there}", "ended_at": f"ended_at + {there}"})
        _copy(db, "facts", {"place": f"place + ({there} << 24)", "at": f"at + {there}"})
        moved = {"run": f"run + {there}", "run_id": f"run_id || '{mark}'", "asked_at": f"asked_at + {there}"}
        _copy(db, "questions", {"id": f"id || '{mark}'", **moved})
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return there


def _copy(db: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    db.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}")


def measured(command: Sequence[str], path: Path) -> tuple[float, float, int]:
    """Return milliseconds of the processor, milliseconds that passed, and how many lines were printed."""
    best: list[tuple[float, float, int]] = []
    for _ in range(ROUNDS):
        printed = io.StringIO()
        cpu, wall = time.process_time(), time.perf_counter()
        with redirect_stdout(printed), redirect_stderr(printed):
            podium(args=[*command, "--store", str(path)], prog_name="podium", standalone_mode=False)
        best.append(
            ((time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3, printed.getvalue().count("\n"))
        )
    return min(best)


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lists.db"
        asyncio.run(make(path))
        print(f"{multiply(path, wanted):,} runs, {path.stat().st_size / 1e6:.0f} MB")
        print(f"{'command':<44} {'cpu ms':>8} {'ms':>8} {'lines':>6}")
        for command in COMMANDS:
            cpu, wall, lines = measured(command, path)
            print(f"{' '.join(command):<44} {cpu:>8.1f} {wall:>8.1f} {lines:>6}")


if __name__ == "__main__":
    main()
