"""`podium runs show` of a run that restarted."""

import json
from pathlib import Path

import pytest

from podium import Context, workflow
from podium.testing import scripted
from tests.unit.cli.in_process import podium
from tests.unit.engine.bench import Bench

echo = scripted("echo", lambda value: value)


@workflow
async def counts(ctx: Context, n: int) -> int:
    await ctx.call(echo, n)
    if n < 3:
        await ctx.restart(n + 1)
    return n


@pytest.fixture
async def store(tmp_path: Path) -> str:
    bench = Bench(tmp_path)
    async with bench.app(counts) as app:
        assert await (await app.start(counts, 1, id="run_1")).result() == 3
    return str(bench.path)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ([], ["g3", "g3.0"]),
        (["--generation", "2"], ["g2", "g2.0"]),
        (["--generation", "1"], ["0"]),
        (["--all"], ["0", "g2", "g2.0", "g3", "g3.0"]),
    ],
)
def test_it_shows_the_generation_that_is_asked_for(store: str, options: list[str], keys: list[str]) -> None:
    shown = podium("runs", "show", "run_1", "--store", store, *options)
    assert not shown.status
    words = [line.strip("│├└─ ✓·").split(" ")[0] for line in shown.out.splitlines()]
    assert [word for word in words if word in ("0", "g2", "g2.0", "g3", "g3.0")] == keys
    printed = podium("runs", "show", "run_1", "--store", store, "--facts", "--json", *options)
    assert [fact["key"] for fact in json.loads(printed.out) if fact["kind"] == "asked"] == [
        key for key in keys if key.endswith("0")
    ]


def test_it_says_how_many_came_before(store: str) -> None:
    shown = podium("runs", "show", "run_1", "--store", store).out
    assert "2 generations came before this one: podium runs show run_1 --generation N, or --all" in shown
    assert "came before" not in podium("runs", "show", "run_1", "--store", store, "--all").out


def test_a_generation_that_is_not_there_is_told_with_those_that_are(store: str) -> None:
    shown = podium("runs", "show", "run_1", "--store", store, "--generation", "7")
    assert shown.status
    assert "run run_1 has no generation 7. Its generations: 1, 2, 3." in shown.err


TREE = ("--facts", "--children", "--generation=2", "--all")


@pytest.mark.parametrize(
    "options",
    [
        *([first, other] for first in ("--messages", "g2.0") for other in TREE),
        ["--facts", "--children"], ["--generation=2", "--all"], ["--whole"], ["--whole", "g2.0"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_option_that_would_be_passed_over_is_refused_in_one_line(store: str, options: list[str]) -> None:
    shown = podium("runs", "show", "run_1", "--store", store, *options)
    assert (shown.status, shown.out) == (2, "")
    assert "--messages: it leaves nothing out" in shown.err or " does not go with " in shown.err
    assert len(shown.err.strip().splitlines()) == 1
