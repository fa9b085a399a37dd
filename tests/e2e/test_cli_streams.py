"""`podium run --stream` and `podium runs tail`, in real processes."""

import json
import signal
from pathlib import Path

import pytest

from podium.model.json import Json
from tests.e2e.cli import Desk, until

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

@agent
async def counts(upto: int, steps: Steps) -> int:
    for n in range(upto):
        steps.emit({"n": n})
        await asyncio.sleep(0.05)
    return upto

@workflow
async def long(ctx: Context, upto: int) -> int:
    return await ctx.call(counts, upto)

@agent
async def pads(_: None, steps: Steps) -> None:
    for n in range(3000):
        steps.emit({"n": n, "pad": "x" * 200})
        await asyncio.sleep(0)

@workflow
async def bursts(ctx: Context) -> None:
    await ctx.call(pads)
    await ctx.call(pads)
    open("ended", "w").close()

@workflow
async def fails(ctx: Context) -> None:
    raise ValueError("no way")
"""

LATER = """
import asyncio
from podium import Context, Steps, agent, workflow

@agent
async def counts(upto: int, steps: Steps) -> int:
    for n in range(upto):
        steps.emit({"n": n})
        await asyncio.sleep(0.01)
    return upto

@workflow(version="VERSION")
async def waits(ctx: Context) -> int:
    await ctx.signal("go")
    return await ctx.call(counts, 5)
"""

SHOWN = """\
run of story 1 started
emitted "begins"
0 tell is asked
thinking: what now?
Once upon \\u001b[31ma time
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
    interrupted.communicate(timeout=120)
    assert interrupted.returncode == 130
    tail = desk.begin("runs", "tail", run)
    desk.podium("runs", "signal", run, "go", '"on"')
    desk.podium("work", "story.py")
    out, _ = tail.communicate(timeout=120)
    assert out.splitlines()[-1] == 'done: "on"'
    assert tail.returncode == 0


def surely(out: str) -> list[Json]:
    """Return the events of an output, but for the word that something may have been missed of who was there before."""
    events: list[Json] = [json.loads(line) for line in out.splitlines()]
    return [each for each in events if each["type"] != "gone" or each["content"]["lost"] is not None]


def test_a_blocked_run_that_is_resumed_with_its_code_is_shown_whole(desk: Desk) -> None:
    desk.write("later.py", LATER.replace("VERSION", "1"))
    desk.podium("run", "later.py:waits")
    run = desk.only_run()
    desk.podium("runs", "signal", run, "go")
    desk.write("later.py", LATER.replace("VERSION", "20"))
    desk.podium("work", "later.py")
    assert desk.podium("runs", "list", "--json").json[0]["state"] == "blocked"
    still = desk.podium("run", "later.py", "--resume", run, "--stream", "--json")
    assert still.status == 1
    assert [each["type"] for each in surely(still.out)] == ["stream_blocked"]
    desk.write("later.py", LATER.replace("VERSION", "1"))
    resumed = desk.podium("run", "later.py", "--resume", run, "--stream", "--json")
    assert resumed.status == 0
    told = surely(resumed.out)
    counted = ["emitted"] * 5
    assert [each["type"] for each in told] == ["call_ended", "call_started", *counted, "call_ended", "run_ended"]
    assert told[-1]["content"]["value"] == 5


@pytest.mark.parametrize(("name", "status", "told"), [("fails", 1, "ValueError: no way"), ("long", 0, '"value": 1')])
def test_an_ended_run_that_is_resumed_says_how_it_ended(desk: Desk, name: str, status: int, told: str) -> None:
    desk.podium("run", f"story.py:{name}", *([] if name == "fails" else ["--input", "1"]))
    resumed = desk.podium("run", "story.py", "--resume", desk.only_run(), "--stream", "--json")
    assert resumed.status == status
    (line,) = resumed.out.splitlines()
    assert json.loads(line)["type"] == "run_ended"
    assert told in line


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.system), signal.SIGTERM])
def test_a_run_that_ends_while_it_is_stopped_is_shown_to_its_end(desk: Desk, number: signal.Signals) -> None:
    running = desk.begin("run", "story.py:long", "--input", "30", "--stream", "--json")
    assert running.stdout is not None
    lines = [running.stdout.readline() for _ in range(10)]
    running.send_signal(number)
    out, _ = running.communicate(timeout=120)
    told = [json.loads(line) for line in [*lines, *out.splitlines()]]
    assert running.returncode == 0
    assert told[-1]["content"] == {"state": "done", "value": 30, "reason": ""}
    assert [each["content"]["data"]["n"] for each in told if each["type"] == "emitted"] == list(range(30))


def test_whoever_reads_the_output_slowly_does_not_hold_up_the_run_and_gets_all_of_it(desk: Desk) -> None:
    running = desk.begin("run", "story.py:bursts", "--stream", "--json")
    assert running.stdout is not None
    until((desk.folder / "ended").exists)  # nothing is read so far, and a pipe has room for 64 KiB
    out, err = running.communicate(timeout=120)
    told = [json.loads(line) for line in out.splitlines()]
    assert running.returncode == 0, err
    assert told[-1]["type"] == "run_ended"
    assert sum(each["type"] == "emitted" for each in told) == 6000


def test_tail_that_is_told_to_stop_says_so_with_its_exit_code(desk: Desk) -> None:
    desk.podium("run", "story.py:waits")
    tail = desk.begin("runs", "tail", desk.only_run())
    assert tail.stdout is not None
    tail.stdout.readline()
    tail.send_signal(signal.SIGTERM)
    tail.communicate(timeout=120)
    assert tail.returncode == 130
