"""Runs one measurement in a process of its own, and prints its figures as one line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import cast

from benchmarks.job import Figures, Job


def forbid_network(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to look up a host or to connect to one: a benchmark talks to nobody."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError(f"benchmarks make no network calls: {event} {arguments!r}")


def main() -> None:
    """Do the job given as the only argument."""
    sys.addaudithook(forbid_network)
    job = Job.from_json(sys.argv[1])
    module = importlib.import_module(f"benchmarks.systems.{job.system}_")
    measure = cast(Callable[[Job], Figures], getattr(module, job.function))
    print(json.dumps(measure(job)), flush=True)


if __name__ == "__main__":
    main()
