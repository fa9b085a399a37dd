"""Looking at runs and changing them, drawing, and a new project, in real processes."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.e2e.cli import Desk, environment, kill, until

SHOP = """
import os
from podium import Context, agent, workflow

def log(word: str) -> None:
    with open("witness.txt", "a") as file:
        file.write(word + "\\n")

@agent
async def price(thing: str) -> int:
    log("price")
    return len(thing)

@agent
async def pay(amount: int) -> str:
    log("pay")
    if not os.path.exists("money"):
        raise ValueError("no money")
    return f"paid {amount}"

@workflow
async def shop(ctx: Context, thing: str) -> str:
    return await ctx.call(pay, await ctx.call(price, thing))
"""

FAMILY = """
from podium import Context, agent, workflow

@agent
async def add(number: int) -> int:
    return number + 1

@workflow
async def part(ctx: Context, number: int) -> int:
    return await ctx.call(add, number)

@workflow
async def whole(ctx: Context, number: int) -> int:
    inline = await ctx.call(part, number)
    child = await ctx.spawn(part, inline)
    return await child.result()
"""

GATE = """
from podium import Context, workflow

@workflow
async def gate(ctx: Context) -> str:
    return await ctx.signal("open", str)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def failed_run(desk: Desk) -> str:
    desk.write("shop.py", SHOP)
    assert desk.podium("run", "shop.py", "--input", '"tea"').status == 1
    return desk.only_run()


def test_runs_are_listed_newest_first_and_filtered(desk: Desk) -> None:
    desk.write("family.py", FAMILY)
    desk.podium("run", "family.py:whole", "--input", "1")
    assert [run["workflow"] for run in desk.podium("runs", "list", "--json").json] == ["part", "whole"]
    (only,) = desk.podium("runs", "list", "--workflow", "whole", "--state", "done", "--limit", "9", "--json").json
    assert only["workflow"] == "whole"
    assert desk.podium("runs", "list", "--state", "failed").out == "no such runs\n"
    table = desk.podium("runs", "list").out.splitlines()
    assert table[0].split() == ["RUN", "WORKFLOW", "STATE", "TAG", "STARTED", "TOOK", "FACTS", "REASON"]
    assert table[2].split()[:4] == [only["id"], "whole", "1", "done"]


def test_show_draws_the_calls_and_the_child_runs_on_request(desk: Desk) -> None:
    desk.write("family.py", FAMILY)
    desk.podium("run", "family.py:whole", "--input", "1")
    run = desk.podium("runs", "list", "--workflow", "whole", "--json").json[0]["id"]
    short, long = desk.podium("runs", "show", run).out, desk.podium("runs", "show", run, "--children").out
    assert short.count("add") == 1
    assert long.count("add") == 2
    assert f"run {run}.1" in short
    told = desk.podium("runs", "show", run, "--json", "--children").json
    assert [node["kind"] for node in told["tree"]["children"]] == ["workflow", "child", "wait"]
    assert told["runs"][0]["id"] == f"{run}.1"
    facts = desk.podium("runs", "show", run, "--facts", "--json").json
    assert [fact["seq"] for fact in facts] == list(range(len(facts)))
    assert facts[0]["kind"] == "started"


def test_a_failed_run_is_retried_from_what_failed(desk: Desk) -> None:
    run = failed_run(desk)
    desk.write("money", "")
    ended = desk.podium("runs", "retry", run, "--file", "shop.py")
    assert (ended.status, ended.out) == (0, "paid 3\n")
    assert desk.lines("witness.txt") == ["price", "pay", "pay"]


def test_a_retry_without_the_code_leaves_the_run_to_a_worker(desk: Desk) -> None:
    run = failed_run(desk)
    desk.write("money", "")
    assert desk.podium("runs", "retry", run).out == f"run {run} is ready to go on: podium work FILE\n"
    assert desk.podium("doctor").status == 1
    assert desk.podium("work", "shop.py").out == "1 done\n"


def test_a_run_that_is_done_cannot_be_retried(desk: Desk) -> None:
    desk.write("money", "")
    desk.write("shop.py", SHOP)
    desk.podium("run", "shop.py", "--input", '"tea"')
    ended = desk.podium("runs", "retry", desk.only_run())
    assert ended.status == 1
    assert ended.err == f"error: run {desk.only_run()} is done: this is possible for a run that is blocked or failed.\n"


def test_a_fork_makes_anew_only_what_comes_after_the_cut(desk: Desk) -> None:
    run = failed_run(desk)
    desk.write("money", "")
    ended = desk.podium("runs", "fork", run, "--from", "1", "--file", "shop.py")
    assert (ended.status, ended.out) == (0, "paid 3\n")
    assert desk.lines("witness.txt") == ["price", "pay", "pay"]
    new, old = desk.podium("runs", "list", "--json").json
    assert (new["state"], old["state"]) == ("done", "failed")
    assert f"! forked from run {run}" in desk.podium("runs", "show", new["id"]).out


def test_a_fork_of_a_run_that_was_retried_keeps_what_it_does_itself(desk: Desk) -> None:
    run = failed_run(desk)
    desk.write("money", "")
    desk.podium("runs", "retry", run, "--file", "shop.py")
    assert desk.podium("runs", "fork", run, "--from", "1", "--file", "shop.py").out == "paid 3\n"
    drawn = desk.podium("runs", "show", "last").out
    assert "✓ 0 price" in drawn
    assert "✓ 1 pay" in drawn


def test_a_run_of_an_older_version_is_blocked_until_it_is_moved(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    assert desk.podium("run", "gate.py").status == 3
    run = desk.only_run()
    desk.write("gate.py", GATE.replace("@workflow", '@workflow(version="2")').replace("str)", "str) + '!'"))
    desk.podium("runs", "signal", run, "open", '"come in"')
    blocked = desk.podium("run", "gate.py", "--resume", run)
    assert blocked.status == 1
    assert blocked.err.splitlines()[-1].startswith(f"error: run {run} is blocked: no worker has gate version 1")
    moved = desk.podium("runs", "repin", run, "--to", "2", "--file", "gate.py")
    assert (moved.status, moved.out) == (0, "come in!\n")


def test_a_blocked_run_is_retried_once_the_old_code_is_back(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    desk.podium("run", "gate.py")
    run = desk.only_run()
    desk.podium("runs", "signal", run, "open", '"come in"')
    desk.write("gate.py", GATE.replace("@workflow", '@workflow(version="2")'))
    assert desk.podium("work", "gate.py").status == 1
    desk.write("gate.py", GATE)
    assert desk.podium("runs", "retry", run, "--file", "gate.py").out == "come in\n"


def test_a_run_that_waits_for_a_signal_says_so_and_takes_it(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    parked = desk.podium("run", "gate.py")
    run = desk.only_run()
    assert parked.status == 3
    assert f"waits for the signal 'open'\n  send:    podium runs signal {run} open JSON\n" in parked.err
    assert desk.podium("runs", "signal", run, "open", '"come in"').status == 0
    assert desk.podium("run", "gate.py", "--resume", run).out == "come in\n"


def test_a_cancelled_run_ends_cancelled(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    desk.podium("run", "gate.py")
    run = desk.only_run()
    assert desk.podium("runs", "cancel", run, "--reason", "closed today").status == 0
    resumed = desk.podium("run", "gate.py", "--resume", run)
    assert resumed.status == 1
    assert f"error: run {run} was cancelled" in resumed.err
    assert "! cancel was asked for: closed today" in desk.podium("runs", "show", run).out
    again = desk.podium("runs", "cancel", run)
    assert again.status == 1
    assert again.err == f"error: run {run} has ended (cancelled): it cannot take a cancel any more.\n"


def test_tail_prints_what_comes_until_the_end(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    desk.podium("run", "gate.py")
    run = desk.only_run()
    tail = desk.begin("runs", "tail", run)
    desk.podium("runs", "signal", run, "open", '"x"')
    desk.podium("work", "gate.py")
    out, _ = tail.communicate(timeout=120)
    told = [line for line in out.splitlines() if "may have been missed" not in line]
    assert told == ["run of gate 1 started", '0 done: "x"', 'done: "x"']
    assert tail.returncode == 0


def test_a_changed_fact_is_found_by_verify_and_doctor(desk: Desk) -> None:
    run = failed_run(desk)
    holds = desk.podium("runs", "verify", run)
    assert (holds.status, holds.out) == (0, f"run {run}: the chain of its 6 facts holds\n")
    with sqlite3.connect(desk.folder / ".podium/podium.db") as connection:
        connection.execute("UPDATE facts SET payload = x'39' WHERE payload = x'33'")
    connection.close()
    broken = desk.podium("runs", "verify", run)
    assert broken.status == 1
    assert broken.err.startswith(f"error: run {run}, fact ")
    assert "the fact was changed" in broken.err
    diagnosed = desk.podium("doctor", "--json")
    assert diagnosed.status == 1
    wrong = next(each["what"] for each in diagnosed.json if each["level"] == "wrong")
    assert wrong.startswith(f"run {run}, fact ")


def test_doctor_finds_nothing_wrong_in_an_empty_folder(desk: Desk) -> None:
    ended = desk.podium("doctor")
    assert ended.status == 0
    assert "note   there is no store at .podium/podium.db yet" in ended.out


def test_doctor_sees_a_worker_and_a_blocked_run(desk: Desk) -> None:
    desk.write("gate.py", GATE)
    desk.podium("run", "gate.py")
    worker = desk.begin("work", "gate.py", "--forever")
    until(lambda: "1 worker alive" in desk.podium("doctor").out)
    kill(worker)
    assert "0 workers alive" in desk.podium("doctor").out
    run = desk.only_run()
    desk.podium("runs", "signal", run, "open", '"x"')
    desk.write("gate.py", GATE.replace("@workflow", '@workflow(version="2")'))
    assert desk.podium("work", "gate.py").status == 1
    assert f"WRONG  run {run} is blocked: no worker has gate version 1" in desk.podium("doctor").out


def test_an_inbox_shows_and_takes_answers_that_fit(desk: Desk) -> None:
    desk.write(
        "ask.py",
        "from typing import Annotated\n\nfrom podium import Context, workflow\nfrom pydantic import Field\n\n"
        "Word = Annotated[str, Field(min_length=2)]\n\n@workflow\nasync def ask(ctx: Context) -> str:\n"
        "    return await ctx.ask('Which one?', answer=Word, subject={'of': ['a', 'b']}, to='chef')\n",
    )
    desk.podium("run", "ask.py")
    assert desk.podium("inbox", "list", "--to", "nobody").out == "nothing waits for nobody\n"
    (question,) = desk.podium("inbox", "list", "--to", "chef", "--json").json
    assert "Which one?" in desk.podium("inbox", "list").out
    shown = desk.podium("inbox", "show", question["question"]).out
    assert '"of"' in shown
    unfit = desk.podium("inbox", "answer", question["question"], "7")
    assert unfit.status == 1
    assert "does not fit" in unfit.err
    assert desk.podium("inbox", "answer", question["question"], "the second", "--by", "ann").status == 0
    late = desk.podium("inbox", "answer", question["question"], "the first", "--by", "bob")
    assert late.status == 1
    assert late.err == f"error: question {question['question']} is answered: too late to answer it\n"
    assert desk.podium("run", "ask.py", "--resume", desk.only_run()).out == "the second\n"


def test_a_graph_is_drawn_from_the_source_and_from_a_run(desk: Desk) -> None:
    desk.write("money", "")
    desk.write("shop.py", SHOP)
    desk.podium("run", "shop.py", "--input", '"tea"')
    for arguments in (("shop.py",), ("--run", desk.only_run())):
        drawn = desk.podium("graph", *arguments).out
        assert drawn.startswith("flowchart TD\n")
        assert drawn.index('"price"') < drawn.index('"pay"')


class Ollama(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"models": [{"name": "small:1b"}]}).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def ollama() -> Generator[None]:
    try:
        server = HTTPServer(("127.0.0.1", 11434), Ollama)
    except OSError:  # a real one listens there, which serves as well
        yield
        return
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_new_project_runs_and_its_test_passes(desk: Desk) -> None:
    made = desk.podium("init", "tea")
    assert made.status == 0
    project = Desk(desk.folder / "tea")
    ended = project.podium("run", "team.py")
    assert ended.status == 0
    assert "in 4 sentences, about " in ended.out
    assert project.podium("run", "team.py", "--input", '"Rain falls. Rain is wet."').out.startswith(
        "5 words in 2 sentences"
    )
    project.write("pytest.ini", "[pytest]\n")  # or the settings of a folder above would count
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=project.folder,
        env={**environment(), "PYTHONWARNINGS": "default"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout


def test_a_new_project_overwrites_nothing(desk: Desk) -> None:
    desk.write("team.py", "mine = 1\n")
    made = desk.podium("init")
    assert made.status == 0
    assert "kept   team.py" in made.out
    assert "wrote  README.md" in made.out
    assert desk.lines("team.py") == ["mine = 1"]


@pytest.mark.usefixtures("ollama")
def test_a_new_project_notices_a_model_server(desk: Desk) -> None:
    made = desk.podium("init", "--json").json
    assert made["servers"][0]["name"] == "Ollama"
    model = made["servers"][0]["models"][0]
    line = f"podium run team.py --model openai:{model} --set PODIUM_BASE_URL=http://127.0.0.1:11434/v1"
    assert line in desk.podium("init").out
