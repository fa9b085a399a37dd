"""Has everything imported, and forks a process for each command it is sent.

`python -m tests.forking.zygote ADDRESS [MODULE | FILE.py]…`: a file becomes the module `program`, and its `warm()`
loads what is loaded late. It listens on a local socket. Whoever connects sends a `Start` and three open files, the
standard input, output and error of the new process, and is told two lines: its id, and its exit status as `waitpid`
gives it. A connection that is closed before ends its process. The zygote ends with its own standard input.
"""

import gc
import importlib
import importlib.util
import os
import pkgutil
import selectors
import shutil
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

import podium
from podium import lazy
from tests.forking import fresh
from tests.forking.ending import run_to_the_end
from tests.forking.start import Start

NOT_LOADED = ("podium.agents.pydantic_ai", "podium.testing")
"""What most commands never load."""
RULES = "cel"
"""What commands that read YAML load, and takes longest."""


class Zygote:
    """Listens, forks and tells how its children ended."""

    def __init__(self, address: str) -> None:
        assert os.getpgrp() == os.getpid(), "it ends its whole group: it needs one of its own"
        assert threading.active_count() == 1, "a process with threads must not fork"
        self._folder = Path(address).parent
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._wakes, self._wake = socket.socketpair()
        self._wake.settimeout(0)
        self._children: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        for each in (sys.stdin.fileno(), self._listener, self._wakes):
            self._selector.register(each, selectors.EVENT_READ)

    def next_child(self) -> Start:
        """Serve until the end; returns in each child, with what it is to be."""
        signal.signal(signal.SIGCHLD, ignored)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == sys.stdin.fileno():
                    shutil.rmtree(self._folder)
                    os.killpg(0, signal.SIGKILL)
                elif key.fileobj is self._wakes:
                    self._wakes.recv(4096)
                    self._tell_who_ended()
                elif key.fileobj is not self._listener:
                    self._forget(key.data)
                elif (start := self._fork()) is not None:
                    return start

    def _fork(self) -> Start | None:
        connection, _ = self._listener.accept()
        _, files, _, _ = socket.recv_fds(connection, 1, 3)
        with connection.makefile(encoding="utf-8") as lines:
            start = Start.from_json(lines.readline())
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            connection.close()
            self._close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            return start
        for file in files:
            os.close(file)
        self._children[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, pid)
        connection.sendall(f"{pid}\n".encode())
        return None

    def _tell_who_ended(self) -> None:
        for pid, connection in list(self._children.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with suppress(BrokenPipeError):  # nobody wants to know
                    connection.sendall(f"{status}\n".encode())
                self._drop(pid)

    def _forget(self, pid: int) -> None:
        if pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self._drop(pid)

    def _drop(self, pid: int) -> None:
        connection = self._children.pop(pid)
        self._selector.unregister(connection)
        connection.close()

    def _close(self) -> None:
        """Close in a child what is its parent's."""
        self._selector.close()
        for each in (self._listener, self._wakes, self._wake, *self._children.values()):
            each.close()


def ignored(number: int, frame: FrameType | None) -> None:
    """Have a signal only wake the selector."""


def load(names: list[str]) -> None:
    """Import all that commands may need, and what is named."""
    for module in pkgutil.walk_packages(podium.__path__, "podium."):
        if not module.name.startswith(NOT_LOADED):
            importlib.import_module(module.name)
    for name in {RULES, *stood_for()}:
        importlib.import_module(name)
    for name in names:
        if name.endswith(".py"):
            load_program(Path(name))
        else:
            importlib.import_module(name)


def stood_for() -> set[str]:
    """Return what modules of ours import when they first use it."""
    ours = [module for name, module in sys.modules.items() if name.startswith("podium.")]
    stand_in = type(lazy.module(""))
    return {each.__name__ for module in ours for each in vars(module).values() if isinstance(each, stand_in)}


def load_program(path: Path) -> None:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    sys.modules["program"] = program  # type hints of its workflows are looked up there
    spec.loader.exec_module(program)
    program.warm()


def main() -> None:
    load(sys.argv[2:])
    zygote = Zygote(sys.argv[1])
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    start = zygote.next_child()
    run_to_the_end(lambda: fresh.run(start))


if __name__ == "__main__":
    main()
