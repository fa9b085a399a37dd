import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.mutation.mutants import find_mutants
from scripts.mutation.nearest import find_nearest

ROOT = Path(__file__).parents[3]

AGE = """\
def admits(age: int) -> bool:
    return age >= 18
"""
CHECKED_FAR_FROM_THE_BOUND = """\
from tiny.age import admits

def test_admits() -> None:
    assert admits(40)
    assert not admits(10)
"""
TREE = {
    "pyproject.toml": "[tool.pytest]\naddopts = ['--disable-plugin-autoload']\n",
    "src/tiny/age.py": AGE,
    "tests/test_age.py": CHECKED_FAR_FROM_THE_BOUND,
}


def mutate(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.mutation", *options]
    return subprocess.run(command, cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Return a tree of a single function, its test, and the scripts."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    for path, text in TREE.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    return tree


@pytest.mark.system
def test_what_survives_is_shown_and_the_working_copy_stays_as_it_was(tiny: Path) -> None:
    done = mutate(tiny, "src/tiny/age.py")
    assert done.stderr == ""
    assert "tests/test_age.py: imports it\n" in done.stdout
    assert "src/tiny/age.py:2: comparison\n    - return age >= 18\n    + return (age > 18)\n" in done.stdout
    assert "4 mutants: 3 survived, 1 killed, 0 timed out\n" in done.stdout
    assert done.returncode == 1
    assert (tiny / "src/tiny/age.py").read_text() == AGE


def test_a_file_whose_mutants_are_all_killed_is_well_tested(tiny: Path) -> None:
    exact = CHECKED_FAR_FROM_THE_BOUND.replace("40", "18").replace("10", "17")
    (tiny / "tests/test_age.py").write_text(exact)
    done = mutate(tiny, "src/tiny/age.py")
    assert "4 mutants: 0 survived, 4 killed, 0 timed out\n" in done.stdout
    assert done.returncode == 0


@pytest.mark.system
def test_a_mutant_that_never_ends_is_stopped(tiny: Path) -> None:
    (tiny / "src/tiny/age.py").write_text("def admits(age):\n    while True:\n        break\n    return age >= 18\n")
    done = mutate(tiny, "src/tiny/age.py", "--only", "3")
    assert "1 mutants: 0 survived, 0 killed, 1 timed out\n" in done.stdout


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_behind_by_one_that_is_stopped(tiny: Path, sign: signal.Signals) -> None:
    scratch = tiny.parent / "scratch"
    scratch.mkdir()
    hanging = f"import os, time\nos.write(os.open('{scratch}/began', 65), str(os.getpid()).encode())\ntime.sleep(600)"
    (tiny / "tests/test_age.py").write_text(hanging)
    command = [sys.executable, "-m", "scripts.mutation", "src/tiny/age.py", "--tests", "tests"]
    env = {"PYTHONPATH": str(tiny), "TMPDIR": str(scratch)}
    with subprocess.Popen(command, cwd=tiny, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as stopped:
        while not (began := scratch / "began").exists() or not began.read_text():
            time.sleep(0.01)
        stopped.send_signal(sign)
    assert list(scratch.iterdir()) == [began]
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_tests_that_fail_anyway_are_refused(tiny: Path) -> None:
    (tiny / "tests/test_age.py").write_text("def test_nothing():\n    assert False")
    done = mutate(tiny, "src/tiny/age.py", "--tests", "tests")
    assert done.stderr == "mutate: the tests fail without any change, so they can tell nothing\n"
    assert done.returncode == 2


def test_only_the_lines_that_were_asked_for_are_listed(tiny: Path) -> None:
    assert mutate(tiny, "src/tiny/age.py", "--list", "--only", "1").stdout == ""


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("a < b", "(a <= b)"),
        ("a and b", "(a or b)"),
        ("not a", "a"),
        ("x = y if a else b", "x = y if (not a) else b"),
        ("[x for x in y if x.z]", "[x for x in y if (not x.z)]"),
        ("f(7)", "f(8)"),
        ("f(True)", "f(False)"),
        ("f(a, b=c)", "f(a)"),
        ("a.b = c", "pass"),
        ("f(a)", "pass"),
        ("raise E", "pass"),
        ("def f():\n    return a", "def f():\n    return None"),
        ("def f():\n    if not g():\n        return\n    h()", "def f():\n    pass\n    h()"),
        ("async def f():\n    await g()", "async def f():\n    pass"),
        ("def f(a=1): ...", "def f(a=2): ..."),
    ],
)
def test_among_the_mutants_of_a_program_is(source: str, mutated: str) -> None:
    assert mutated.encode() in [each.source(source.encode()) for each in find_mutants(source.encode())]


@pytest.mark.parametrize(
    "source", ['"""Text."""', "import a", "x: f(1)", "@f(1)\ndef g(): ...", "if TYPE_CHECKING:\n    f(1)"]
)
def test_no_mutant_is_made_of_what_does_nothing(source: str) -> None:
    assert find_mutants(source.encode()) == []


def test_a_mutant_stands_where_its_code_does_beside_other_alphabets() -> None:
    source = 'x = "жук"; f(1)\n'.encode()
    assert 'x = "жук"; f(2)\n'.encode() in [each.source(source) for each in find_mutants(source)]


@pytest.mark.parametrize(
    ("file", "test", "reason"),
    [
        ("dispatch/rules/limit/limiter.py", "unit/dispatch/test_limiter.py", "is named after it"),
        ("dispatch/rules/limit/gate.py", "unit/engine/test_limits.py", "is named after the room limit"),
        ("operations/operator.py", "unit/engine/test_restart_refused.py", "calls not_awaited"),
        (
            "engine/run/mailbox.py",
            "unit/engine/test_parking.py",
            "imports podium.engine.run.active_run, which imports it",
        ),
    ],
)
def test_the_nearest_tests_of_a_file_are_found(file: str, test: str, reason: str) -> None:
    assert find_nearest(ROOT, ROOT / "src/podium" / file)[Path("tests", test)] == reason
