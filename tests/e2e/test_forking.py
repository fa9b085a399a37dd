"""A process that the tests fork is as one that was started: told, placed, signalled and ended in the same way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cli import REAL, Desk, Ended, environment, until
from tests.forking import commands
from tests.forking.process import Process
from tests.forking.program import Program

SEEN = """
import asyncio, gc, json, logging, os, random, signal, sys, threading, time, warnings

__seen = {
    "argv": sys.argv[1:],
    "name": (__name__, globals().get("__file__")),
    "main": sys.modules["__main__"].__dict__ is globals(),
    "path": sys.path,
    "place": (os.getcwd(), os.environ.get("WHO"), "PODIUM_SLOTS" in os.environ),
    "group": os.getpgrp() == os.getpid(),
    "files": sorted(map(int, os.listdir("/dev/fd")))[:3],
    "streams": [(each.name, each.encoding, each.errors, each.line_buffering, each.isatty()) for each in
                (sys.stdin, sys.stdout, sys.stderr)],
    "said": sys.stdin.read(),
    "signals": [str(signal.getsignal(each)) for each in range(1, 32)],
    "mask": [*signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "warnings": (sys.warnoptions, [(each[0], each[2].__name__, str(getattr(each[3], "pattern", each[3])))
                                   for each in warnings.filters]),
    "gc": (gc.isenabled(), gc.get_threshold()),
    "threads": [each.name for each in threading.enumerate()],
    "logging": (logging.root.level, len(logging.root.handlers)),
    "loop": asyncio._get_running_loop(),
    "zone": time.tzname,
    "of tests": [name for name in sys.modules if name.partition(".")[0] in ("tests", "pytest", "program")],
    "hook": sys.excepthook is sys.__excepthook__,
}
print(json.dumps(__seen, default=str))
"""
ENDS = {
    "nothing": "",
    "zero": "raise SystemExit",
    "a number": "import sys; sys.exit(3)",
    "a large number": "import sys; sys.exit(259)",
    "a text": "import sys; sys.exit('no')",
    "an error": "def f():\n    raise ValueError('no')\nf()",
    "an error with a cause": "try:\n    1 / 0\nexcept ArithmeticError as error:\n    raise ValueError from error",
    "an interrupt": "raise KeyboardInterrupt",
    "a hook": "import sys; sys.excepthook = lambda *a: print('hooked', a[0].__name__); 1 / 0",
    "at exit": "import atexit; atexit.register(print, 'bye'); print('end', end='')",
    "a thread": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()",
    "a pool": "from concurrent.futures import ThreadPoolExecutor as P; p = P(); p.submit(print, 'done').result()",
    "a daemon": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "a warning": "import warnings; warnings.warn('old', DeprecationWarning)",
    "a coroutine": "async def f(): pass\nf()",
    "left open": "open('x', 'w')",
    "in a circle": "class A:\n    def __del__(self): print('gone')\na = A(); a.me = a",
    "hard": "import os; print('lost'); os._exit(7)",
    "killed": "import os; print('told', flush=True); os.kill(os.getpid(), 9)",
    "a closed output": "import os; print('x'); os.close(1)",
    "no such name": "nothing",
    "no such syntax": "def",
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def both(desk: Desk, *arguments: str, stdin: str = "", **env: str) -> list[Ended]:
    """Run a program of Python really and forked."""
    given = {**environment(), **env}
    command = [sys.executable, *arguments]
    forked = commands.run(command, cwd=desk.folder, env=given, stdin=stdin)
    real = subprocess.run(
        command, cwd=desk.folder, env=given, input=stdin, capture_output=True, text=True, check=False
    )  # fmt: skip
    return [Ended(each.returncode, each.stdout, each.stderr) for each in (real, forked)]


@pytest.mark.parametrize("how", ["-c", "-m", "script"])
@pytest.mark.parametrize("warn", ["error", ""])
def test_it_sees_the_same_of_itself_and_of_its_surroundings(desk: Desk, how: str, warn: str) -> None:
    desk.write("seen/it.py", SEEN)
    command = {"-c": ["-c", SEEN], "-m": ["-m", "seen.it"], "script": ["seen/it.py"]}[how]
    env = {"WHO": "ada", "PYTHONWARNINGS": warn, "TZ": "Asia/Tokyo", "PYTHONPATH": str(desk.folder / "more")}
    real, forked = both(desk, *command, "a", "-b", stdin="said\n", **env)
    assert real.status == 0, real.err
    assert forked.json == {**real.json, "group": False}
    assert forked.err == real.err


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_the_same(desk: Desk, end: str) -> None:
    desk.write("it.py", ENDS[end])
    real, forked = both(desk, "-W", "default", "it.py")
    assert forked == real


HANDLED = "signal.signal(signal.SIGINT, stop); signal.signal(signal.SIGTERM, stop)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("handlers", ["", HANDLED])
def test_a_signal_reaches_it(desk: Desk, number: int, handlers: str) -> None:
    stop = "import signal, sys, time\nstop = lambda *_: sys.exit(5)"
    process = begin(desk, f"{stop}\n{handlers}\nprint('up', flush=True)\ntime.sleep(60)")
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    process.communicate(120)
    assert process.returncode == (5 if handlers and number != signal.SIGKILL else -number)


def begin(desk: Desk, program: str, *, new_session: bool = False) -> Process:
    return commands.begin(["python", "-c", program], cwd=desk.folder, env=environment(), new_session=new_session)


def test_it_is_a_process_of_its_own_and_can_be_the_first_of_a_group(desk: Desk) -> None:
    process = begin(desk, "import os, time; print(os.getpid(), flush=True); time.sleep(60)", new_session=True)
    assert process.stdout.readline() == f"{process.pid}\n"
    assert os.getpgid(process.pid) == process.pid
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(120) == -signal.SIGKILL
    process.communicate()


def test_one_that_does_not_end_in_time_is_killed(desk: Desk) -> None:
    process = begin(desk, "import time; time.sleep(60)")
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(0.01)
    assert process.wait(120) == -signal.SIGKILL


def test_one_that_nobody_waits_for_any_more_is_killed(desk: Desk) -> None:
    process = begin(desk, "import time; print('up', flush=True); time.sleep(60)")
    assert process.stdout.readline()
    process.abandon()
    until(lambda: not is_there(process.pid))


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_forked_process_cannot_take_on_is_refused(desk: Desk) -> None:
    assert "cannot take on PYTHONHASHSEED='7': start a real one" in both(desk, "-c", "", PYTHONHASHSEED="7")[1].err
    assert "has no option -X: start a real one" in both(desk, "-X", "dev", "-c", "")[1].err


def test_commands_one_after_the_other_have_their_sets_in_another_order(desk: Desk) -> None:
    told = [desk.python("-c", "print(hash('a'))").out for _ in range(4)]
    assert len(set(told)) == 2
    assert told[0] != told[1]


TEAM = """
from podium import Context, workflow

@workflow
async def team(ctx: Context, number: int) -> int:
    return number + 1

@workflow
async def asks(ctx: Context, number: int) -> bool:
    return await ctx.ask("Well?", answer=bool)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("run", "team.py:team", "--input", "1"),
        ("run", "team.py:team", "--input", "one"),
        ("run", "team.py:tame"),
        ("doctor", "--store", "gone.db"),
        ("validate", "team.py"),
        ("dance",),
        (),
    ],
    ids=" ".join,
)
def test_the_installed_podium_says_the_same_as_the_forked_one(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.write("team.py", TEAM)
    real, forked = desk.real(REAL, *arguments), desk.podium(*arguments)
    assert (real.status, real.out) == (forked.status, forked.out)
    assert without_ids(real.err) == without_ids(forked.err)


def without_ids(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("run run_"))


def test_the_module_of_the_command_can_be_run_too(desk: Desk) -> None:
    desk.write("team.py", TEAM)
    assert desk.real(sys.executable, "-m", "podium.cli.main", "run", "team.py:team", "--input", "1").out == "2\n"


def test_the_installed_podium_goes_on_with_what_a_forked_one_left(desk: Desk) -> None:
    desk.write("team.py", TEAM)
    assert desk.podium("run", "team.py:asks", "--input", "1").status == 3
    [question] = desk.real(REAL, "inbox", "list", "--json").json
    assert desk.real(REAL, "inbox", "answer", question["question"], "true", "--by", "ann").status == 0
    assert desk.real(REAL, "work", "team.py").out == "1 done\n"


def test_a_command_finds_no_framework_imported_unless_it_is_asked_for(desk: Desk) -> None:
    told = "import sys; print([each for each in ('agents', 'langchain_core', 'pydantic_ai') if each in sys.modules])"
    command, env = ["python", "-c", told], environment()
    loaded = commands.run(command, cwd=desk.folder, env=env, loaded=("podium.agents.pydantic_ai",))
    assert [commands.run(command, cwd=desk.folder, env=env).stdout, loaded.stdout] == ["[]\n", "['pydantic_ai']\n"]


PROGRAM = """
import os
from pathlib import Path

LOADED = os.getpid()

def warm(): pass

def main(folder):
    Path(folder, str(os.getpid())).write_text(str(LOADED))
"""


def test_a_program_is_loaded_once_however_often_it_is_run(desk: Desk) -> None:
    program = Program(desk.write("it.py", PROGRAM))
    (ran := desk.folder / "ran").mkdir()
    assert [program.run(str(ran)) for _ in range(3)] == [True] * 3
    told = {int(each.name): int(each.read_text()) for each in ran.iterdir()}
    assert len(told) == 3
    assert len({*told.values()}) == 1
    assert not told.keys() & {*told.values()}
