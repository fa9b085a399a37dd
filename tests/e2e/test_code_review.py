"""The code review example, run by `podium run` on a small repository with known defects."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import reviewing.model
from podium import Agent, App
from podium.agents.pydantic_ai import llm_agent
from podium.app import run_sync
from podium.cli.load import load
from podium.model.fact import FactKind
from podium.store.protocol import FactQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing.model import Give, ScriptedModel
from reviewing.model import Defect, Source
from reviewing.project import Review

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/code_review"
TOOLS = ("ruff", "mypy", "bandit", "pytest", "git")
PATIENCE = 180.0
CART = """\
import os
import subprocess


def total(prices: list[float]) -> float:
    return sum(prices) * 0.5


def label(count: int) -> str:
    return count


def checkout(command: str) -> None:
    subprocess.call(command, shell=True)
    undefined_thing(command)
"""
TEST = """\
from shop.cart import total


def test_total_adds_up() -> None:
    assert total([1.0, 2.0]) == 3.0
"""
SETTINGS = '[tool.pytest.ini_options]\npythonpath = ["src"]\n\n[tool.mypy]\nmypy_path = "src"\n'


@dataclass(frozen=True, slots=True)
class Shop:
    """A repository with defects, and a machine that has no tools but those put into its .venv."""

    folder: Path

    @property
    def witness(self) -> Path:
        return self.folder / "witness"

    @property
    def hold(self) -> Path:
        return self.folder / "hold"

    @property
    def store(self) -> Path:
        return self.folder / "podium.db"

    @property
    def project(self) -> Path:
        return self.folder / "shop"

    def put(self, tool: str, before: str = "") -> None:
        """Have a tool: it tells the witness that it runs, does what comes before, and is the real one."""
        script = self.project / ".venv/bin" / tool
        real = shutil.which(tool, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        script.write_text(f'#!/bin/sh\necho {tool} $$ >> "{self.witness}"\n{before}\nexec "{real}" "$@"\n')
        script.chmod(0o755)

    def ran(self) -> Counter[str]:
        """Return how often each tool was really started."""
        lines = self.witness.read_text().splitlines() if self.witness.exists() else []
        return Counter(line.partition(" ")[0] for line in lines)

    def command(self, **wanted: object) -> list[str]:
        asked = json.dumps({"path": str(self.project), **wanted})
        podium = [str(self.folder / "bare/python"), "-m", "podium.cli.main", "run", str(EXAMPLE)]
        return [*podium, "--input", asked, "--store", str(self.store), "--tag", "review"]

    def environment(self) -> dict[str, str]:
        packages = os.pathsep.join([str(self.folder / "bare"), str(ROOT / "src"), sysconfig.get_path("purelib")])
        return {"PATH": str(self.folder / "bare"), "PYTHONPATH": packages, "HOME": str(self.folder)}

    def review(self, *options: str, **wanted: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command(**wanted), *options], cwd=self.folder, env=self.environment(), capture_output=True,
            text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip


def make_shop(folder: Path) -> Shop:
    shop = Shop(folder)
    (folder / "bare").mkdir()
    (folder / "bare/python").symlink_to(Path(sys.executable).resolve())
    for name, text in {"src/shop/__init__.py": "", "tests/test_cart.py": TEST, "pyproject.toml": SETTINGS}.items():
        path = shop.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (shop.project / ".venv/bin").mkdir(parents=True)
    (shop.project / ".gitignore").write_text(".venv\n")
    commit(shop.project, "init", "-q")
    for count in range(5):
        (shop.project / "src/shop/cart.py").write_text(CART + "# more\n" * count)
        commit(shop.project, "add", "-A")
        commit(shop.project, "commit", "-q", "-m", f"Change {count}")
    return shop


def commit(project: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=project, env=environment, check=True, timeout=PATIENCE)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


DEFECTS = {
    "src/shop/cart.py:1": "ruff F401",
    "src/shop/cart.py:10": "mypy return-value",
    "src/shop/cart.py:14": "bandit B602",
    "src/shop/cart.py:15": "mypy name-defined, ruff F821",
    "tests/test_cart.py:5": "pytest test-failure",
    "src/shop/cart.py": "git hot-file",
}


def test_every_known_defect_is_found_once_with_all_its_sources_and_the_most_urgent_comes_first(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    for tool in TOOLS:
        shop.put(tool)
    done = shop.review()
    assert done.returncode == 0, done.stderr
    report = done.stdout

    findings = report.partition("## Findings\n\n")[2]
    entries = findings.split("\n\n")[0].replace("  \n   ", " ").splitlines()
    for place, sources in DEFECTS.items():
        found = [entry for entry in entries if f"**{place}** " in entry and f" {sources} · " in entry]
        assert len(found) == 1, f"{place} {sources}: {report}"
    assert findings.startswith("1. **src/shop/cart.py:15** ")
    assert "= high 9 x confidence 0.99 x hotness 2.00" in findings.split("2. **")[0]
    kept = Path(report.rstrip().splitlines()[-1].split("`")[1])
    assert kept.read_text() == report.removesuffix("\n")


GAPS = {
    "type_checker": "mypy is not installed: pip install mypy",
    "security": "bandit ended with status 70: no such luck",
    "tests": "no answer within 5 s",
    "model": 'LLM agents need Pydantic AI, which is an extra: pip install "podium[llm]"',
}


def test_what_could_not_be_looked_at_is_told_with_the_reason_and_disturbs_no_other(tmp_path: Path) -> None:
    """A review without mypy and Pydantic AI, with a Bandit that crashes and tests that hang."""
    shop = make_shop(tmp_path)
    for tool in ("ruff", "git"):
        shop.put(tool)
    shop.put("bandit", 'echo "no such luck" >&2; exit 70')
    shop.put("pytest", f'/bin/sh -c "echo child \\$\\$ >> {shop.witness}; while :; do /bin/sleep 1; done" & wait')
    (shop.folder / "bare/pydantic_ai.py").write_text("raise ModuleNotFoundError(name='pydantic_ai')")
    done = shop.review("--model", "acme:reader", seconds=5)
    assert done.returncode == 0, done.stderr
    for reviewer, reason in GAPS.items():
        assert f"| {reviewer} | - | - | **not done:** {reason} |" in done.stdout
    assert "ruff F821 · " in done.stdout
    assert "git hot-file · " in done.stdout
    lines = [line.split() for line in shop.witness.read_text().splitlines()]
    started = [int(process) for name, process in lines if name in ("pytest", "child")]
    assert len(started) == 2, "tests that hang, and what they started"
    wait_until(lambda: not any(is_alive(process) for process in started))


def test_a_killed_review_goes_on_without_running_a_finished_tool_again(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    for tool in TOOLS:
        shop.put(tool, f'while [ -e "{shop.hold}" ]; do /bin/sleep 0.1; done' if tool == "pytest" else "")
    shop.hold.touch()
    first = subprocess.Popen(shop.command(), cwd=tmp_path, env=shop.environment(), start_new_session=True)
    try:
        wait_until(lambda: answered(shop) == 5 and shop.ran()["pytest"] == 1)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    held = shop.witness.read_text().partition("pytest ")[2].split()[0]
    os.killpg(int(held), signal.SIGKILL)
    shop.hold.unlink()

    second = shop.review()

    assert second.returncode == 0, second.stderr
    assert shop.ran() == {"ruff": 1, "mypy": 1, "bandit": 1, "git": 1, "pytest": 2}
    for source in ("ruff F821", "mypy return-value", "bandit B602", "pytest test-failure", "git hot-file"):
        assert source in second.stdout


def answered(shop: Shop) -> int:
    """Return how many calls of the only run are recorded with their answer."""
    if not shop.store.exists():
        return 0
    store = SqliteStore(str(shop.store))
    try:
        facts = run_sync(store.journal(FactQuery(kinds=[FactKind.ANSWERED], limit=10_000)))
        return len(facts.items)
    finally:
        store.close()


@pytest.mark.parametrize(("path", "problem"), [("nowhere", "does not exist"), ("file", "is a file")])
def test_a_path_that_is_no_folder_is_one_clear_error(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "file").touch()
    shop = Shop(tmp_path)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/python").symlink_to(Path(sys.executable).resolve())
    done = shop.review(path=str(tmp_path / path))
    errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    assert done.returncode == 1
    assert len(errors) == 1
    assert f"{tmp_path / path} {problem}: `path` must be the folder of a project" in errors[0]
    assert "Traceback" not in done.stderr


def test_a_misspelt_wish_is_refused_before_anything_runs(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    shop.put("pytest")
    done = shop.review(skipp=["tests"])
    assert done.returncode == 1
    assert "skipp" in done.stderr
    assert not shop.ran()


async def test_what_a_model_finds_enters_the_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(tmp_path)
    said = [
        {"line": 15, "severity": "high", "message": "undefined_thing is an undefined name"},
        {"line": 6, "severity": "high", "message": "the total is halved"},
        {"line": 9_999, "severity": "high", "message": "not in this file"},
    ]

    def scripted(model: str) -> Agent[Source, list[Defect]]:
        give = ScriptedModel(lambda messages: Give({"response": said if "cart.py" in str(messages) else []}))
        return llm_agent(
            "model", model=give, instructions=model, input=Source, output=list[Defect], prompt=lambda each: each.file
        )

    monkeypatch.setattr(reviewing.model, "reviewer", scripted)
    monkeypatch.setenv("PODIUM_MODEL", "acme:reader")
    wanted = Review(
        path=str(shop.project), report=str(tmp_path / "r.md"), skip=["tests", "security", "type_checker", "history"]
    )
    code_review = load(EXAMPLE / "workflow.py").workflow(None)
    async with App.open(":memory:") as app:
        report = await app.run(code_review, wanted)
    assert "| model | acme:reader | " in report
    assert "model defect, ruff F821 · " in report
    assert "**src/shop/cart.py:6** the total is halved" in report
    assert "not in this file" not in report
