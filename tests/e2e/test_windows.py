"""What Windows does not have is not needed to import Podium, to run workflows, and for the command line.

Nobody runs these tests on Windows: a Linux without these names stands in for it, which shows the mistakes of this kind.
"""

import sys
from pathlib import Path

import pytest

from tests.e2e.cli import Desk

WITHOUT = """
import asyncio, importlib, os, pkgutil, select, selectors, signal, subprocess, sys, tempfile

for library in "{libraries}".split():  # what they need is theirs
    importlib.import_module(library)

GONE = {
    os: "fork forkpty register_at_fork wait3 wait4 waitid killpg getpgid setpgid setsid getsid pidfd_open getuid "
        "geteuid getgid uname chown nice getloadavg sched_getaffinity mkfifo pread pwrite posix_fallocate openpty",
    signal: "SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGCHLD SIGALRM SIGSTOP SIGCONT pthread_sigmask setitimer alarm "
        "pause",
    select: "poll epoll",
}
for module, names in GONE.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "readline"):
    sys.modules[name] = None


def add_signal_handler(*_):
    raise NotImplementedError


asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = add_signal_handler
asyncio.unix_events._UnixSelectorEventLoop.remove_signal_handler = add_signal_handler
"""

LIBRARIES = "orjson pydantic sqlite3"
OF_THE_COMMAND_LINE = f"{LIBRARIES} rich.console typer"
OF_ALL_MODULES = f"{OF_THE_COMMAND_LINE} agents httpx opentelemetry.sdk pydantic_ai"


def without(libraries: str, program: str) -> str:
    """Return a program that runs where those names are gone."""
    return WITHOUT.replace("{libraries}", libraries) + program


IMPORTS = """
import podium
wrong = []
for found in pkgutil.walk_packages(podium.__path__, "podium.", onerror=wrong.append):
    try:
        importlib.import_module(found.name)
    except ImportError as error:
        if error.name not in ("airflow", "prefect"):  # of which whoever has DAGs or flows has an environment
            wrong.append(f"{found.name}: {error}")
for name in podium.__all__:
    getattr(podium, name)
print(wrong)
"""

RUNS = """
from podium.cli.main import main
sys.argv = ["podium", "run", "team.py", "--input", "4"]
main()
"""

PROGRAM = """
from podium import process
from podium.errors import UsageError

try:
    process(["true"], name="score")
except UsageError as error:
    print(error)
"""

TEAM = """
from podium import Context, agent, workflow

@agent
def double(number: int) -> int:
    return 2 * number

@workflow
async def team(ctx: Context, number: int) -> int:
    return await ctx.call(double, number)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_every_module_can_be_imported(desk: Desk) -> None:
    desk.write("imports.py", without(OF_ALL_MODULES, IMPORTS))
    ended = desk.real(sys.executable, "imports.py")
    assert (ended.out, ended.err) == ("[]\n", "")


def test_the_command_line_runs_a_workflow(desk: Desk) -> None:
    desk.write("team.py", TEAM)
    desk.write("runs.py", without(OF_THE_COMMAND_LINE, RUNS))
    ended = desk.real(sys.executable, "runs.py")
    assert (ended.status, ended.out) == (0, "8\n"), ended


def test_a_program_as_an_agent_is_refused_in_words(desk: Desk) -> None:
    desk.write("program.py", without(LIBRARIES, PROGRAM))
    ended = desk.real(sys.executable, "program.py")
    assert ended.out == "score is a program: programs can be agents on Linux and macOS, not on linux.\n", ended
