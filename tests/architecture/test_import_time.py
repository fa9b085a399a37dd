"""Importing the package stays cheap: it is paid by every command and every test."""

import subprocess
import sys
from statistics import median

ROUNDS = 7
RATIO = 4.5  # of 220 dataclasses each takes about half a millisecond to be made
BASE = "import asyncio, sqlite3, orjson\nfrom pydantic import TypeAdapter"
"""What nothing that is durable, asynchronous and typed can do without."""
OPTIONAL = ("cel", "httpx", "opentelemetry.sdk", "pydantic_ai", "rich", "typer", "yaml")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def seconds_to(statement: str) -> float:
    """Return how much processor time a statement takes in a fresh process."""
    return float(python(f"import time\nstart = time.process_time()\n{statement}\nprint(time.process_time() - start)"))


def test_import_takes_not_much_longer_than_what_it_stands_on() -> None:
    pairs = [(seconds_to("import podium"), seconds_to(BASE)) for _ in range(ROUNDS)]
    assert median(ours / theirs for ours, theirs in pairs) <= RATIO


def test_import_leaves_optional_and_heavy_packages_alone() -> None:
    loaded = python(f"import sys, podium\nprint([name for name in {OPTIONAL!r} if name in sys.modules])")
    assert loaded == "[]"
