"""Starts `podium …` and `python …` as forks of a process that has imported everything, in milliseconds.

Each is a real process all the same. Two zygotes take turns, with different seeds of `hash()`: what one command leaves
behind, another one finds that has its sets in another order.
"""

import atexit
import itertools
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.forking.process import Process
from tests.forking.start import Start

ROOT = Path(__file__).parents[2]
FORKED_FROM = "FORKED_FROM"
"""The variable that tells a program of the tests where the zygotes are that forked it."""
FRAMEWORKS = (*(f"podium.agents.{name}" for name in ("langchain", "openai_agents", "pydantic_ai")), "podium.testing")
"""What commands find `loaded` that ask language models: importing it takes seconds."""
PATIENCE = 180.0


class Zygotes:
    """Those that take turns: this process starts them when they are needed first, unless it was told of some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses = [each for each in os.environ.get(FORKED_FROM, "").split(os.pathsep) if each]
        self._turn: Iterator[str] = itertools.cycle(self._addresses)
        self._running: list[tuple[subprocess.Popen[str], int]] = []

    def addresses(self) -> list[str]:
        """Return where they are."""
        with self._lock:
            if not self._addresses:
                self._addresses += [self._started() for _ in range(2)]
            return self._addresses

    def next(self) -> str:
        self.addresses()
        with self._lock:
            return next(self._turn)

    def _started(self) -> str:
        """Start one, which removes its folder in the end; it listens at once, and imports only when it is asked."""
        address = str(Path(tempfile.mkdtemp(prefix="fork-", dir="/tmp")) / "zygote")  # the path of a socket is short
        life, hold = os.pipe()
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.forking.zygote", address), cwd=ROOT, stdin=life, stdout=subprocess.PIPE,
            text=True, start_new_session=True, env={**os.environ, "PYTHONWARNINGS": "error"},
        )  # fmt: skip
        os.close(life)
        self._running.append((process, hold))
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"no zygote: it ended with {process.wait()}")
        return address

    def close(self) -> None:
        for process, hold in self._running:
            os.close(hold)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._running.clear()


ZYGOTES = Zygotes()
atexit.register(ZYGOTES.close)


def zygotes() -> str:
    """Return where those are that take turns, for a program of the tests that starts commands itself."""
    return os.pathsep.join(ZYGOTES.addresses())


def begin(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str = "", merged: bool = False,
    new_session: bool = False, loaded: tuple[str, ...] = (),
) -> Process:  # fmt: skip
    """Start a command; where it is `merged`, its two outputs are one."""
    address = ZYGOTES.addresses()[0] if loaded else ZYGOTES.next()  # what is loaded besides is loaded once
    start = Start(command=tuple(command), cwd=str(cwd), env=dict(env), new_session=new_session, loaded=loaded)
    source, to_source = os.pipe()
    os.set_blocking(to_source, False)
    try:
        os.write(to_source, stdin.encode())
        os.close(to_source)
        return Process(address, start, source, merged=merged)
    finally:
        os.close(source)


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str = "", merged: bool = False,
    loaded: tuple[str, ...] = (), timeout: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run a command to its end."""
    process = begin(command, cwd=cwd, env=env, stdin=stdin, merged=merged, loaded=loaded)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(tuple(command), process.wait(), out, err)
