"""All runs of a version are moved at once; those that do not fit stay, and are told."""

import asyncio
import json
from pathlib import Path

import pytest

from podium import App, Context, run_sync, workflow
from tests.unit.cli.in_process import podium


@workflow
async def gate(ctx: Context, text: str) -> str:
    if text == "longer":
        await ctx.sleep(0.001)
    return await ctx.signal("open", str)


NEW = """
from podium import Context, workflow

@workflow(version="2")
async def gate(ctx: Context, text: str) -> str:
    return await ctx.signal("open", str) + "!"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PODIUM_STORE", "x.db")
    (tmp_path / "gate.py").write_text(NEW, encoding="utf-8")

    async def main() -> None:
        async with App.open("x.db", agents=[gate]) as app:
            for name in ("a", "b", "longer"):
                await app.start(gate, name, id=name)
            await (await app.handle("a")).signal("open", "come in")
            await (await app.handle("a")).result()
            while (await app.runs.get("longer")).facts < 4:
                await asyncio.sleep(0)

    run_sync(main())
    return tmp_path


def test_those_that_fit_are_moved_and_the_others_named(desk: Path) -> None:
    done = podium("runs", "repin", "--workflow", "gate", "--version", "1", "--to", "2", "--file", "gate.py")
    assert (done.status, done.out) == (1, "1 run moved to version 2\n")
    assert done.err.startswith("error: run longer cannot go on under version 2: call 0: the journal has a sleep")
    runs = {run["id"]: run["version"] for run in json.loads(podium("runs", "list", "--json").out)}
    assert runs == {"a": "1", "b": "2", "longer": "1"}


def test_where_there_is_none_it_says_so(desk: Path) -> None:
    done = podium("runs", "repin", "--workflow", "gate", "--version", "7", "--to", "2", "--file", "gate.py")
    assert (done.status, done.out) == (0, "no runs of gate 7 that have not ended\n")


@pytest.mark.parametrize("which", ["", "a --workflow gate --version 1", "--workflow gate", "--version 1"])
def test_it_has_to_be_said_which(desk: Path, which: str) -> None:
    done = podium("runs", "repin", *which.split(), "--to", "2", "--file", "gate.py")
    assert done.err == "error: say which: RUN, or --workflow NAME and --version VERSION.\n"


def test_a_version_that_is_not_there_moves_nothing(desk: Path) -> None:
    done = podium("runs", "repin", "--workflow", "gate", "--version", "1", "--to", "3", "--file", "gate.py")
    assert done.err == "error: 'gate' has no version '3'. Registered: 2.\n"
