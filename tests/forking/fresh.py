"""Makes a forked process like one that was just started, and runs its command."""

import importlib
import io
import json
import os
import runpy
import signal
import sys
import time
import warnings
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from podium.cli.main import main as podium
from tests.forking.start import Start

SET_AT_START = ("PYTHON", "LC_", "LANG")
"""Variables that Python reads once, before it runs anything."""
TAKEN_ON = {"PYTHONPATH", "PYTHONWARNINGS"}
"""Those of them that a forked process takes on all the same."""
SITE_PATH = [each for each in sys.path[1:] if each not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line of `python` or `podium`, taken apart."""

    kind: str
    """`-c`, `-m`, `script`, `podium` or `call`."""
    target: str
    """The code, the module or the file."""
    arguments: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def taken_apart(words: tuple[str, ...]) -> Command:
    """Return what a command line asks for; it may have no option of Python's but `-W`."""
    program, *rest = words
    if (name := Path(program).name) in ("podium", "call"):
        return Command(kind=name, target=program, arguments=tuple(rest))
    asked: list[str] = []
    while rest[0] == "-W":
        asked.append(rest[1])
        del rest[:2]
    if rest[0] in ("-c", "-m"):
        return Command(kind=rest[0], target=rest[1], arguments=tuple(rest[2:]), warnings=tuple(asked))
    if rest[0].startswith("-"):
        raise ValueError(f"a forked python has no option {rest[0]}: start a real one")
    return Command(kind="script", target=rest[0], arguments=tuple(rest[1:]), warnings=tuple(asked))


def run(start: Start) -> None:
    """Become the process that is asked for, and run its command to its end."""
    command = taken_apart(start.command)
    if start.new_session:
        os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(start.cwd)
    take_outputs()
    take_environment(start.env)
    warn_as(command.warnings, start.env)
    importlib.invalidate_caches()
    RUN[command.kind](command)


def take_outputs() -> None:
    """Write to what the process was given: the streams of its parent may remember that theirs were files."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        parents, raw = getattr(sys, name), io.FileIO(number, "w", closefd=False)
        raw.name = f"<{name}>"
        binary = io.BufferedWriter(raw) if isinstance(parents.buffer, io.BufferedWriter) else raw
        stream = io.TextIOWrapper(
            binary, parents.encoding, parents.errors, line_buffering=parents.line_buffering,
            write_through=parents.write_through,
        )  # fmt: skip
        setattr(stream, "mode", "w")  # noqa: B010 - as Python sets it, which no type knows
        setattr(sys, name, stream)


def take_environment(env: dict[str, str]) -> None:
    for name in {*env, *os.environ}:
        if name.startswith(SET_AT_START) and name not in TAKEN_ON and env.get(name) != os.environ.get(name):
            raise ValueError(f"a forked process cannot take on {name}={env.get(name)!r}: start a real one")
    os.environ.clear()
    os.environ.update(env)
    time.tzset()


def warn_as(options: tuple[str, ...], env: dict[str, str]) -> None:
    """Set the filters of warnings as Python does when it starts."""
    sys.warnoptions[:] = [*filter(None, env.get("PYTHONWARNINGS", "").split(",")), *options]
    warnings.resetwarnings()
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    for each in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", each, append=True)
    for each in sys.warnoptions:
        if each not in ("error", "default", "ignore", "always"):
            raise ValueError(f"a forked process has no filter of warnings {each!r}: start a real one")
        warnings.simplefilter(each)


def main_module(file: str | None) -> ModuleType:
    """Return a new `__main__`."""
    module = ModuleType("__main__")
    module.__dict__.update({"__builtins__": __builtins__, "__annotations__": {}})
    if file is not None:
        module.__dict__.update({"__file__": file, "__cached__": None, "__loader__": SourceFileLoader("__main__", file)})
    sys.modules["__main__"] = module
    return module


def call_program(command: Command) -> None:
    sys.modules["program"].main(*map(json.loads, command.arguments))


def see(*, path: str, argv0: str, arguments: tuple[str, ...]) -> None:
    """Set what a program sees of how it was called, and nothing of the tests."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    own = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    sys.path[:] = [path, *own, *SITE_PATH]
    sys.argv[:] = [argv0, *arguments]


def run_podium(command: Command) -> None:
    see(path=str(Path(command.target).parent), argv0=command.target, arguments=command.arguments)
    main_module(command.target)
    sys.exit(podium())


def run_code(command: Command) -> None:
    see(path="", argv0="-c", arguments=command.arguments)
    exec(compile(command.target, "<string>", "exec", dont_inherit=True), main_module(None).__dict__)


def run_module(command: Command) -> None:
    see(path=str(Path.cwd()), argv0="-m", arguments=command.arguments)
    sys.modules.pop(command.target, None)
    runpy.run_module(command.target, run_name="__main__", alter_sys=True)


def run_script(command: Command) -> None:
    path = Path(command.target).absolute()
    see(path=str(path.parent), argv0=command.target, arguments=command.arguments)
    module = main_module(str(path))
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)


RUN = {"podium": run_podium, "-c": run_code, "-m": run_module, "script": run_script, "call": call_program}
