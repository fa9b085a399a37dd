"""What agents of all frameworks send in a conversation refers to it: the last turn writes what the second did."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from podium import App, Context, ConversationTurn, agent, workflow
from podium.model.agent import AnyAgent
from podium.model.conversation import in_response
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.steps import Steps
from podium.reports.calls.messages import MessagePart
from podium.testing import ChatServer
from tests.unit.agents.test_frameworks_in_conversations import answer, members

FRAMEWORKS = ["pai", "sdk", "lc"]
TEXT = "All that was said is 1 kB long. " * 32
TURNS = 200


@pytest.fixture
def server() -> Generator[ChatServer]:
    with ChatServer(answer) as server:
        yield server


def turn(n: int) -> list[Json]:
    """Return what is said in one turn, as agents of all frameworks leave it."""
    args: list[Json] = [{"what": f"{n}"}, f'{{"what": "{n}"}}']
    call = {"part_kind": "tool-call", "tool_name": "look", "args": args[n % 2], "tool_call_id": f"c{n}", "id": "fc"}
    given = {"part_kind": "tool-return", "tool_name": "look", "content": f"found {n}", "tool_call_id": f"c{n}"}
    return [
        {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": f"{n} {TEXT}"}], "timestamp": "2026"},
        {"kind": "response", "parts": [{"part_kind": "thinking", "content": "hm"}, call], "usage": {"input_tokens": 1}},
        {"kind": "request", "parts": [{**given, "outcome": "success"}]},
        {"kind": "response", "parts": [{"part_kind": "text", "content": f"{n} {TEXT}"}], "model_name": "any"},
    ]


@agent
async def speak(turns: int, steps: Steps) -> str:
    """Say what is said in so many turns."""
    assert steps.conversation is not None
    steps.conversation.add([message for n in range(turns) for message in turn(n)])
    return "done"


def chatting(member: AnyAgent) -> AnyAgent:
    @workflow(name="chat")
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(member, text, conversation=ctx.conversation)

    return chat


async def written(app: App, flow: AnyAgent, conversation: str) -> tuple[str, int]:
    """Take a turn; returns the id of its run, and how many bytes its facts hold."""
    run = await app.start(flow, "What is new?", conversation=conversation)
    await run.result()
    facts = await app.runs.facts(run.id)
    assert sum(fact.kind is FactKind.SENT for fact in facts) == 2
    return run.id, sum(len(fact.payload or b"") for fact in facts)


def line(part: MessagePart) -> tuple[str, Json]:
    return part.role, part.content


def received(body: Json) -> list[tuple[str, Json]]:
    """Return who said what in a request that came to a server."""
    found: list[tuple[str, Json]] = []
    for each in body["messages"]:
        uses = each.get("tool_calls") or ()
        found += [("assistant", use["function"]["arguments"]) for use in uses]
        if not uses:
            found.append((each["role"], each["content"]))
    return found


def spelled(lines: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """Return the same with the arguments of tools as values, however they were written."""
    return [
        (who, json.loads(said) if str(said).startswith("{") and isinstance(said, str) else said) for who, said in lines
    ]


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_the_200th_turn_writes_as_many_bytes_as_the_second(
    server: ChatServer, tmp_path: Path, framework: str
) -> None:
    member = members(server)[framework]
    flow, talk = chatting(member), workflow(name="talk")(_talk)
    async with App.open(tmp_path / "a.db", agents=[flow, talk, member, speak]) as app:
        await app.run(talk, 1, conversation="new")
        _, first = await written(app, flow, "new")
        await app.run(talk, TURNS - 1, conversation="old")
        run, last = await written(app, flow, "old")
        assert last <= 1.1 * first, (first, last)
        sent = [[line(part) for part in each.messages] for each in await app.runs.messages(run)]
        assert len(sent[0]) > 4 * (TURNS - 1)
        if framework != "pai":
            own = [each for each in sent[1] if each[0] != "system"]
            got = [each for each in received(server.bodies[-1]) if each[0] != "system"]
            assert spelled(own) == spelled(got)
        assert await app.reports.verify(run) == []


async def _talk(ctx: Context, turns: int) -> str:
    return await ctx.call(speak, turns, conversation=ctx.conversation)


@agent
async def ann(texts: list[str], steps: Steps) -> str:
    """Say some texts, one after the other."""
    assert steps.conversation is not None
    steps.conversation.add([in_response(each) for each in texts])
    return texts[-1]


async def _ann_talks(ctx: Context, texts: list[str]) -> str:
    return await ctx.call(ann, texts, conversation=ctx.conversation)


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_one_who_only_listens_writes_as_much_after_200_words_of_others_and_keeps_none_of_them(
    server: ChatServer, tmp_path: Path, framework: str
) -> None:
    member = members(server)[framework]
    talk = workflow(name="talk")(_ann_talks)

    @workflow(name="listen")
    async def listen(ctx: Context, text: str) -> str:
        return await ctx.call(member, text, conversation=ConversationTurn(ctx.conversation or "", says="nothing"))

    async with App.open(tmp_path / "a.db", agents=[listen, talk, member, ann]) as app:
        written_by: list[int] = []
        for turns in (2, TURNS):
            run = await app.start(talk, [f"{n} of {turns} {TEXT}" for n in range(turns)], conversation=f"of {turns}")
            await run.result()
            listened, size = await written(app, listen, f"of {turns}")
            written_by.append(size)
            await app.operations.redact(run.id, by="eva", why="asked for")
            for request in await app.runs.messages(listened):
                shown = [part.content for part in request.messages if part.role == "user"]
                assert shown == ["ann: [redacted]"] * turns + ["What is new?"]
        assert written_by[1] <= 1.1 * written_by[0], written_by
    assert TEXT.encode() not in (tmp_path / "a.db").read_bytes()
