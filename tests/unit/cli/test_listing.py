"""`podium runs list`: which runs, what is told of them, and how it looks on a terminal of 80 columns."""

import asyncio
import json
from pathlib import Path

import pytest

from podium import App, Context, run_sync, workflow
from tests.unit.cli.in_process import podium


@workflow
async def tea(ctx: Context, text: str) -> str:
    return text


@workflow
async def fails_at_length(ctx: Context) -> str:
    raise ValueError("there was no tea, " * 5)


@workflow
async def family(ctx: Context) -> str:
    child = await ctx.spawn(tea, "x" * 60)
    await child.result()
    return await ctx.ask("Which one of all these should it be? " * 3, answer=str, to="somebody")


CHILD = "run_0123456789abcdef.0"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        async with App.open("x.db", agents=[tea, fails_at_length, family]) as app:
            await app.run(tea, "1", id="t1", tag="first", tenant="acme")
            await app.run(tea, "2", id="t2", tag="second")
            await app.start(fails_at_length, id="f1")
            await app.start(family, id="run_0123456789abcdef")
            while len(await app.inbox.list()) + len(await app.reports.dead_letters()) < 2:
                await asyncio.sleep(0)

    run_sync(main())
    monkeypatch.setenv("PODIUM_STORE", "x.db")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--tag first", {"t1"}),
        ("--tenant acme", {"t1"}),
        ("--text SECO", {"t2"}),
        ("--text NO_TEA", set[str]()),
        ("--text no", {"f1"}),
        ("--workflow tea --state done", {"t1", "t2", CHILD}),
        ("--since 1h --state failed", {"f1"}),
        ("--until 1h", set[str]()),
        ("--since 2020-01-01 --until 2020-01-02", set[str]()),
    ],
)
def test_runs_are_listed_by_every_condition(desk: Path, options: str, expected: set[str]) -> None:
    listed = json.loads(podium("runs", "list", *options.split(), "--json").out)
    assert {run["id"] for run in listed} == expected


def test_a_time_that_is_none_is_refused(desk: Path) -> None:
    refused = podium("runs", "list", "--since", "yesterday")
    assert refused.err.startswith("error: --since 'yesterday' is no day or time: expected 2026-03-31, ")


def test_the_tag_is_shown_and_that_there_are_more(desk: Path) -> None:
    first = podium("runs", "list", "--workflow", "tea", "--text", "t", "--limit", "2")
    assert first.out.splitlines()[0].split()[:4] == ["RUN", "WORKFLOW", "STATE", "TAG"]
    assert first.err.startswith("there are more: --limit N for so many at once, --cursor ")
    cursor = first.err.split()[-5]
    rest = podium("runs", "list", "--workflow", "tea", "--cursor", cursor)
    assert (rest.out.splitlines()[1].split()[:5], rest.err) == (["t1", "tea", "1", "done", "first"], "")


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("command", ["runs list", "inbox list", "runs show run_0123456789abcdef --children"])
def test_ids_stand_on_one_line_of_a_narrow_terminal(desk: Path, command: str, width: int) -> None:
    (question,) = json.loads(podium("inbox", "list", "--json").out)
    wanted = [question["run"], CHILD] if command.startswith("runs") else [question["run"], question["question"]]
    shown = podium(*command.split(), width=width).out.splitlines()
    for each in wanted:
        assert any(each in line.split() for line in shown), shown


def test_a_table_fits_a_terminal_of_80_columns(desk: Path) -> None:
    assert max(map(len, podium("runs", "list", width=80).out.splitlines())) <= 80


def test_the_version_is_told() -> None:
    assert podium("--version").out.startswith("podium 0.")


def test_a_call_is_printed_in_full(desk: Path) -> None:
    shown = podium("runs", "show", "run_0123", "2").out
    assert shown.startswith("2  open\n\nq_")
    assert "Which one of all these should it be? " * 3 in shown
    told = json.loads(podium("runs", "show", "run_0123", "2", "--json").out)
    assert (told["state"], told["questions"][0]["to"]) == ("open", "somebody")
    refused = podium("runs", "show", "run_0123", "7")
    assert (refused.status, refused.err.startswith("error: run run_0123")) == (1, True)
