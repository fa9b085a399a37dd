"""Importing the package stays cheap: it is paid by every command and every test."""

import subprocess
import sys

ROUNDS = 5
RATIO = 3.0
OPTIONAL = ("httpx", "opentelemetry.sdk", "pydantic_ai", "rich", "typer")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def seconds_to(statement: str) -> float:
    """Return how long a statement takes in a fresh process."""
    return float(python(f"import time\nstart = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"))


def test_import_takes_not_much_longer_than_pydantic() -> None:
    pairs = [(seconds_to("import podium"), seconds_to("from pydantic import TypeAdapter")) for _ in range(ROUNDS)]
    ours = min(ours for ours, _ in pairs)
    theirs = min(theirs for _, theirs in pairs)
    assert ours <= RATIO * theirs


def test_import_leaves_optional_and_heavy_packages_alone() -> None:
    loaded = python(f"import sys, podium\nprint([name for name in {OPTIONAL!r} if name in sys.modules])")
    assert loaded == "[]"
