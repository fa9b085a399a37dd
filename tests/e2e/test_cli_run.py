"""`podium run` in real processes: values, people, interruptions, and the pile that is killed."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.cli import Desk, Ended, environment, kill, until
from tests.forking import commands

TEAM = """
from podium import Approval, Context, agent, workflow

@agent
async def double(number: int) -> int:
    return 2 * number

@workflow
async def team(ctx: Context, number: int) -> dict[str, int]:
    return {"twice": await ctx.call(double, number)}
"""

EDITORS = """
from podium import Approval, Context, agent, workflow

@agent
async def draft(topic: str) -> str:
    with open("witness.txt", "a") as file:
        file.write(topic + "\\n")
    return f"All about {topic}."

@workflow
async def article(ctx: Context, topic: str) -> str:
    text = await ctx.call(draft, topic)
    decision = await ctx.ask(Approval("Publish it?", text), to="editors")
    return text if decision.approved else f"refused: {decision.comment}"
"""

START = """
from podium import App, run_sync
from team import team

async def main():
    async with App.open(queues=["nobody's"]) as app:
        for queue in ("gpu", "mail", "other"):
            await app.start(team, 4, queue=queue)

run_sync(main())
"""

IN_BACKGROUND = """
import signal, sys
from podium.cli.main import main

signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.argv = ["podium", "work", "article.py", "--forever"]
main()
"""

PILE = """
import asyncio, os
from podium import Call, Context, agent, workflow

def witness(call: Call, phase: str) -> None:
    with open("witness.txt", "a") as file:
        file.write(f"{phase} {call.idempotency_key}\\n")

@agent
async def read(item: dict[str, int], call: Call) -> int:
    witness(call, "read")
    return item["n"]

@agent
async def square(number: int, call: Call) -> int:
    witness(call, "begin")
    while os.path.exists("hold") and number >= 6:
        await asyncio.sleep(0.01)
    witness(call, "end")
    if number == 3:
        raise ValueError("three is refused")
    return number * number

@workflow
async def pile(ctx: Context, item: dict[str, int]) -> int:
    return await ctx.call(square, await ctx.call(read, item))
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_run_without_input_has_the_default_of_its_parameter(desk: Desk) -> None:
    desk.write("team.py", TEAM.replace("team(ctx: Context, number: int)", "team(ctx: Context, number: int = 21)"))
    assert json.loads(desk.podium("run", "team.py").out) == {"twice": 42}
    assert json.loads(desk.podium("run", "team.py", "--input", "2").out) == {"twice": 4}


def test_a_value_is_printed_as_json_and_nothing_else_is_on_standard_output(desk: Desk) -> None:
    desk.write("team.py", TEAM)
    ended = desk.podium("run", "team.py", "--input", "21")
    assert (ended.status, json.loads(ended.out)) == (0, {"twice": 42})


def test_text_is_printed_as_it_is(desk: Desk) -> None:
    desk.write(
        "t.py",
        "from podium import Context, workflow\n\n@workflow\nasync def t(ctx: Context) -> str:\n    return 'a\\nb'\n",
    )
    assert desk.podium("run", "t.py:t").out == "a\nb\n"


@pytest.mark.parametrize(("given", "stdin"), [("@in.json", ""), ("-", "21")])
def test_the_input_comes_from_a_file_or_standard_input(desk: Desk, given: str, stdin: str) -> None:
    desk.write("team.py", TEAM)
    desk.write("in.json", "21")
    ended = desk.podium("run", "team.py:team", "--input", given, "--json", stdin=stdin)
    assert ended.json == {"run": desk.only_run(), "state": "done", "value": {"twice": 42}}


def test_a_folder_is_run_by_its_workflow_file_which_may_be_a_package(desk: Desk) -> None:
    desk.write("examples/review/__init__.py", "")
    desk.write("examples/review/agents.py", TEAM)
    desk.write("examples/review/workflow.py", "from .agents import team\n")
    assert desk.podium("run", "examples/review", "--input", "1").out == '{\n  "twice": 2\n}\n'


def test_model_and_settings_reach_the_file(desk: Desk) -> None:
    source = "import os\nfrom podium import Context, workflow\n\nMODEL = os.environ['PODIUM_MODEL']\n\n@workflow\n"
    desk.write("m.py", source + "async def m(ctx: Context) -> list[str]:\n    return [MODEL, os.environ['TONE']]\n")
    ended = desk.podium("run", "m.py", "--model", "openai:tiny", "--set", "TONE=dry")
    assert json.loads(ended.out) == ["openai:tiny", "dry"]


def test_the_same_tag_finds_the_same_run(desk: Desk) -> None:
    desk.write("article.py", TEAM)
    for _ in range(2):
        assert desk.podium("run", "article.py", "--input", "1", "--tag", "order-7").status == 0
    assert desk.only_run()


def test_a_run_that_waits_for_a_person_is_left_parked_and_goes_on_after_the_answer(desk: Desk) -> None:
    desk.write("article.py", EDITORS)
    parked = desk.podium("run", "article.py", "--input", '"tea"')
    (question,) = desk.podium("inbox", "list", "--json").json
    assert parked.status == 3
    assert parked.out == ""
    assert f"podium inbox answer {question['question']} yes|no --by NAME" in parked.err
    assert f"podium run article.py --resume {desk.only_run()}" in parked.err
    answered = desk.podium("inbox", "answer", question["question"], "no", "--by", "ann", "--comment", "too short")
    assert answered.status == 0
    assert "podium work FILE" in answered.out
    resumed = desk.podium("run", "article.py", "--resume", desk.only_run())
    assert (resumed.status, resumed.out) == (0, "refused: too short\n")
    assert desk.lines("witness.txt") == ["tea"]


def test_work_drives_what_was_answered_and_leaves_what_still_waits(desk: Desk) -> None:
    desk.write("article.py", EDITORS)
    for topic in ("tea", "rain"):
        assert desk.podium("run", "article.py", "--input", json.dumps(topic)).status == 3
    question = desk.podium("inbox", "list", "--json").json[0]
    desk.podium("inbox", "answer", question["question"], "yes", "--by", "ann")
    worked = desk.podium("work", "article.py", "--json")
    assert worked.status == 0
    assert sorted(worked.json["runs"].values()) == ["done", "parked"]
    assert desk.podium("work", "article.py").out == "1 parked\n"


def test_a_worker_of_some_queues_drives_their_runs_and_no_others(desk: Desk) -> None:
    desk.write("team.py", TEAM)
    desk.write("start.py", START)
    assert desk.python("start.py").status == 0
    assert desk.podium("work", "team.py", "--queue", "gpu", "--queue", "mail").out == "2 done\n"
    assert desk.podium("work", "team.py", "--queue", "nobody's").out == "nothing to do\n"
    assert desk.podium("work", "team.py").out == "1 done\n"


def test_a_serving_worker_takes_an_answer_up_by_itself_and_ends_on_a_signal(desk: Desk) -> None:
    desk.write("article.py", EDITORS)
    desk.podium("run", "article.py", "--input", '"tea"')
    worker = desk.begin("work", "article.py", "--forever")
    question = desk.podium("inbox", "list", "--json").json[0]
    desk.podium("inbox", "answer", question["question"], "yes", "--by", "ann")
    tailed = desk.podium("runs", "tail", desk.only_run(), "--json")
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=120)
    assert json.loads(tailed.out.splitlines()[-1])["type"] == "run_ended"
    assert worker.returncode == 130
    assert "The same command again goes on." in told


def test_a_worker_in_the_background_where_an_interrupt_is_ignored_ends_when_it_is_terminated(desk: Desk) -> None:
    desk.write("article.py", EDITORS)
    desk.podium("run", "article.py", "--input", '"tea"')
    worker = commands.begin(["python", "-c", IN_BACKGROUND], cwd=desk.folder, env=environment())
    question = desk.podium("inbox", "list", "--json").json[0]
    desk.podium("inbox", "answer", question["question"], "yes", "--by", "ann")
    desk.podium("runs", "tail", desk.only_run(), "--json")
    worker.send_signal(signal.SIGINT)
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=120)
    assert worker.returncode == 130
    assert "The same command again goes on." in told


def test_an_interrupted_run_says_how_to_go_on_and_does(desk: Desk) -> None:
    desk.write("podium.toml", "[podium]\ngrace = 0.2\n")  # what holds does not end
    desk.write("pile.py", PILE)
    desk.write("hold", "")
    running = desk.begin("run", "pile.py", "--input", '{"n": 7}')
    until(lambda: len(desk.lines("witness.txt")) == 2)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)
    run = desk.only_run()
    assert running.returncode == 130
    assert f"podium run pile.py --resume {run}" in told
    (desk.folder / "hold").unlink()
    assert desk.podium("run", "pile.py", "--resume", run).out == "49\n"
    assert Counter(line.split()[0] for line in desk.lines("witness.txt")) == {"read": 1, "begin": 2, "end": 1}


def test_a_run_that_ends_after_the_word_to_stop_is_done(desk: Desk) -> None:
    desk.write("pile.py", PILE)
    desk.write("hold", "")
    running = desk.begin("run", "pile.py", "--input", '{"n": 7}')
    until(lambda: len(desk.lines("witness.txt")) == 2)
    running.send_signal(signal.SIGINT)
    (desk.folder / "hold").unlink()
    out, told = running.communicate(timeout=120)
    assert (running.returncode, out, "interrupted" in told) == (0, "49\n", False)


def test_a_killed_run_is_finished_by_work(desk: Desk) -> None:
    desk.write("pile.py", PILE)
    desk.write("hold", "")
    running = desk.begin("run", "pile.py", "--input", '{"n": 7}')
    until(lambda: len(desk.lines("witness.txt")) == 2)
    kill(running)
    (desk.folder / "hold").unlink()
    diagnosed = desk.podium("doctor")
    assert diagnosed.status == 1
    assert "1 run left by a process that died" in diagnosed.out
    assert desk.podium("work", "pile.py").out == "1 done\n"
    assert desk.podium("doctor").status == 0


def test_a_pile_killed_in_the_middle_is_finished_without_doing_anything_twice(desk: Desk) -> None:
    desk.write("pile.py", PILE)
    desk.write("hold", "")
    numbers = [1, 2, 1, 3, 4, 5, 6, 7, 8, 2]
    desk.write("items.jsonl", "\n".join(json.dumps({"n": number}) for number in numbers) + "\n\n")
    command = ("run", "pile.py", "--each", "items.jsonl", "--concurrency", "3")
    running = desk.begin(*command)
    until(lambda: sum(line.startswith("end") for line in desk.lines("witness.txt")) == 6 and _held(desk) == 3)
    kill(running)
    assert not (desk.folder / "items.results.jsonl").exists()
    (desk.folder / "hold").unlink()
    again = desk.podium(*command)
    assert again.status == 1
    assert again.out == "9 done, 1 failed: items.results.jsonl\n"
    rows = [json.loads(line) for line in desk.lines("items.results.jsonl")]
    assert [row["line"] for row in rows] == list(range(1, 11))
    assert [row.get("value") for row in rows] == [1, 4, 1, None, 16, 25, 36, 49, 64, 4]
    assert "three is refused" in rows[3]["error"]
    assert len({row["run"] for row in rows}) == 10
    done = Counter(line for line in desk.lines("witness.txt") if not line.startswith("begin"))
    assert set(done.values()) == {1}
    assert len(done) == 20
    assert desk.podium(*command).status == 1
    assert Counter(line for line in desk.lines("witness.txt") if not line.startswith("begin")) == done


def _held(desk: Desk) -> int:
    phases = Counter(line.split()[0] for line in desk.lines("witness.txt"))
    return phases["begin"] - phases["end"]


def test_a_pile_in_another_order_is_done_already(desk: Desk) -> None:
    desk.write("pile.py", PILE)
    for order in ([1, 2, 4], [4, 1, 2]):
        desk.write("items.jsonl", "\n".join(json.dumps({"n": number}) for number in order))
        ended = desk.podium("run", "pile.py", "--each", "items.jsonl", "--out", "out.jsonl", "--json")
        assert ended.json == {"items": 3, "states": {"done": 3}, "results": "out.jsonl"}
        assert [json.loads(line)["value"] for line in desk.lines("out.jsonl")] == [n * n for n in order]
    assert len(desk.lines("witness.txt")) == 9


def test_a_pile_tells_plainly_how_far_it_has_come(desk: Desk) -> None:
    desk.write("pile.py", PILE)
    desk.write("items.jsonl", '{"n": 1}\n{"n": 2}\n')
    ended = desk.podium("run", "pile.py", "--each", "items.jsonl", "--concurrency", "1")
    assert [line.rpartition(" ")[0] for line in ended.err.splitlines()] == ["[1/2] line 1 done", "[2/2] line 2 done"]


def test_items_that_wait_for_a_person_hold_up_nobody(desk: Desk) -> None:
    desk.write("article.py", EDITORS)
    desk.write("items.jsonl", '"tea"\n"rain"\n"snow"\n')
    command = ("run", "article.py", "--each", "items.jsonl", "--concurrency", "1")
    first = desk.podium(*command)
    assert first.status == 3
    assert first.out == "3 waiting: items.results.jsonl\n"
    waiting = [question["question"] for question in desk.podium("inbox", "list", "--json").json]
    page = desk.podium("inbox", "list", "--json", "--limit", "2")
    cursor = page.err.split("--cursor ")[1].split()[0]
    rest = desk.podium("inbox", "list", "--json", "--cursor", cursor)
    assert [question["question"] for each in (page, rest) for question in each.json] == waiting
    assert rest.err == ""
    for question in waiting:
        desk.podium("inbox", "answer", question, "yes", "--by", "ann")
    assert desk.podium(*command).status == 0
    assert [json.loads(line)["value"] for line in desk.lines("items.results.jsonl")] == [
        "All about tea.", "All about rain.", "All about snow.",
    ]  # fmt: skip
    assert Counter(desk.lines("witness.txt")) == {"tea": 1, "rain": 1, "snow": 1}


BUSY = """
from podium import Approval, Context, days, workflow

@workflow
async def part(ctx: Context) -> bool:
    return (await ctx.ask(Approval("Well?"), to="boss", within=days(2))).approved

@workflow
async def busy(ctx: Context) -> bool:
    child = await ctx.spawn(part, None)
    approved, _ = await ctx.gather(child.result(), ctx.sleep(0.8))
    return approved
"""


def test_a_run_is_left_only_once_nothing_else_is_under_way_and_its_child_asks(desk: Desk) -> None:
    desk.write("busy.py", BUSY)
    parked = desk.podium("run", "busy.py:busy", "--json")
    assert parked.status == 3
    assert [(question["to"], question["run"]) for question in parked.json["questions"]] == [
        ("boss", f"{parked.json['run']}.0")
    ]
    tree = desk.podium("runs", "show", parked.json["run"], "--json").json["tree"]
    assert {node["kind"]: node["state"] for node in tree["children"]} == {
        "child": "started",
        "wait": "open",
        "sleep": "done",
    }


def test_an_interrupted_pile_says_what_is_done_and_goes_on(desk: Desk) -> None:
    desk.write("podium.toml", "[podium]\ngrace = 0.2\n")  # what holds does not end
    desk.write("pile.py", PILE)
    desk.write("hold", "")
    desk.write("items.jsonl", '{"n": 1}\n{"n": 7}\n{"n": 2}\n')
    command = ("run", "pile.py", "--each", "items.jsonl", "--concurrency", "1")
    running = desk.begin(*command)
    until(lambda: _held(desk) == 1 and len(desk.lines("witness.txt")) == 5)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)
    assert running.returncode == 130
    assert told.endswith("interrupted: what is done is kept. The same command again goes on.\n")
    states = [json.loads(line)["state"] for line in desk.lines("items.results.jsonl")]
    assert states == ["done", "running", "not started"]
    (desk.folder / "hold").unlink()
    assert desk.podium(*command).out == "3 done: items.results.jsonl\n"


@pytest.mark.parametrize("items", [1, 400])
def test_to_a_reader_who_leaves_early_nothing_more_is_said(desk: Desk, items: int) -> None:
    desk.write("team.py", TEAM)
    desk.write("items.jsonl", "\n".join(map(str, range(items))))
    assert desk.podium("run", "team.py", "--each", "items.jsonl", "--concurrency", "50").status == 0
    assert desk.unread("runs", "list", "--limit", "400", "--json") == Ended(1, "", "")
