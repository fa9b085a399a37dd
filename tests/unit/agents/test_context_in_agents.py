"""Agents of all frameworks send what the rules for their context let them, request by request, and tell of the rest."""

import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, OpenAIChatCompletionsModel, ToolOutputImage, function_tool
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  the package leaves a type open
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai import BinaryContent
from pydantic_ai.models import override_allow_model_requests

from podium import App, Context, agent, workflow
from podium.agents.context import LastMessages, PinMessages, Summarize, TokenWindow, TrimToolResults
from podium.agents.context.rule import ContextRule
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.openai_agents import from_openai_agents
from podium.agents.pydantic_ai import llm_agent
from podium.errors import RunFailed, UsageError
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.reports.calls.requests import SentRequest
from podium.testing import ChatReply, ChatServer, ChatUse

FRAMEWORKS = ["pai", "sdk", "lc"]
LOOKS, TURNS, LONG = 3, 5, 600
MIDDLE = "… [600 characters, trimmed]"


def look(what: str) -> str:
    """Look something up."""
    return f"found {what} ".ljust(LONG, ".")


def play(body: Json) -> ChatReply:
    """Use the tool three times, one after the other, then say how often."""
    done = len([*after_the_question(body["messages"])])
    if done == LOOKS:
        return ChatReply(text=f"looked {done} times")
    asked = next(each for each in reversed(body["messages"]) if each["role"] == "user")["content"]
    return ChatReply(uses=[ChatUse("look", {"what": f"{asked[:2]}/{done}"}, f"{asked[:2]}-{done}")])


def after_the_question(messages: Sequence[Json]) -> Generator[Json]:
    for each in reversed(messages):
        if each["role"] == "user":
            return
        if each["role"] == "tool":
            yield each


@pytest.fixture
def server() -> Generator[ChatServer]:
    with ChatServer(play) as server, override_allow_model_requests(allow_model_requests=True):
        yield server


def member(framework: str, server: ChatServer, use: Callable[..., object] = look, **options: Any) -> AnyAgent:
    """Return an agent with a tool, all of whose requests the server sees."""
    match framework:
        case "pai":
            return llm_agent(
                "pai",
                model="scripted",
                base_url=server.url,
                api_key="any",
                instructions="Look.",
                tools=[use],
                **options,
            )
        case "sdk":
            model = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=server.url, api_key="any"))
            made = Agent("sdk", instructions="Look.", model=model, tools=[function_tool(use)])
            return from_openai_agents(made, **options)
        case _:
            chat = ChatOpenAI(model="scripted", base_url=server.url, api_key=SecretStr("any"), max_retries=0)
            graph = create_agent(chat, [tool(use)], system_prompt="Look.", middleware=[PodiumMiddleware()])
            return from_langchain(graph, name="lc", **options)


def chatting(talker: AnyAgent, name: str = "chat") -> AnyAgent:
    @workflow(name=name)
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(talker, text, conversation=ctx.conversation)

    return chat


def told(body: Json) -> list[str]:
    """Return what a request says, in order; checks that each result stands behind the use that it is of."""
    found: list[str] = []
    open_uses: list[str] = []
    for each in body["messages"]:
        if each["role"] == "tool":
            open_uses.remove(each["tool_call_id"])
        else:
            assert open_uses == []
        open_uses += [use["id"] for use in each.get("tool_calls") or ()]
        found.append(each.get("content") or "uses " + each["tool_calls"][0]["id"])
    assert open_uses == []
    return found


def recorded(request: SentRequest) -> list[str]:
    """Return the same as it is recorded."""
    system = [request.instructions] if request.instructions else []
    return system + [f"uses {part.call}" if part.kind == "tool_call" else part.content for part in request.messages]


async def sent_bytes(app: App, run: str) -> int:
    return sum(len(fact.payload or b"") for fact in await app.runs.facts(run) if fact.kind == FactKind.SENT)


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_every_request_of_a_long_conversation_is_cut_and_told(
    framework: str, server: ChatServer, tmp_path: Path
) -> None:
    rules = [PinMessages(first=1), TrimToolResults(keep_last=1, characters=10), LastMessages(9)]
    chat = chatting(member(framework, server, context=rules))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        sizes: list[int] = []
        requests = list[SentRequest]()
        for n in range(TURNS):
            run = await app.start(chat, f"q{n}", conversation="u")
            assert await run.result() == "looked 3 times"
            sizes.append(await sent_bytes(app, run.id))
            bodies, requests = server.bodies[-LOOKS - 1 :], list(await app.runs.messages(run.id))
            assert [told(body) for body in bodies] == [recorded(each) for each in requests]
        last = f"found q4/0{MIDDLE}", f"found q4/1{MIDDLE}", look("q4/2")
        before = [f"found q3/{n}{MIDDLE}" for n in range(3)]
        assert told(server.bodies[-1]) == [
            "Look.", "q0", "q4", "uses q4-0", last[0], "uses q4-1", last[1], "uses q4-2", last[2],
        ]  # fmt: skip
        assert told(server.bodies[-4]) == [
            "Look.", "q0", "q3", "uses q3-0", before[0], "uses q3-1", before[1], "uses q3-2", look("q3/2"),
            "looked 3 times", "q4",
        ]  # fmt: skip
        whole = 8 * TURNS - 1
        assert [(each.kind, each.rule, each.messages) for each in requests[-1].context] == [
            ("trimmed", "TrimToolResults(keep_last=1, characters=10)", 3 * TURNS - 1),
            ("left_out", "LastMessages(9)", whole - 8),
        ]  # fmt: skip
        said = await app.conversations.messages("u")
        assert len(said) == 8 * TURNS
        assert all(look(f"q{n}/2") in json.dumps([each.message for each in said]) for n in range(TURNS))
        assert max(sizes[2:]) - min(sizes[2:]) < 200


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_what_is_recorded_of_trimmed_results_does_not_grow_with_the_conversation(
    framework: str, server: ChatServer, tmp_path: Path
) -> None:
    chat = chatting(member(framework, server, context=[TrimToolResults(keep_last=1, characters=100)]))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        sizes: list[int] = []
        for n in range(TURNS):
            run = await app.start(chat, f"q{n}", conversation="u")
            await run.result()
            sizes.append(await sent_bytes(app, run.id))
            bodies, requests = server.bodies[-LOOKS - 1 :], await app.runs.messages(run.id)
            assert [told(body) for body in bodies] == [recorded(each) for each in requests]
        assert max(sizes[2:]) - min(sizes[2:]) < 100


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_what_would_not_fit_is_told_and_nothing_is_sent(
    framework: str, server: ChatServer, tmp_path: Path
) -> None:
    chat = chatting(member(framework, server, context=[TokenWindow(300, count=len)]))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        run = await app.start(chat, "x" * 200)
        with pytest.raises(RunFailed, match=r"more than the 300 of TokenWindow\(300\).*Nothing was sent"):
            await run.result()
        assert server.bodies == []
        assert not [fact for fact in await app.runs.facts(run.id) if fact.kind in (FactKind.SENT, FactKind.STEP)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("rule", [LastMessages, PinMessages, Summarize, TokenWindow, TrimToolResults])
def test_a_class_in_place_of_a_rule_is_refused_by_name(framework: str, rule: Any, server: ChatServer) -> None:
    with pytest.raises(UsageError, match=rf"context .*{rule.__name__}.*expected rules .* and no class of one"):
        member(framework, server, context=[rule])


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_window_counts_all_that_is_sent(framework: str, server: ChatServer, tmp_path: Path) -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    chat = chatting(member(framework, server, context=[TokenWindow(2_200, count=count)]))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        for n in range(2):
            await app.run(chat, f"q{n}", conversation="u")
        run = await app.start(chat, "q2", conversation="u")
        await run.result()
        for body in server.bodies:
            texts = [each.get("content") or "" for each in body["messages"]]
            uses = [use["function"] for each in body["messages"] for use in each.get("tool_calls") or ()]
            texts += [f"{use['name']} {use['arguments']}" for use in uses]
            assert sum(map(len, texts)) < 2_200
        tools = [each for each in counted if each.startswith('{"name":"look"')]
        assert tools
        assert "Look." in counted
        [*_, request] = await app.runs.messages(run.id)
        assert [(each.kind, each.rule) for each in request.context] == [("left_out", "TokenWindow(2_200)")]


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_a_summary_is_made_once_and_used_in_later_turns(
    framework: str, server: ChatServer, tmp_path: Path
) -> None:
    asked: list[str] = []

    @agent
    async def shortener(text: str) -> str:
        asked.append(text)
        return f"summary {len(asked)}"

    chat = chatting(member(framework, server, context=[Summarize(shortener, above=4_000, keep=3, count=len)]))
    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        made: list[int] = []
        requests = list[SentRequest]()
        for n in range(TURNS):
            run = await app.start(chat, f"q{n}", conversation="u")
            assert await run.result() == "looked 3 times"
            made.append(len(asked))
            bodies, requests = server.bodies[-LOOKS - 1 :], list(await app.runs.messages(run.id))
            assert [told(body) for body in bodies] == [recorded(each) for each in requests]
        assert made[:2] == [0, 0]
        assert 1 < len(asked) < 4
        assert len(set(made)) < TURNS - 1
        for n, text in enumerate(asked[1:], 1):
            assert f"summary {n}" in text
            assert "q0" not in text
        assert f"Summary of what was said before:\n\nsummary {len(asked)}" in "\n".join(told(server.bodies[-1]))
        assert sum(
            "summary" in (each.message.get("metadata") or {}) for each in await app.conversations.messages("u")
        ) == (len(set(made)) - 1)
        assert [each.kind for each in requests[-1].context] == ["summarized"]


PICTURE = b64encode(random.Random(7).randbytes(100_000)).decode()


def pai_picture(what: str) -> BinaryContent:
    """Take a picture."""
    return BinaryContent(b64decode(PICTURE), media_type="image/png")


def sdk_picture(what: str) -> ToolOutputImage:
    """Take a picture."""
    return ToolOutputImage(image_url=f"data:image/png;base64,{PICTURE}")


def lc_picture(what: str) -> list[Json]:
    """Take a picture."""
    return [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}]


PICTURES: dict[str, Callable[[str], object]] = {"pai": pai_picture, "sdk": sdk_picture, "lc": lc_picture}


def picturing(body: Json) -> ChatReply:
    """Use the tool at each question, once."""
    asked = body["messages"][-1]
    is_question = asked["role"] == "user" and str(asked["content"]).startswith("q")
    return ChatReply(
        uses=[ChatUse("look", {"what": "it"}, f"c-{asked['content']}")] if is_question else [], text="seen"
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_pictures_that_tools_give_are_counted_as_such_and_are_no_text_later(
    framework: str, tmp_path: Path
) -> None:
    use, asked = PICTURES[framework], list[str]()
    use.__name__ = "look"

    @agent
    async def shortener(text: str) -> str:
        asked.append(text)
        return "short"

    with ChatServer(picturing) as server, override_allow_model_requests(allow_model_requests=True):
        rules = [Summarize(shortener, above=1_700, keep=3), TokenWindow(6_000)]
        chat = chatting(member(framework, server, use, context=rules))
        async with App.open(tmp_path / "a.db", agents=[chat]) as app:
            for n in range(TURNS):
                assert await app.run(chat, f"q{n} {'and so on ' * 60}", conversation="u") == "seen"
            said = [each.message for each in await app.conversations.messages("u")]
        last = json.dumps(server.bodies[-1])
    assert asked
    assert all(PICTURE[:100] not in text and "look gives: [a file]" in text for text in asked)
    if framework != "pai":
        assert PICTURE[:100] not in json.dumps(said)
        assert last.count(PICTURE[:100]) <= 1


@pytest.mark.parametrize(
    ("rule", "expected"), [(LastMessages(4), 2), (TokenWindow(700, count=len), 0), (TokenWindow(4_700, count=len), 7)]
)
@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_the_words_of_others_are_cut_like_all_that_is_older(
    framework: str, rule: ContextRule, expected: int, tmp_path: Path
) -> None:
    with (
        ChatServer(lambda _: ChatReply(text="fine")) as server,
        override_allow_model_requests(allow_model_requests=True),
    ):
        chat, many = chatting(member(framework, server, context=[rule])), 30

        @agent
        async def ann(text: str) -> str:
            return text.ljust(LONG, ".")

        @workflow(name="others")
        async def others(ctx: Context, text: str) -> str:
            return await ctx.call(ann, text, conversation=ctx.conversation)

        async with App.open(tmp_path / "a.db", agents=[chat, others]) as app:
            for n in range(many):
                await app.run(others, f"o{n}", conversation="u")
            run = await app.start(chat, "What now?", conversation="u")
            assert await run.result() == "fine"
            [body] = server.bodies
            said = "\n\n".join(told(body)[1:])
            heard = [n for n in range(many) if f"ann: o{n}." in said]
            assert heard == [*range(many - len(heard), many)]
            assert len(heard) == expected
            assert said.endswith("What now?")
            [request] = await app.runs.messages(run.id)
            [change] = request.context
            assert (change.kind, change.messages) == ("left_out", 2 * many - said.count("\n\n"))
