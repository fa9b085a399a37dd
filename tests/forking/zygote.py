"""Has everything imported, and forks a process for each command it is sent.

`python -m tests.forking.zygote ADDRESS` listens on a local socket. Whoever connects sends a `Start` and three open
files, the standard input, output and error of the new process, and is told two lines: its id, and its exit status as
`waitpid` gives it. A connection that is closed before ends its process. Nothing is imported before the first request.

What most commands never load makes forking dear, as the memory of a process is part of its price. So a further zygote
has it, which the first one forks and passes such requests on to. All end with the standard input of the first.
"""

import gc
import importlib
import importlib.util
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Self

import podium
from podium import lazy
from tests.forking import fresh
from tests.forking.ending import run_to_the_end
from tests.forking.request import Request
from tests.forking.start import Start

OURS = Path(podium.__path__[0])
NOT_LOADED = (
    "podium.agents.langchain",
    "podium.agents.openai_agents",
    "podium.agents.pydantic_ai",
    "podium.orchestrators",
    "podium.testing",
)
"""What most commands never load."""
RULES = "cel"
"""What commands that read YAML load, and takes longest."""


class Zygote:
    """Takes requests, forks and tells how its children ended."""

    def __init__(self, source: socket.socket, folder: Path, loaded: tuple[str, ...]) -> None:
        self._source = source
        self._folder = folder
        self._loaded = loaded
        self._ready = False
        self._wakes, self._wake = socket.socketpair()
        self._wake.settimeout(0)
        self._children: dict[int, socket.socket] = {}
        self._further: dict[tuple[str, ...], socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        for each in (sys.stdin.fileno(), self._source, self._wakes):
            self._selector.register(each, selectors.EVENT_READ)

    @classmethod
    def first(cls, address: str) -> Self:
        """Return the one that listens."""
        assert os.getpgrp() == os.getpid(), "it ends its whole group: it needs one of its own"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        return cls(listener, Path(address).parent, ())

    def next_child(self) -> "Start | Zygote":
        """Serve until the end; returns in each child, with what it is to be."""
        signal.signal(signal.SIGCHLD, ignored)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == sys.stdin.fileno():
                    shutil.rmtree(self._folder, ignore_errors=True)  # another one may be doing so
                    os.killpg(0, signal.SIGKILL)
                elif key.fileobj is self._wakes:
                    self._wakes.recv(4096)
                    self._tell_who_ended()
                elif key.fileobj is not self._source:
                    self._forget(key.data)
                elif (child := self._serve()) is not None:
                    return child

    def _serve(self) -> "Start | Zygote | None":
        self._load()
        if self._loaded:
            return self._fork(Request.passed_on(self._source))
        request = Request.accepted(self._source)
        if not request.start.loaded:
            return self._fork(request)
        if request.start.loaded not in self._further and (further := self._fork_further(request)) is not None:
            return further
        request.pass_on(self._further[request.start.loaded])
        return None

    def _load(self) -> None:
        """Import what it is to have, the first time that it is needed."""
        if self._ready:
            return
        self._ready = True
        gc.disable()
        load(self._loaded or all_of_ours())
        assert threading.active_count() == 1, "a process with threads must not fork"
        gc.collect()
        gc.freeze()
        gc.enable()

    def _fork(self, request: Request) -> Start | None:
        pid = os.fork()
        if pid == 0:
            self._close()
            request.connection.close()
            for number, file in enumerate(request.files):
                os.dup2(file, number)
            request.close_files()
            return request.start
        request.close_files()
        self._children[pid] = request.connection
        self._selector.register(request.connection, selectors.EVENT_READ, pid)
        request.connection.sendall(f"{pid}\n".encode())
        return None

    def _fork_further(self, request: Request) -> "Zygote | None":
        """Have a zygote that loads what is asked for; returns it in that process."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            self._close()
            request.close_files()
            request.connection.close()
            return Zygote(its, self._folder, request.start.loaded)
        its.close()
        self._further[request.start.loaded] = ours
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
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for each in (self._source, self._wakes, self._wake, *self._children.values(), *self._further.values()):
            each.close()


def ignored(number: int, frame: FrameType | None) -> None:
    """Have a signal only wake the selector."""


def load(names: Iterable[str]) -> None:
    """Import modules, and a file as the module `program`."""
    for name in names:
        if name.endswith(".py"):
            load_program(Path(name))
        else:
            importlib.import_module(name)


def all_of_ours() -> Iterable[str]:
    """Give all that commands may need."""
    for file in sorted(OURS.rglob("*.py")):  # `walk_packages` imports each package that it only passes by
        name = ".".join((OURS.name, *file.relative_to(OURS).with_suffix("").parts)).removesuffix(".__init__")
        if not name.startswith(NOT_LOADED):
            yield name
    yield RULES
    yield from stood_for()


def stood_for() -> set[str]:
    """Return what modules of ours import when they first use it, but for what most commands never load."""
    ours = [module for name, module in sys.modules.items() if name.startswith("podium.")]
    stand_in = type(lazy.module(""))
    names = {each.__name__ for module in ours for each in vars(module).values() if isinstance(each, stand_in)}
    return {each for each in names if not each.startswith(NOT_LOADED)}


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
    child: Start | Zygote = Zygote.first(sys.argv[1])
    print("ready", flush=True)
    while isinstance(child, Zygote):
        child = child.next_child()
    start = child
    run_to_the_end(lambda: fresh.run(start))


if __name__ == "__main__":
    main()
