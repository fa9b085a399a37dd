"""What failed for good, seen to from the command line, in real processes."""

from pathlib import Path

import pytest

from tests.e2e.cli import Desk

POST = """
import os
from podium import Context, Retry, agent, workflow

@agent
async def write(topic: str) -> str:
    with open("witness.txt", "a") as file:
        file.write(f"write {topic}\\n")
    return f"on {topic}"

@agent(retry=Retry(attempts=2, delay=0.001))
async def send(letter: str) -> str:
    if letter == "on lead" or not os.path.exists("line"):
        raise ConnectionError("the line is down")
    return f"sent {letter}"

@workflow
async def post(ctx: Context, topic: str) -> str:
    return await ctx.call(send, await ctx.call(write, topic))
"""

WAITS = """
from podium import Context, workflow

@workflow
async def waits(ctx: Context) -> str:
    return await ctx.signal("go", str)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("post.py", POST)
    desk.write("topics.jsonl", '"tea"\n"lead"\n"rain"\n')
    assert desk.podium("run", "post.py", "--each", "topics.jsonl").status == 1
    return desk


def test_what_failed_is_listed_and_shown_with_all_that_was_tried(desk: Desk) -> None:
    listed = desk.podium("dead-letters", "list", "--json").json
    assert [(each["kind"], each["calls"][0]["agent"]) for each in listed] == [("transport", "send")] * 3
    assert {each["calls"][0]["input"] for each in listed} == {"on tea", "on lead", "on rain"}
    assert "transport" in desk.podium("dead-letters", "list", "--agent", "send", "--since", "1h").out
    assert desk.podium("dead-letters", "list", "--kind", "bug").out == "no dead letters\n"
    shown = desk.podium("dead-letters", "show", "last")
    error = "ConnectionError: the line is down"
    assert sum(line.strip() == error for line in shown.out.splitlines()) == 3, "two attempts, and below the run's own"
    assert sum(line.endswith('post.py", line 14, in send') for line in shown.out.splitlines()) == 3
    assert shown.out.count('post.py", line 19, in post') == 1
    assert desk.podium("dead-letters", "show", listed[0]["run"]["id"], "--json").json["input"] in (
        "tea",
        "lead",
        "rain",
    )


def test_a_requeue_of_many_goes_on_and_tells_which_failed_again(desk: Desk) -> None:
    desk.write("line", "")
    done = desk.podium("dead-letters", "requeue", "--all", "--file", "post.py", "--concurrency", "2")
    assert (done.status, done.out) == (1, "2 runs went on\n")
    assert "failed again" in done.err
    (left,) = desk.podium("dead-letters", "list", "--json").json
    assert len(left["calls"][0]["tried"]) == 4
    assert sorted(desk.lines("witness.txt")) == ["write lead", "write rain", "write tea"]


def test_a_requeue_without_the_code_leaves_them_to_who_serves_them(desk: Desk) -> None:
    desk.write("line", "")
    done = desk.podium("dead-letters", "requeue", "--agent", "send", "--limit", "2")
    assert (done.status, done.out) == (0, "2 runs ready to go on: podium work FILE\n")
    assert len(desk.podium("dead-letters", "list", "--json").json) == 1
    assert desk.podium("work", "post.py").status == 1  # one of them is lead


@pytest.mark.parametrize("arguments", [(), ("last", "--all"), ("last", "--kind", "bug")])
def test_a_requeue_has_to_say_which(desk: Desk, arguments: tuple[str, ...]) -> None:
    refused = desk.podium("dead-letters", "requeue", *arguments)
    assert (refused.status, refused.out) == (1, "")
    assert "say which" in refused.err


def test_a_discarded_one_is_gone_from_the_list_and_not_requeued(desk: Desk) -> None:
    run = desk.podium("dead-letters", "list", "--json").json[0]["run"]["id"]
    assert desk.podium("dead-letters", "discard", run, "--by", "ann", "--why", "obsolete").status == 0
    listed = desk.podium("dead-letters", "list", "--json").json
    assert run not in {each["run"]["id"] for each in listed}
    discarded = desk.podium("dead-letters", "list", "--discarded", "--json").json
    assert [each["discarded"]["by"] for each in discarded if each["discarded"]] == ["ann"]
    again = desk.podium("dead-letters", "discard", run, "nobody", "--by", "bob", "--why", "x")
    assert (again.status, again.err.count("error:")) == (1, 2)
    refused = desk.podium("dead-letters", "requeue", run)
    assert refused.status == 1
    assert "discarded by ann: obsolete" in refused.err


def test_where_an_error_came_from_is_shown_to_whoever_looks(desk: Desk) -> None:
    run = desk.podium("dead-letters", "list", "--json").json[0]["run"]["id"]
    frames = ['post.py", line 19, in post', 'post.py", line 14, in send']
    shown = desk.podium("runs", "show", run)
    assert all(each in shown.out for each in frames)
    told = desk.podium("runs", "show", run, "--json").json["tree"]
    assert all(each in told["traceback"] for each in frames)
    assert told["children"][1]["traceback"].startswith("ConnectionError: the line is down\n  File ")
    letter = desk.podium("dead-letters", "show", run, "--json").json
    assert all(each in letter["traceback"] for each in frames)
    assert frames[1] in letter["calls"][0]["tried"][0]["traceback"]
    failed = desk.podium("run", "post.py", "--input", '"lead"', "--debug")
    assert all(each in failed.err for each in frames)
    assert "raise ConnectionError" not in shown.out + failed.err
    assert frames[0] not in desk.podium("run", "post.py", "--input", '"lead"').err


def test_a_time_limit_does_not_make_the_command_wait_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("waits.py", WAITS)
    assert desk.podium("run", "waits.py", "--within", "1h").status == 3
    assert desk.podium("work", "waits.py").out == "1 parked\n"


def test_a_run_that_is_not_done_within_its_time_has_failed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("waits.py", WAITS)
    failed = desk.podium("run", "waits.py", "--within", "300ms", "--wait")
    assert failed.status == 1
    assert "RunTimedOut: it was not done within 0.3 s" in failed.err
