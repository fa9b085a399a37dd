"""`podium conversations` on a store that an app wrote."""

import json
from pathlib import Path

import pytest

from podium import App, Context, agent, run_sync, workflow
from podium.model.json import Json
from podium.testing import DrivenClock
from tests.unit.cli.in_process import Printed, podium

HELLO = "Hello \x1b[31mred\x9b gr\u00fc\u00dfe"


@agent(usd=0.25)
async def echo(text: str) -> str:
    return text.upper()


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


@workflow
async def asks(ctx: Context, text: str) -> Json:
    return await ctx.ask(text, to="ann")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with two conversations, in one of which a turn waits for a person."""
    store = str(tmp_path_factory.mktemp("desk") / "a.db")

    async def write() -> None:
        clock = DrivenClock()
        async with App.open(store, agents=[chat, asks], clock=clock, grace=0.0) as app:
            await app.run(chat, HELLO, conversation="u-1", principal="ann")
            await app.run(chat, "Other", conversation="u-2")
            await app.start(asks, "May I?", conversation="u-2", id="waits")
            await app.start(asks, "And I?", conversation="u-2", id="behind")
            await clock.settle()

    run_sync(write())
    return store


def asked(store: str, *arguments: str, encoding: str = "utf-8") -> Printed:
    return podium("conversations", *arguments, "--store", store, encoding=encoding)


def as_json(store: str, *arguments: str) -> Json:
    return json.loads(asked(store, *arguments, "--json").out)


def test_conversations_are_listed_with_who_has_the_turn(written: str) -> None:
    lines = asked(written, "list").out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["CONVERSATION", "TENANT", "OF", "MESSAGES"], ["u-2", "default", "local", "2"], ["u-1", "default", "ann", "2"],
    ]  # fmt: skip
    [question] = [each["question"] for each in json.loads(podium("inbox", "list", "--store", written, "--json").out)]
    assert lines[1].endswith(f"{question} +1")
    found = {each["name"]: each["holder"] for each in as_json(written, "list")}
    assert found == {"u-1": None, "u-2": {"run": "waits", "key": "start", "question": question}}
    for conditions, names in (
        (["--prefix", "u-1"], ["u-1"]), (["--text", "other"], ["u-2"]), (["--principal", "ann"], ["u-1"]),
        (["--tenant", "x"], []), (["--limit", "1"], ["u-2"]),
    ):  # fmt: skip
        assert [each["name"] for each in as_json(written, "list", *conditions)] == names
    assert asked(written, "list", "--tenant", "x").out == "no such conversations\n"


def test_a_conversation_is_shown_with_its_turn_its_cost_and_what_was_said(written: str) -> None:
    told = asked(written, "show", "u-2").out
    assert "conversation u-2 of local, tenant default: 2 messages, begun" in told
    assert "run waits has its turn there, at start, which waits for a person: podium inbox show " in told
    assert "; 1 wait behind it" in told
    assert "cost $0.2500: 0 requests" in told
    assert "\n   Other\n" in told
    shown = as_json(written, "show", "u-1")
    assert (shown["revision"], shown["cost"]["usd"], len(shown["messages"])) == (2, 0.25, 2)
    missing = asked(written, "show", "nobody")
    assert (missing.status, missing.out) == (1, "")
    assert "no conversation is called 'nobody'" in missing.err


def test_what_was_said_is_found(written: str) -> None:
    lines = asked(written, "search", "OTHER").out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["u-2", "1", "echo"], ["u-2", "0", "local"]]
    assert [each["place"] for each in as_json(written, "search", "hello", "--conversation", "u-1")] == [1, 0]
    assert as_json(written, "search", "hello", "--conversation", "u-2") == []
    assert asked(written, "search", "absent").out == "nothing of that was said\n"
    assert "--cursor" in asked(written, "search", "o", "--limit", "1").err


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_an_export_is_whole_and_steers_no_terminal(written: str, encoding: str) -> None:
    told = asked(written, "export", "u-1", encoding=encoding).out
    assert all(each.isprintable() or each == "\n" for each in told)
    head, *said = [json.loads(line) for line in told.splitlines()]
    assert head["revision"] == 2
    assert [each["message"]["parts"][0]["content"] for each in said] == [HELLO, HELLO.upper()]
    for shown in (asked(written, "export", "u-1", "--form", "markdown").out, asked(written, "show", "u-1").out):
        assert "\x1b" not in shown
        assert "Hello \\u001b[31mred\\u009b gr\u00fc\u00dfe" in shown


def test_an_export_is_written_to_a_file_whole_or_not_at_all(written: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert asked(written, "export", "u-1", "--out", str(out)).out == f"3 lines: {out}\n"
    assert out.read_text(encoding="utf-8") == asked(written, "export", "u-1").out
    refused = asked(written, "export", "u-1", "--out", str(tmp_path / "no" / "out"))
    assert (refused.status, refused.out) == (1, "")
    assert "cannot be written" in refused.err
    assert asked(written, "export", "nobody", "--out", str(out)).status == 1
    assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_conversation_is_forked_redacted_and_deleted(written: str) -> None:
    assert asked(written, "fork", "u-1", "w", "--at", "1", "--edit", "Better", "--by", "eve").out == (
        "w begins with 2 messages of u-1\n"
    )
    shown = as_json(written, "show", "w")
    assert (shown["forked_from"], shown["forked_at"]) == ("u-1", 1)
    assert (shown["messages"][1]["author"], shown["messages"][1]["edited"]) == ("eve", True)
    assert "eve, " in asked(written, "show", "w").out
    refused = asked(written, "fork", "u-1", "w", "--by", "eve")
    assert (refused.status, "there is a conversation 'w' already" in refused.err) == (1, True)
    for change, told in (("redact", "redacted"), ("delete", "deleted")):
        assert asked(written, change, "w", "--by", "eve").status == 2  # it is to be said why
        held = asked(written, change, "u-2", "--why", "asked for", "--by", "eve")
        assert (held.status, "run waits has its turn in conversation 'u-2'" in held.err) == (1, True)
        assert asked(written, change, "w", "--why", "asked for", "--by", "eve").out == f"conversation w is {told}\n"
    records = json.loads(podium("runs", "list", "--store", written, "--json").out)
    assert [each["workflow"] for each in records if each["principal"] == "eve"] == [
        f"podium.conversation.{each}" for each in ("delete", "redact", "fork")
    ]


def test_a_run_has_its_turn_in_the_conversation_that_is_named(tmp_path: Path) -> None:
    file, store = tmp_path / "talk.py", str(tmp_path / "b.db")
    file.write_text("from tests.unit.cli.test_conversations import chat\n")
    for text in ("one", "two"):
        ran = podium("run", str(file), "--input", json.dumps(text), "--conversation", "u", "--store", store)
        assert ran.out == f"{text.upper()}\n"
    assert as_json(store, "show", "u")["revision"] == 4
    for other in (["--each", "x.jsonl"], ["--resume", "last"]):
        refused = podium("run", str(file), "--conversation", "u", *other, "--store", store)
        assert (refused.status, "--conversation is for one new run" in refused.err) == (2, True)
    spent = podium("costs", "--by", "conversation", "--conversation", "u", "--store", store, "--json")
    assert [(each["part"], each["usd"]) for each in json.loads(spent.out)] == [("u", 0.5)]
