"""What a PostgreSQL carries, by a simulation made of costs that are measured first, and checked by measuring.

pip install -e ".[postgres]"
python -m benchmarks.scale
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import harness
from benchmarks.fleets.podium_fleet import FLEETS, Fleet
from benchmarks.fleets.server import Server, begun
from benchmarks.job import CHAIN_STEPS
from benchmarks.report import number, processor
from benchmarks.scale import tenants
from benchmarks.scale.costs import Cost, Costs, measured
from benchmarks.scale.simulation import World, simulate, steadily

PAGE = harness.ROOT / "docs" / "explanation" / "scale.md"
CHECKED = (1, 2, 3)
RUNS, SLOTS, EACH = 1_000, 10, 60
SIZES = (1, 2, 4)
WORKERS = (1, 2, 4, 8, 16, 32, 64)
CALL_SECONDS, MANY_SLOTS = 0.25, 500
SYNC, TRIP = 0.0005, 0.0005
"""What is taken for a server of its own: a disk that syncs in half a millisecond, half a millisecond away."""
DATABASES = (2, 4, 8, 16)


def share() -> float:
    """How much of a processor a program gets that wants one, beside what else the machine does."""
    begin, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < 1:
        pass
    return (time.process_time() - used) / (time.perf_counter() - begin)


async def check(server: Server, costs: Costs, rounds: int) -> list[str]:
    """What is simulated beside what is measured, both as this machine is busy now."""
    fleet, lines = Fleet(server, FLEETS["store"]), list[str]()
    worlds = [
        (f"{RUNS:,} runs of {CHAIN_STEPS} steps without a wait", 0.0, 2_000, "chain", lambda _: RUNS),
        (f"runs of {CHAIN_STEPS} steps of 50 ms, {SLOTS} slots a worker", 0.05, SLOTS, "naps", lambda n: EACH * n),
    ]
    for label, seconds, slots, workflow, runs in worlds:
        for workers in CHECKED:
            world = World(
                workers=workers, slots=slots, steps=CHAIN_STEPS, step_seconds=seconds,
                server_cores=os.cpu_count() or 1, shared=True,
            )  # fmt: skip
            found: list[tuple[float, float]] = []
            for _ in range(rounds):
                before = share()
                done = await fleet.throughput(runs(workers), workers, workflow, slots=slots)
                busy = (before + share()) / 2
                found.append(
                    (simulate(world, costs.slower(1 / busy), runs(workers)).steps_per_second, done["steps_per_s"])
                )
            simulated, real = (statistics.median(side) for side in zip(*found, strict=True))
            lines.append(f"| {label} | {workers} | {number(simulated)} | {number(real)} | {number(simulated / real)} |")
    return lines


def carried(costs: Costs) -> Iterator[str]:
    """What servers of several sizes carry, each with as many workers as do any good."""
    apart = replace(costs, sync=SYNC, trip=TRIP)
    for cores in SIZES:
        best, needed = steadily(_apart(1, cores), apart), 1
        for workers in WORKERS[1:]:
            found = steadily(_apart(workers, cores), apart)
            if found.steps_per_second < best.steps_per_second * 1.1:
                break
            best, needed = found, workers
        yield (
            f"| {cores} | {needed} | {best.steps_per_second:,.0f} | {best.steps_per_second / CHAIN_STEPS:,.0f} | "
            f"{best.server_busy:.0%} |"
        )


def _apart(workers: int, cores: int) -> World:
    return World(
        workers=workers, slots=MANY_SLOTS, steps=CHAIN_STEPS, step_seconds=CALL_SECONDS, spread=0.5, server_cores=cores
    )


def spread() -> Iterator[str]:
    """How evenly tenants lie on several databases."""
    loads = tenants.sizes()
    for databases in DATABASES:
        name, size = (tenants.fullest(way(loads, databases)) for way in (tenants.by_name, tenants.by_size))
        most = max(loads) * databases / sum(loads)
        yield f"| {databases} | {databases / name:.1f} | {databases / size:.1f} | {databases / max(1.0, most):.1f} |"


def costs_of(costs: Costs) -> Iterator[str]:
    """What was measured, in microseconds."""
    for name, value in ((name, getattr(costs, name)) for name in asdict(costs)):
        if isinstance(value, Cost):
            parts = (value.worker, value.worker_each, value.server, value.server_each)
            yield f"| {name} | " + " | ".join(number(part * 1e6) for part in parts) + " |"


def page(costs: Costs, checked: Sequence[str], busy: Sequence[float]) -> str:
    """The whole page."""
    return TEXT.format(
        checked="\n".join(checked), carried="\n".join(carried(costs)), spread="\n".join(spread()),
        costs="\n".join(costs_of(costs)), drive_run=number(costs.drive_run * 1e6),
        drive_step=number(costs.drive_step * 1e6), replay=number(costs.replay_step * 1e6),
        start=number(costs.start_run * 1e6), trip=number(costs.trip * 1e6), sync=number(costs.sync * 1e6),
        date=datetime.now(UTC).date().isoformat(), processor=processor(), cores=os.cpu_count(),
        load=f"{min(busy):.1f} to {max(busy):.1f}", call=CALL_SECONDS, slots=MANY_SLOTS,
        tenants=f"{tenants.TENANTS:,}", steps=CHAIN_STEPS,
    )  # fmt: skip


TEXT = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")


async def measure(rounds: int) -> str:
    busy = [os.getloadavg()[0]]
    with begun() as server:
        sync = harness.sync_latency(Path(harness.ROOT)) / 1e6
        costs = await measured(server, sync)
        checked = await check(server, costs, rounds)
    busy.append(os.getloadavg()[0])
    return page(costs, checked, busy)


def main() -> int:
    """Run the command."""
    known = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--out", type=Path, default=PAGE)
    arguments = known.parse_args()
    text = asyncio.run(measure(arguments.rounds))
    print(text)
    arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
