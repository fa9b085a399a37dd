"""Servers of other orchestrators, on ports of this machine alone, which end with the tests."""

import os
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
PATIENCE = 900.0
"""Real seconds after which a test has failed: what has to happen has not happened by then."""


def environment_of(peer: str) -> Path:
    """Return the folder of programs of a peer's environment."""
    return ROOT / f".venv/peers-{peer}/bin"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@contextmanager
def running(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Generator[Path]:
    """Run a program while the block lasts, with all that it starts; gives the file of what it prints."""
    log = folder / f"{Path(command[-1] if command[-1].endswith('.py') else command[0]).name}-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    guard = ["sh", "-c", "cat >/dev/null; kill -9 -$0", str(process.pid)]  # also where the tests are killed
    with subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True):
        yield log
    process.wait()


def until_it_answers(url: str, log: Path) -> None:
    """Wait until a server answers that all is well."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=10).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}: {log.read_text(encoding='utf-8', errors='replace')[-3_000:]}")
