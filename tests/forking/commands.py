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
PATIENCE = 180.0


class Zygotes:
    """Those that this process has started, each when it is needed first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: list[str] = [each for each in os.environ.get(FORKED_FROM, "").split(os.pathsep) if each]
        self._turn: Iterator[str] = itertools.cycle(self._first)
        self._loaded: dict[tuple[str, ...], str] = {}
        self._running: list[tuple[Process | subprocess.Popen[str], int]] = []

    def addresses(self) -> list[str]:
        """Return where those are that take turns."""
        with self._lock:
            if not self._first:
                self._first += self._started_twice()
            return self._first

    def next(self) -> str:
        self.addresses()
        with self._lock:
            return next(self._turn)

    def with_loaded(self, *names: str) -> str:
        """Return where one is that has imported modules, or a file as the module `program`."""
        first = self.addresses()[0]
        with self._lock:
            if names not in self._loaded:
                self._loaded[names] = self._forked(first, names)
            return self._loaded[names]

    def _started_twice(self) -> list[str]:
        addresses = [new_address(), new_address()]
        for address in addresses:
            life, hold = os.pipe()
            process = subprocess.Popen(
                forks_at(address), cwd=ROOT, stdin=life, stdout=subprocess.PIPE, text=True, start_new_session=True,
                env={**os.environ, "PYTHONWARNINGS": "error"},
            )  # fmt: skip
            os.close(life)
            self._running.append((process, hold))
        for process, _ in self._running:
            wait_until_ready(process)
        return addresses

    def _forked(self, first: str, names: tuple[str, ...]) -> str:
        address = new_address()
        life, hold = os.pipe()
        start = Start(command=(*forks_at(address), *names), cwd=str(ROOT), env=dict(os.environ), new_session=True)
        process = Process(first, start, life, merged=True)
        os.close(life)
        self._running.append((process, hold))
        wait_until_ready(process)
        return address

    def close(self) -> None:
        for process, hold in reversed(self._running):
            os.close(hold)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._running.clear()


def forks_at(address: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.forking.zygote", address)


def new_address() -> str:
    """Return the path of a socket that is not there yet, in a folder that its zygote will remove."""
    return str(Path(tempfile.mkdtemp(prefix="fork-", dir="/tmp")) / "zygote")  # the path of a socket is short


def wait_until_ready(process: Process | subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = process.stdout.readline()
    if said != "ready\n":
        raise RuntimeError(f"no zygote: {said}{process.communicate()[0]}")


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
    address = ZYGOTES.with_loaded(*loaded) if loaded else ZYGOTES.next()
    start = Start(command=tuple(command), cwd=str(cwd), env=dict(env), new_session=new_session)
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
