"""Runs and questions by as much of their ids as is unique, wherever one is asked for."""

import asyncio
import json
from pathlib import Path

import pytest

from podium import App, Context, agent, run_sync, workflow
from tests.unit.cli.in_process import Printed, podium


@agent
async def add(number: int) -> int:
    return number + 1


@workflow
async def part(ctx: Context, number: int) -> int:
    return await ctx.call(add, number)


@workflow
async def whole(ctx: Context, number: int) -> int:
    child = await ctx.spawn(part, number)
    return await child.result()


@workflow
async def fails(ctx: Context) -> int:
    raise ValueError("no")


@workflow
async def asks(ctx: Context) -> str:
    return await ctx.ask("Which?", answer=str, to="boss")


MOVED = """
from podium import Context, workflow

@workflow(version="2")
async def fails(ctx: Context) -> int:
    return 1
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with runs whose ids begin alike, some with child runs."""
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        async with App.open("x.db", agents=[whole, part, fails, asks]) as app:
            await (await app.start(whole, 1, id="run_abc1")).result()
            await (await app.start(whole, 1, id="run_abd2")).result()
            await app.start(fails, id="run_fa11")
            await app.start(asks, id="run_q1")
            while len(await app.inbox.list()) + len(await app.reports.dead_letters()) < 2:
                await asyncio.sleep(0)

    run_sync(main())
    return "x.db"


def shown(*arguments: str, store: str) -> Printed:
    return podium(*arguments, "--store", store)


def test_a_run_is_known_by_as_much_of_its_id_as_is_unique(store: str) -> None:
    assert json.loads(shown("runs", "show", "run_abc", "--json", store=store).out)["id"] == "run_abc1"
    assert json.loads(shown("runs", "show", "run_abc1.", "--json", store=store).out)["id"] == "run_abc1.0"


def test_a_name_that_several_share_is_refused_with_those_it_may_mean(store: str) -> None:
    for command in (("runs", "show"), ("runs", "cancel"), ("dead-letters", "show"), ("costs", "--run")):
        refused = shown(*command, "run_ab", store=store)
        assert refused.status == 1
        assert refused.err == (
            "error: the ids of several runs begin with 'run_ab': run_abd2, run_abc1."
            " Give more of the one that you mean.\n"
        )


def test_a_name_that_no_run_has_is_refused_as_before(store: str) -> None:
    refused = shown("runs", "show", "run_x%", store=store)
    assert refused.err == "error: no run is called 'run_x%'. `podium runs list` shows those there are.\n"


@pytest.mark.parametrize("command", [("runs", "show"), ("runs", "cancel"), ("inbox", "show"), ("dead-letters", "show")])
def test_an_empty_name_is_refused(store: str, command: tuple[str, ...]) -> None:
    refused = shown(*command, "", store=store)
    assert refused.status == 1
    assert refused.err.startswith("error: the id is empty, as that of a shell variable that is not set")


def test_questions_are_known_so_too(store: str) -> None:
    (question,) = json.loads(shown("inbox", "list", "--json", store=store).out)
    part_of_it = question["question"][:6]
    whole = json.loads(shown("inbox", "show", part_of_it, "--json", store=store).out)
    assert {name: whole[name] for name in question} == question
    assert (whole["said_before"], whole["discussion"], whole["former"], whole["workflow"]) == ([], [], None, "asks")
    answered = shown("inbox", "answer", part_of_it, "this", "--by", "ann", store=store)
    assert answered.out.startswith("answered by ann. Run run_q1 goes on")


@pytest.mark.parametrize(
    "command",
    [
        "runs show run_fa", "runs verify run_fa", "runs redact run_fa --why x", "runs retry run_fa",
        "dead-letters show run_fa", "dead-letters discard run_fa --why x", "dead-letters requeue run_fa",
        "graph --run run_fa", "costs --run run_fa", "audit export --run run_fa",
    ],
)  # fmt: skip
def test_every_command_that_takes_a_run_takes_part_of_its_id(store: str, command: str) -> None:
    done = shown(*command.split(), store=store)
    assert (done.status or 0, done.err) == (0, "")


def test_two_names_of_one_run_requeue_it_once(store: str) -> None:
    done = shown("dead-letters", "requeue", "run_fa", "run_fa1", "run_zz", store=store)
    assert done.out == "1 run ready to go on: podium work FILE\n"
    assert done.err == "error: no run is called 'run_zz'. `podium runs list` shows those there are.\n"


def test_a_requeue_tells_of_a_run_that_is_blocked_afterwards(store: str) -> None:
    Path("moved.py").write_text(MOVED, encoding="utf-8")
    done = shown("dead-letters", "requeue", "run_fa", "--file", "moved.py", "--json", store=store)
    (told,) = json.loads(done.out)
    assert (done.status, told["requeued"]) == (1, True)
    assert told["error"].startswith("run run_fa11 is blocked: no worker has fails version 1")
