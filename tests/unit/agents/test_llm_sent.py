"""What was sent to models stays readable whatever becomes of the run, costs little, and goes when it is to go."""

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart
from pydantic_ai.usage import UsageLimits

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.cli.tree.requests import print_requests
from podium.errors import NotPossible
from podium.facade.handle import AnyHandle
from podium.model.fact import FactKind
from podium.reports.calls.requests import SentRequest
from podium.secrets.masking import MASKING
from podium.testing import DrivenClock, ScriptedModel, Use
from tests.unit.cli.in_process import podium

TURNS, TALK, BYTES = 100, 30, 20_000
MOST = 1.6
"""The file may have so many times the bytes that were said."""
INSTRUCTIONS = "Answer in classified words."


def words(seed: int, size: int = BYTES) -> str:
    chance = random.Random(seed)
    found: list[str] = []
    while len(found) < size // 4:
        word = "".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9)))
        found.append(word + chance.choice(["", "", ",", ".\n"]))
    return " ".join(found)[:size]


def look(n: int) -> str:
    """Look something classified up."""
    return f"classified {n}"


def desk(turns: int = 2, **options: Any) -> Any:
    def script(messages: Sequence[ModelMessage]) -> str | Use:
        n = sum(message.kind == "response" for message in messages)
        return "done" if n == turns else Use("look", {"n": n})

    given: Any = {"tools": [look], "instructions": INSTRUCTIONS, "limits": UsageLimits(request_limit=None), **options}
    clerk = llm_agent("clerk", model=ScriptedModel(script), **given)

    @workflow
    async def desk(ctx: Context, question: str) -> str:
        return await ctx.call(clerk, question)

    return desk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
async def app(path: Path) -> AsyncGenerator[App]:
    async with App.open(path, agents=[desk()]) as app:
        yield app


async def done(app: App, question: str = "What is classified?") -> str:
    run: AnyHandle = await app.start("desk", question)
    await run.result()
    return run.id


def said(requests: Sequence[SentRequest]) -> list[list[object]]:
    return [[part.content for part in each.messages] for each in requests]


ALL = [
    ["What is classified?"],
    ["What is classified?", {"n": 0}, "classified 0"],
    ["What is classified?", {"n": 0}, "classified 0", {"n": 1}, "classified 1"],
]


async def test_a_fork_shows_what_the_run_that_it_is_made_of_sent(app: App) -> None:
    run = await done(app)
    whole = said(await app.runs.messages(run))
    fork = await app.operations.fork(run, "0", input="Again?")
    await fork.result()
    assert whole == ALL
    assert said(await app.runs.messages(fork.id))[0] == ["Again?"]
    assert not await app.reports.verify(run)
    assert not await app.reports.verify(fork.id)


async def test_after_a_restart_each_generation_shows_what_it_sent(path: Path) -> None:
    clerk = llm_agent("clerk", model=ScriptedModel(["done"]), instructions=INSTRUCTIONS)

    @workflow
    async def counts(ctx: Context, n: int) -> int:
        await ctx.call(clerk, f"question {n}")
        if n < 3:
            await ctx.restart(n + 1)
        return n

    async with App.open(path, agents=[counts]) as app:
        run = await app.start(counts, 1)
        await run.result()
        assert said(await app.runs.messages(run.id)) == [[f"question {n}"] for n in (1, 2, 3)]
        assert said(await app.runs.messages(run.id, "g2.0")) == [["question 2"]]


async def test_a_process_that_takes_the_run_up_goes_on_with_a_request_that_can_be_read(path: Path) -> None:
    clock, stuck = DrivenClock(), asyncio.Event()

    async def slow(n: int) -> str:
        if n == 1:
            await stuck.wait()
        return f"classified {n}"

    slow.__name__ = "look"
    flow = desk(turns=3, tools=[slow])
    async with App.open(path, agents=[flow], clock=clock, grace=0) as app:
        run = (await app.start(flow, "What is classified?")).id
        await clock.settle()
    stuck.set()
    async with App.open(path, agents=[flow], clock=clock) as app:
        await (await app.handle(run)).result()
        requests = await app.runs.messages(run)
    assert said(requests)[:3] == ALL
    assert [each.after for each in requests] == [None, "0/1/model/1", None, "0/1/model/5"]
    assert [each.answer is not None for each in requests] == [True] * 4


async def test_nothing_of_what_was_sent_is_left_after_a_redaction(app: App, path: Path) -> None:
    run = await done(app, "classified " * 500)
    assert b"classified" in b"".join(each.read_bytes() for each in path.parent.iterdir())
    await app.operations.redact(run, by="ann", why="asked for")
    assert b"classified" not in b"".join(each.read_bytes() for each in path.parent.iterdir())
    with pytest.raises(NotPossible, match="the run was redacted"):
        await app.runs.messages(run)
    assert not await app.reports.verify(run)


async def test_secrets_are_masked_in_what_was_sent(app: App, path: Path) -> None:
    MASKING.learn("hush-hush-hush", "a test")
    try:
        run = await done(app, "The word is hush-hush-hush.")
        requests = await app.runs.messages(run)
    finally:
        MASKING.forget()
    assert {each[0] for each in map(tuple, said(requests))} == {"The word is ***."}
    assert b"hush-hush" not in b"".join(each.read_bytes() for each in path.parent.iterdir())


async def test_what_was_not_kept_is_told_in_words(path: Path) -> None:
    async with App.open(path, agents=[desk()], keep_messages=False) as app:
        run = await done(app)
        for key in (None, "0", "0/1/model/3"):
            with pytest.raises(NotPossible, match="was not kept: keep_messages was off, or an older version"):
                await app.runs.messages(run, key)
        with pytest.raises(NotPossible, match="nothing recorded under '7'"):
            await app.runs.messages(run, "7")
        with pytest.raises(NotPossible, match="has sent nothing to a model"):
            await app.runs.messages(run, "0/1/tool/look/call-0-0")


async def test_an_export_says_that_something_was_sent_and_what_only_if_asked(app: App) -> None:
    run = await done(app)
    lines = [line async for line in app.reports.export(run=run)]
    sent = [line for line in lines if line["what"] == "sent"]
    assert [line["agent"] for line in sent] == ["clerk"] * 3
    assert not any("classified" in str(line) for line in sent)
    whole = [line async for line in app.reports.export(run=run, payloads=True) if line["what"] == "sent"]
    assert whole[0]["payload"]["instructions"] == INSTRUCTIONS


def kept(path: Path) -> int:
    """Return how many bytes the store has on the disk, once its log is folded into it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(each.stat().st_size for each in path.parent.iterdir())


@pytest.mark.system
async def test_a_conversation_with_long_results_is_kept_once(path: Path) -> None:
    texts = [words(n) for n in range(TURNS)]

    def find(n: int) -> str:
        return texts[n]

    find.__name__ = "look"
    async with App.open(path, agents=[desk(TURNS, tools=[find])]) as app:
        run = await done(app)
        last = (await app.runs.messages(run))[-1]
    assert [part.content for part in last.messages if part.role == "tool"] == texts
    assert kept(path) <= MOST * sum(map(len, texts))


@pytest.mark.parametrize("as_json", [True, False], ids=["as JSON", "as text"])
async def test_a_talk_that_each_call_is_handed_whole_is_kept_once(path: Path, *, as_json: bool) -> None:
    texts = [words(n) for n in range(TALK)]
    turns = iter(texts)
    prompt: Any = {} if as_json else {"prompt": "\n\n".join}
    talker = llm_agent(
        "talker", model=ScriptedModel(lambda _: next(turns)), instructions="Talk.", input=list[str], **prompt
    )

    @workflow
    async def talk(ctx: Context) -> str:
        told = ["Go."]
        for _ in texts:
            told.append(await ctx.call(talker, told))
        return "over"

    async with App.open(path):
        pass
    empty = kept(path)
    async with App.open(path, agents=[talk]) as app:
        run = await app.start(talk)
        await run.result()
        [last] = await app.runs.messages(run.id, f"{TALK - 1}")
    assert all(text in last.messages[0].content for text in texts[:-1]) or as_json
    assert kept(path) - empty <= MOST * sum(map(len, texts))


@pytest.fixture
async def shown(path: Path) -> Sequence[str]:
    """Return the options of `podium runs show` for a run that ended, whose question would steer a terminal."""
    async with App.open(path, agents=[desk()]) as app:
        run = await done(app, "What is \x1b[31mclassified? " + "word " * 400)
    return ("runs", "show", run, "--messages", "--store", str(path))


def test_the_command_prints_what_is_new_in_each_request(shown: Sequence[str]) -> None:
    out = podium(*shown, "0").out
    assert out.count(INSTRUCTIONS) == out.count(r"What is \u001b[31mclassified?") == 1
    assert [line.strip() for line in out.splitlines() if " as in " in line] == [
        "2 messages as in 0/1/model/1 and its answer", "4 messages as in 0/1/model/3 and its answer",
    ]  # fmt: skip
    assert "--whole" in out
    whole = podium(*shown, "--whole").out
    assert whole.count(INSTRUCTIONS) == 3
    assert whole.count("classified 0") == 2
    assert "--whole" not in whole


def test_long_texts_are_folded_for_a_terminal_and_cut(shown: Sequence[str]) -> None:
    short = podium(*shown, "0/1/model/1", width=60).out
    assert max(map(len, short.splitlines())) <= max(60, len(short.splitlines()[0]))
    assert " lines more" in short
    whole = podium(*shown, "0/1/model/1", "--whole", width=60).out
    assert sum(line.split().count("word") for line in whole.splitlines()) == 400


def test_programs_get_everything(shown: Sequence[str]) -> None:
    told = json.loads(podium(*shown, "--json").out)
    assert [each["key"] for each in told] == ["0/1/model/1", "0/1/model/3", "0/1/model/5"]
    assert told[0]["tools"][0]["schema"]["properties"] == {"n": {"type": "integer"}}
    assert told[2]["messages"][-1] == {
        "role": "tool", "kind": "tool_result", "content": "classified 1", "tool": "look", "call": "call-1-0",
    }  # fmt: skip


async def test_what_was_sent_is_no_part_of_the_tree(app: App) -> None:
    run = await done(app)
    facts = await app.runs.facts(run)
    keys = [node.key for node in (await app.runs.tree(run)).root.walk()]
    assert len(keys) == len(set(keys)) == 7
    assert [fact.kind for fact in facts].count(FactKind.SENT) == 3


MANY = 40_000


async def test_one_too_large_request_hides_none_after_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def rewrites(messages: list[ModelMessage]) -> list[ModelMessage]:
        """Put what is too large to be kept in the place of the question, in one request."""
        n = sum(message.kind == "response" for message in messages)
        asked = words(7, 3 * MANY) if n == 1 else "What is classified?"
        return [ModelRequest(parts=[UserPromptPart(asked)]), *messages[1:]]

    def script(messages: Sequence[ModelMessage]) -> str | Use:
        n = sum(message.kind == "response" for message in messages)
        return "done" if n == 3 else Use("look", {"n": n})

    clerk = from_pydantic_ai(
        Agent(ScriptedModel(script), name="clerk", tools=[look], capabilities=[ProcessHistory(rewrites)])
    )

    @workflow(name="desk")
    async def flow(ctx: Context, question: str) -> str:
        return await ctx.call(clerk, question)

    async with App.open(path, agents=[flow], max_payload_bytes=MANY) as app:
        run = await done(app)
        first, second, third, fourth = requests = await app.runs.messages(run)
        payloads = [fact.payload for fact in await app.runs.facts(run) if fact.kind is FactKind.SENT]
    assert [each.key for each in requests] == [f"0/1/model/{n}" for n in (1, 3, 5, 7)]
    assert second.not_kept.endswith("bytes, more than max_payload_bytes, 40,000")
    assert (second.messages, second.answered_by) == ((), "scripted")
    assert second.answer is not None
    assert second.answer[0].content == {"n": 1}
    assert not first.not_kept + third.not_kept + fourth.not_kept
    assert said(requests)[:1] + said(requests)[2:3] == [ALL[0], ALL[2]]
    assert (third.after, fourth.after) == ("0/1/model/1", "0/1/model/5")
    assert payloads[1] is None
    print_requests(requests, whole=False)
    assert "what was sent is not kept\n    it is " in capsys.readouterr().out


async def test_where_none_can_be_kept_each_says_so(path: Path) -> None:
    async with App.open(path, agents=[desk()], max_payload_bytes=MANY) as app:
        run: AnyHandle = await app.start("desk", "x" * (MANY - 100))
        await run.result()
        requests = await app.runs.messages(run.id)
    assert [("max_payload_bytes" in each.not_kept, each.answer is not None) for each in requests] == [(True, True)] * 3


async def test_the_page_says_what_is_sent_no_more(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, tools, instructions and the form of the answer of the first request, of which the second has none."""
    async with App.open(path, agents=[desk()]) as app:
        first, second, _ = await app.runs.messages(await done(app))
    first = replace(first, settings={"temperature": 0.5}, output={"mode": "native", "schema": {}})
    bare = replace(second, settings={}, tools=(), output=None, instructions="")
    print_requests([first, bare, replace(bare, key="0/1/model/5", after=bare.key)], whole=False)
    out = capsys.readouterr().out
    for title in ("settings", "tools", "output", "instructions"):
        assert out.count(f"  {title}\n") == 2
        assert out.count(f"  {title}\n    none any more\n") == 1
    print_requests([first, second], whole=False)
    assert "instructions\n    none" not in capsys.readouterr().out
