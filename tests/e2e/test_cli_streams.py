"""`podium run --stream` and `podium runs tail`, in real processes."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.cli import Desk

STORY = """
import asyncio
from podium import Context, Steps, agent, workflow
from podium.model.streams import TextDelta, ThinkingDelta

@agent
async def tell(topic: str, steps: Steps) -> str:
    steps.emit(ThinkingDelta("what "))
    steps.emit(ThinkingDelta("now?"))
    for word in ("Once ", "upon \\x1b[31ma ", topic):
        steps.emit(TextDelta(word))
    steps.emit({"done": True})
    return f"Once upon a {topic}"

@workflow
async def story(ctx: Context, topic: str) -> str:
    ctx.emit("begins")
    return await ctx.call(tell, topic)

@workflow
async def waits(ctx: Context) -> str:
    ctx.emit("waits")
    return await ctx.signal("go", str)

@workflow
async def fails(ctx: Context) -> None:
    raise ValueError("no way")
"""

SHOWN = """\
run of story 1 started
emitted "begins"
0 tell is asked
thinking: what now?
Once upon [31ma time
0 emitted {"done": true}
0 done: "Once upon a time"
done: "Once upon a time"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("story.py", STORY)
    return desk


def test_a_run_is_shown_while_it_happens_beside_its_value(desk: Desk) -> None:
    done = desk.podium("run", "story.py:story", "--input", '"time"', "--stream")
    assert done.status == 0
    assert done.out == "Once upon a time\n"
    run, _, shown = done.err.partition("\n")
    assert run == f"run {desk.only_run()}"
    assert shown == SHOWN


def test_with_json_each_event_is_a_line_and_nothing_else_is_printed(desk: Desk) -> None:
    done = desk.podium("run", "story.py:story", "--input", '"time"', "--stream", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert done.err == ""
    assert [event["type"] for event in events] == [
        "run_started", "emitted", "call_started", "thinking_delta", "thinking_delta", "text_delta", "text_delta",
        "text_delta", "emitted", "call_ended", "run_ended",
    ]  # fmt: skip
    assert events[-1]["content"] == {"state": "done", "value": "Once upon a time", "reason": ""}
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))


def test_a_run_that_fails_or_waits_is_shown_and_ends_as_ever(desk: Desk) -> None:
    failed = desk.podium("run", "story.py:fails", "--stream")
    assert failed.status == 1
    assert "failed: ValueError: no way" in failed.err
    assert desk.podium("run", "story.py:fails", "--stream", "--json").status == 1
    waiting = desk.podium("run", "story.py:waits", "--stream", "--tag", "w")
    assert waiting.status == 3
    assert 'emitted "waits"' in waiting.err
    assert "waits for the signal 'go'" in waiting.err
    run = desk.podium("runs", "list", "--tag", "w", "--json").json[0]["id"]
    desk.podium("runs", "signal", run, "go", '"on"')
    resumed = desk.podium("run", "story.py", "--resume", run, "--stream")
    assert resumed.status == 0
    assert resumed.out == "on\n"
    assert 'done: "on"' in resumed.err
    assert "emitted" not in resumed.err


def test_stream_is_for_one_run(desk: Desk) -> None:
    refused = desk.podium("run", "story.py:story", "--each", "items.jsonl", "--stream")
    assert refused.status == 2
    assert "podium runs tail" in refused.err


def test_tail_tells_at_once_how_a_run_ended_and_what_comes_after_a_number(desk: Desk) -> None:
    desk.podium("run", "story.py:story", "--input", '"time"')
    run = desk.only_run()
    assert desk.podium("runs", "tail", run).out.splitlines() == [
        "run of story 1 started", "0 tell is asked", '0 done: "Once upon a time"', 'done: "Once upon a time"',
    ]  # fmt: skip
    events = [json.loads(line) for line in desk.podium("runs", "tail", run, "--json").out.splitlines()]
    rest = desk.podium("runs", "tail", run, "--json", "--after", str(events[1]["number"]))
    gone, *others = [json.loads(line) for line in rest.out.splitlines()]
    assert (gone["type"], gone["content"]) == ("gone", {"lost": None})  # the text that was written meanwhile
    assert others == events[2:]
    assert desk.podium("runs", "tail", run, "--after", "-1").status == 2


def test_tail_of_a_run_that_another_process_drives_ends_with_it_and_on_an_interrupt(desk: Desk) -> None:
    desk.podium("run", "story.py:waits")
    run = desk.only_run()
    interrupted = desk.begin("runs", "tail", run)
    assert interrupted.stdout is not None
    assert interrupted.stdout.readline() == "run of waits 1 started\n"
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=30)
    assert interrupted.returncode == 130
    tail = desk.begin("runs", "tail", run)
    desk.podium("runs", "signal", run, "go", '"on"')
    desk.podium("work", "story.py")
    out, _ = tail.communicate(timeout=30)
    assert out.splitlines()[-1] == 'done: "on"'
    assert tail.returncode == 0
