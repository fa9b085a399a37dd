"""Agents of several frameworks take part in one conversation: each is sent what all of them said before."""

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from agents import Agent, OpenAIChatCompletionsModel, function_tool
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  the package leaves a type open
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ToolReturnPart

from podium import App, Context, workflow
from podium.agents.frameworks.sent import parts_before
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.langchain.history import talk_in
from podium.agents.openai_agents import from_openai_agents
from podium.agents.openai_agents.history import items_of
from podium.agents.pydantic_ai import llm_agent
from podium.model.agent import Agent as PodiumAgent
from podium.model.conversation_state import ConversationMessage
from podium.model.json import Json
from podium.model.parts_said import kept_messages, parts_said
from podium.testing import ChatReply, ChatServer, ChatUse
from podium.testing.model import ScriptedModel, Use


def look(what: str) -> str:
    """Look something up."""
    return f"found {what}"


def answer(body: Json) -> ChatReply:
    """Use the tool once, then tell how many messages came."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return ChatReply(text=f"{last['content']}, sent {len(body['messages'])}")
    return ChatReply(uses=[ChatUse("look", {"what": last["content"]}, f"call_{len(body['messages'])}")])


def play(messages: Sequence[ModelMessage]) -> str | Use:
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return f"{last.content}, sent {len(messages)}"
    return Use("look", {"what": getattr(last, "content", "")})


@pytest.fixture
def server() -> Generator[ChatServer]:
    with ChatServer(answer) as server:
        yield server


def members(server: ChatServer) -> dict[str, PodiumAgent[str, str]]:
    """Return one agent of each framework, all with the same tool."""
    sdk = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=server.url, api_key="any"))
    chat = ChatOpenAI(model="scripted", base_url=server.url, api_key=SecretStr("any"), max_retries=0)
    graph = create_agent(chat, [tool(look)], system_prompt="I am LC.", middleware=[PodiumMiddleware()])
    return {
        "pai": llm_agent("pai", model=ScriptedModel(play), instructions="I am PAI.", tools=[look]),
        "sdk": from_openai_agents(Agent("sdk", instructions="I am SDK.", model=sdk, tools=[function_tool(look)])),
        "lc": from_langchain(graph, name="lc"),
    }


def told(body: Json) -> list[str]:
    """Return who says what in a request, in order; checks that each result stands behind the use that it is of."""
    found: list[str] = []
    open_uses: list[str] = []
    for each in body["messages"]:
        if each["role"] == "tool":
            open_uses.remove(each["tool_call_id"])
        else:
            assert open_uses == []
        open_uses += [use["id"] for use in each.get("tool_calls") or ()]
        found.append(
            f"{each['role']}: {each.get('content') or 'uses ' + each['tool_calls'][0]['function']['arguments']}"
        )
    assert open_uses == []
    return found


async def test_agents_of_three_frameworks_hold_one_conversation(server: ChatServer, tmp_path: Path) -> None:
    agents = members(server)

    @workflow
    async def chat(ctx: Context, turn: tuple[str, str]) -> str:
        name, text = turn
        return await ctx.call(agents[name], text, conversation=ctx.conversation)

    async with App.open(tmp_path / "a.db", agents=[chat, *agents.values()]) as app:
        order = ["pai", "sdk", "lc", "pai", "lc", "sdk"]
        gave = [await app.run(chat, (name, f"q{n}"), conversation="u") for n, name in enumerate(order)]
        assert [each.rpartition(",")[0] for each in gave] == [f"found q{n}" for n in range(6)]
        said = await app.conversations.messages("u")
        assert [each.author for each in said] == [who for name in order for who in ("local", name, name, name)]
        before = [
            line
            for n, text in enumerate(gave)
            for line in (
                f"user: q{n}", f'assistant: uses {{"what":"q{n}"}}', f"tool: found q{n}",
                f"assistant: {text}" if order[n] == "sdk" else f"user: {order[n]}: {text}",
            )
        ]  # fmt: skip
        assert len(ModelMessagesTypeAdapter.validate_python([each.message for each in said])) == 24
        *_, last = server.bodies
        got = [line.replace('": "', '":"') for line in told(last)]
        assert got == ["system: I am SDK.", *before[:-1]]
        for body in server.bodies:
            told(body)


MESSAGES: list[Json] = [
    {"kind": "request", "parts": [
        {"part_kind": "system-prompt", "content": "secret orders"},
        {"part_kind": "user-prompt", "content": ["look at", {"kind": "binary", "data": "aGk=", "media_type": "a/b"}]},
    ]},
    {"kind": "response", "parts": [
        {"part_kind": "thinking", "content": "hm"}, {"part_kind": "builtin-tool-call", "tool_name": "web", "args": {}},
        {"part_kind": "tool-call", "tool_name": "a", "args": {"x": 1}, "tool_call_id": "1"},
        {"part_kind": "text", "content": "wait"},
        {"part_kind": "tool-call", "tool_name": "b", "args": "[broken", "tool_call_id": "2"},
        {"part_kind": "tool-call", "tool_name": "lost", "args": {}, "tool_call_id": "3"},
    ]},
    {"kind": "request", "parts": [
        {"part_kind": "user-prompt", "content": "and?"},
        {"part_kind": "tool-return", "tool_name": "b", "content": {"y": 2}, "tool_call_id": "2"},
        {"part_kind": "tool-return", "tool_name": "a", "content": "done", "tool_call_id": "1"},
    ]},
]  # fmt: skip


class Turn:
    """A turn in which these were said before."""

    name, revision = "u", len(MESSAGES)

    async def messages(self) -> Sequence[ConversationMessage]:
        return [
            ConversationMessage(place=n, message=each, author="a", run="r", key="0", at=0.0)
            for n, each in enumerate(MESSAGES)
        ]

    def add(self, messages: Sequence[Json]) -> None:
        raise NotImplementedError


async def test_items_are_what_all_frameworks_read() -> None:
    earlier = await parts_before(Turn(), "a", "text")
    assert earlier is not None
    assert items_of(earlier.messages) == [
        {"role": "user", "content": "look at\n[a file]"},
        {"role": "assistant", "content": "wait"},
        {"type": "function_call", "name": "a", "call_id": "1", "arguments": '{"x": 1}'},
        {"type": "function_call", "name": "b", "call_id": "2", "arguments": "[broken"},
        {"type": "function_call_output", "call_id": "2", "output": '{"y": 2}'},
        {"type": "function_call_output", "call_id": "1", "output": "done"},
        {"role": "user", "content": "and?"},
    ]
    assert await parts_before(None, "a", "text") is None


async def test_messages_of_a_graph_are_what_all_frameworks_read() -> None:
    talk = talk_in(Turn(), await parts_before(Turn(), "a", "object"))
    assert talk is not None
    human, said, second, first, more = talk.before
    assert [(each.type, each.content) for each in (human, second, first, more)] == [
        ("human", "look at\n[a file]"), ("tool", '{"y": 2}'), ("tool", "done"), ("human", "and?"),
    ]  # fmt: skip
    assert said.content == "wait"
    assert [(use["name"], use["args"], use["id"]) for use in getattr(said, "tool_calls", ())] == [
        ("a", {"x": 1}, "1"), ("b", {"INVALID_JSON": "[broken"}, "2"),
    ]  # fmt: skip
    assert talk.given("no state") == "no state"


def test_what_is_kept_once_is_kept_as_it_is() -> None:
    kept = kept_messages(MESSAGES)
    assert kept_messages(kept) == kept
    assert len(list(parts_said(kept))) == 8
