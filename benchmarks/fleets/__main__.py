"""The command: measures fleets, and writes the page of figures.

pip install -e ".[postgres]" -r benchmarks/fleets/requirements.txt
python -m benchmarks.fleets

With Temporal's server (`scripts/install_servers`) the fleet `temporal` is measured too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks import harness
from benchmarks.fleets import figures as f
from benchmarks.fleets.podium_fleet import FLEETS, Fleet
from benchmarks.fleets.server import Server, begun
from benchmarks.job import Durability, Figures
from benchmarks.scenarios import SCENARIOS, Size
from tests.temporal import PROGRAM, temporal_server

PAGE = harness.ROOT / "docs" / "explanation" / "fleet-figures.md"
PEERS = {"dbos": "dbos", "langgraph": "langgraph"}


def parser() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(prog="python -m benchmarks.fleets", description=__doc__)
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--fleets", nargs="+", choices=list(FLEETS), default=list(FLEETS))
    known.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    known.add_argument("--out", type=Path, help=f"the page to write ({PAGE}, if all is measured)")
    known.add_argument("--json", type=Path, help="also write every single figure here")
    known.add_argument("--folder", type=Path, default=harness.ROOT / "benchmarks" / ".data", help="on a real disk")
    return known


def on_sqlite(folder: Path) -> Figures:
    """One process with a file of its own, in each durability."""
    (throughput,) = [each for each in SCENARIOS if each.name == "throughput"]
    plan = harness.Plan(scenarios=[throughput], systems=["podium"], rounds=1, folder=folder)
    if plan.size(throughput, "podium") != Size(f.RUNS, f.CHAIN_STEPS):
        raise ValueError("the runs on SQLite are to be those on PostgreSQL")
    durabilities: tuple[Durability, ...] = ("process", "power")
    return {each: harness.run_child(plan, throughput, each, "podium")["steps_per_s"] for each in durabilities}


async def of_fleet(server: Server, name: str, sqlite: Figures) -> Figures:
    """All figures of one of Podium's fleets."""
    fleet = Fleet(server, FLEETS[name])
    alone = await fleet.throughput(f.RUNS, 1)
    found = await fleet.throughput(f.RUNS, f.WORKERS)
    found |= {
        "alone": alone["steps_per_s"],
        "to_process": found["steps_per_s"] / sqlite["process"],
        "to_power": found["steps_per_s"] / sqlite["power"],
    }
    found |= await fleet.latency(f.LOOKS)
    for word, how in (("killed", signal.SIGKILL), ("frozen", signal.SIGSTOP)):
        found[f"{word}_s"] = (await fleet.take_over(f.TAKEN, f.LEASE, how))["take_over_s"]
    found |= await fleet.scaling(f.SCALED, f.SLOTS, f.EACH)
    found |= await fleet.backlog(f.QUEUED)
    return found | await fleet.parked(f.PARKED)


def of_temporal(server: Server) -> Figures:
    """The figures of the fleet that a Temporal server places the runs of: it takes long, so there are fewer of them."""
    with temporal_server() as temporal:

        def fleet() -> Fleet:
            return Fleet(server, {"fleet": {"kind": "temporal", "address": temporal.address, "name": temporal.name()}})

        done = asyncio.run(fleet().throughput(f.PEER_RUNS, f.WORKERS))
        return done | asyncio.run(fleet().latency(f.LOOKS))


def of_peer(server: Server, name: str) -> Figures:
    """The figures of another system on the same server."""
    if name == "dbos":
        from benchmarks.fleets import dbos_peer

        return dbos_peer.measured(server, f.PEER_RUNS, f.WORKERS, f.LOOKS)
    from benchmarks.fleets import langgraph_peer

    return langgraph_peer.measured(server, f.PEER_RUNS, f.WORKERS)


def measure(arguments: argparse.Namespace) -> f.Results:
    """Run all rounds."""
    results = f.Results()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for turn in range(arguments.rounds):
        results.load.append(os.getloadavg()[0])
        results.sync_us.append(harness.sync_latency(folder))
        found = {"sqlite": on_sqlite(folder)}
        with begun() as server:
            results.settings = server.settings()
            for name in arguments.fleets:
                found[name] = asyncio.run(of_fleet(server, name, found["sqlite"]))
                print(f"round {turn + 1}: {name} {found[name]}", file=sys.stderr, flush=True)
            if PROGRAM.exists():
                found["temporal"] = of_temporal(server)
                print(f"round {turn + 1}: temporal {found['temporal']}", file=sys.stderr, flush=True)
            for name in arguments.peers:
                found[f.peer(name)] = of_peer(server, name)
                print(f"round {turn + 1}: {f.peer(name)} {found[f.peer(name)]}", file=sys.stderr, flush=True)
        results.rounds.append(found)
    return results


def main() -> int:
    """Run the command."""
    arguments = parser().parse_args()
    missing = [name for name in arguments.peers if find_spec(PEERS[name]) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}. See benchmarks/fleets/requirements.txt.", file=sys.stderr)
        return 2
    results = measure(arguments)
    text = f.page(results, arguments.fleets, f.packages())
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"rounds": results.rounds, "load": results.load}, indent=2))
    whole = arguments.fleets == list(FLEETS) and arguments.peers == list(PEERS)
    if (path := arguments.out or (PAGE if whole else None)) is not None:
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
