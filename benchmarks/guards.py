"""What each guard adds to a step: `python -m benchmarks.guards`.

A run makes calls of a function one after the other, on a store in a file, without any guard and with each of them. All
variants take turns in one process, round by round, so that what the machine does besides hits all of them; the median
of the rounds counts. It is the processor's time that is measured, beside that of SQLite alone.
"""

import asyncio
import gc
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from podium import App, Budget, Config, Context, Retry, agent, workflow
from podium.agents.function import FunctionAgent
from podium.model.breaker import Breaker
from podium.model.limit import Limit
from podium.model.policy import PolicySettings

STEPS, ROUNDS = 400, 21
RULES = "permit(principal, action, resource);\n" + "".join(
    f'forbid(principal, action, resource == Agent::"other{n}");\n' for n in range(19)
)

EACH: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "retry": {"retry": Retry(attempts=5)},
    "timeout": {"timeout": 30.0},
    "breaker": {"breaker": Breaker()},
    "limit (requests, at once)": {"limit": Limit(requests=10_000_000, concurrency=100)},
    "budget (dollars)": {"usd": 0.000_001},
    "budget that does not bind": {},
    "policy (20 rules)": {},
    "cache, never hit": {"cache": 3600.0},
}
ALL: Mapping[str, Any] = {
    "retry": Retry(attempts=5), "timeout": 30.0, "breaker": Breaker(),
    "limit": Limit(requests=10_000_000, concurrency=100),
    "usd": 0.000_001, "cache": 3600.0,
}  # fmt: skip
VARIANTS: Mapping[str, Mapping[str, Any]] = {**EACH, "all": ALL}

_TABLE = "CREATE TABLE facts (place INTEGER PRIMARY KEY, kind, key, at, epoch, hash, salt, body, payload, blob)"
_INSERT = "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def member(options: Mapping[str, Any]) -> FunctionAgent[int, int]:
    @agent(**options)
    async def step(n: int) -> int:
        return n

    return step


async def seconds(folder: Path, name: str, options: Mapping[str, Any], policy: Path) -> float:
    """Return how long a step takes."""
    step = member(options)

    @workflow
    async def steps(ctx: Context, first: int) -> int:
        for n in range(first, first + STEPS):
            await ctx.call(step, n)
        return STEPS

    config = Config(policy=PolicySettings(file=str(policy))) if name in ("policy (20 rules)", "all") else Config()
    budget = Budget(usd=1_000.0) if name.startswith(("budget (", "all")) else None
    budget = Budget(seconds=1e6) if name == "budget that does not bind" else budget
    async with App.open(folder / f"{name[:6]}{time.monotonic_ns()}.db", config=config) as app:
        await app.run(steps, -STEPS, budget=budget)
        gc.collect()
        began = time.process_time()
        await app.run(steps, 0, budget=budget)
        return (time.process_time() - began) / STEPS


def sqlite_seconds(folder: Path) -> float:
    """Return how long SQLite alone takes for a transaction that inserts two rows of the size of a step's."""
    with closing(sqlite3.connect(folder / f"alone{time.monotonic_ns()}.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(_TABLE)
        head, salt = b"h" * 32, b"s" * 16
        gc.collect()
        for first in (0, STEPS):
            began = time.process_time()
            for n in range(first, first + STEPS):
                asked = (2 * n, 2, str(n), 1e9, 1, head, salt, b'{"agent":"step","version":"1"}', b"%d" % n, None)
                answered = (2 * n + 1, 3, str(n), 1e9, 1, head, salt, b'{"outcome":"done"}', b"%d" % n, None)
                db.execute(_INSERT, (*asked, *answered))
        return (time.process_time() - began) / STEPS


def prepare(folder: Path) -> Path:
    """Write the policy that some variants have; returns its file."""
    policy = folder / "policy.cedar"
    policy.write_text(RULES)
    return policy


def main() -> None:
    """Measure and print."""
    taken: dict[str, list[float]] = {name: [] for name in VARIANTS}
    alone = list[float]()
    with tempfile.TemporaryDirectory() as folder:
        policy = prepare(Path(folder))
        for _ in range(ROUNDS):
            alone.append(sqlite_seconds(Path(folder)))
            for name, options in VARIANTS.items():
                taken[name].append(asyncio.run(seconds(Path(folder), name, options, policy)))
    plain = taken["nothing"]
    print(f"SQLite alone: {median(alone) * 1e6:.1f} µs")
    print(f"{'a step with':28} {'µs':>7} {'adds µs':>8} {'ratio':>6}")
    for name, found in taken.items():
        ratio = median(each / base for each, base in zip(found, plain, strict=True))
        more = median(each - base for each, base in zip(found, plain, strict=True))
        print(f"{name:28} {median(found) * 1e6:7.1f} {more * 1e6:8.1f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
