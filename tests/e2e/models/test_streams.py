"""What a model thinks, writes and wants done is streamed as typed events, over real HTTP."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ToolReturn, models

from podium import App, Context, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.model.streams import (
    CallEnded,
    PartialOutput,
    RequestFinished,
    RequestStarted,
    RunEnded,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCalled,
    ToolReturned,
)
from tests.e2e.models.scripted import Reply, Server, Use, serving


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


class Report(BaseModel):
    title: str
    findings: list[str]


FINDINGS = ["the first finding is long", "the second one is longer still", "and the third ends it"]
REPORT = Report(title="A report", findings=FINDINGS)


def answers(_: object, before: int) -> Reply:
    if before == 0:
        return Reply(thinking="Let me look.", text="I look first.", uses=[Use("find", {"what": "all"}, "c_find")])
    return Reply(uses=[Use("final_result", REPORT.model_dump(), "c_out")])


async def find(what: str) -> str:
    """Find what there is."""
    return f"found {what}"


@dataclass
class Told:
    events: list[StreamEvent]
    value: Report


async def told(server: Server, folder: Path, *, streaming: bool) -> Told:
    clerk = llm_agent(
        "clerk", model=server.model("clever"), instructions="Report.", output=Report, tools=[find], streaming=streaming
    )

    @workflow
    async def reports(ctx: Context, topic: str) -> Report:
        return await ctx.call(clerk, topic)

    async with (
        App.open(folder / "podium.db", agents=[clerk]) as app,
        app.run_stream(reports, "ships") as stream,
    ):
        return Told([event async for event in stream], await stream.result())


async def test_an_agent_that_streams_tells_of_all_that_happens_in_it_in_order(tmp_path: Path) -> None:
    with serving({"clever": answers}) as server:
        found = await told(server, tmp_path, streaming=True)
    assert found.value == REPORT
    contents = [event.content for event in found.events]
    begins = [
        RequestStarted("clever"), ThinkingDelta("Let"), ThinkingDelta(" "), ThinkingDelta("me look."),
        TextDelta("I"), TextDelta(" "), TextDelta("look first."),
        ToolCallDelta("c_find", "find", ""), ToolCallDelta("c_find", "find", '{"what"'),
        ToolCallDelta("c_find", "find", ': "all"}'),
        RequestFinished("openai:clever", "I look first.", 100, 10, None), ToolCalled("c_find", "find", {"what": "all"}),
        ToolReturned("c_find", "find", "found all", ""), RequestStarted("clever"),
    ]  # fmt: skip
    assert contents[2 : 2 + len(begins)] == begins
    partial = [content.output for content in contents if isinstance(content, PartialOutput)]
    assert partial[-1] == REPORT.model_dump()
    assert len(partial) > 1
    assert all(set(each) <= {"title", "findings"} for each in partial)
    assert contents[-4:] == [
        RequestFinished("openai:clever", "", 100, 10, None), ToolCalled("c_out", "final_result", REPORT.model_dump()),
        CallEnded("done", REPORT.model_dump(), ""), RunEnded("done", REPORT.model_dump(), ""),
    ]  # fmt: skip
    assert {event.step for event in found.events if isinstance(event.content, ThinkingDelta)} == {"1/model/1"}
    numbers = [event.number for event in found.events]
    assert numbers == sorted(set(numbers))


async def test_an_agent_that_does_not_stream_tells_of_requests_and_tools_all_the_same(tmp_path: Path) -> None:
    with serving({"clever": answers}) as server:
        found = await told(server, tmp_path, streaming=False)
    assert [event.type for event in found.events] == [
        "run_started", "call_started", "request_started", "request_finished", "tool_called", "tool_returned",
        "request_started", "request_finished", "tool_called", "call_ended", "run_ended",
    ]  # fmt: skip


async def test_an_agent_in_a_tool_streams_where_it_is_asked_as_a_stream(tmp_path: Path) -> None:
    def words(_: object, __: int) -> Reply:
        return Reply(text="inner words")

    def asks(_: object, before: int) -> Reply:
        return Reply(uses=[Use("ask", {}, "c_ask")]) if before == 0 else Reply(text="done")

    with serving({"inner": words, "outer": asks}) as server:
        inner = PydanticAgent(server.model("inner"), name="inner")

        async def ask() -> str:
            """Ask another one."""
            async with inner.run_stream("Hello") as result:
                return await result.get_output()

        clerk = llm_agent("clerk", model=server.model("outer"), instructions="Ask.", tools=[ask], streaming=True)

        @workflow
        async def asking(ctx: Context) -> str:
            return await ctx.call(clerk, "Go.")

        async with App.open(tmp_path / "podium.db", agents=[clerk]) as app, app.run_stream(asking) as stream:
            events = [event async for event in stream]
    said = [(event.step, event.content.text) for event in events if isinstance(event.content, TextDelta)]
    assert "".join(text for step, text in said if "inner" in step) == "inner words"
    assert {step for step, _ in said} == {"1/tool/ask/c_ask/model/inner#0/1", "1/model/3"}


async def test_what_a_model_is_told_of_a_tool_that_is_not_used_is_an_event(tmp_path: Path) -> None:
    def wrong(_: object, before: int) -> Reply:
        if before:
            return Reply(text="done")
        used = [
            Use("finds", {}, "c_name"),
            Use("find", {"which": 1}, "c_arguments"),
            Use("find", {"what": "a"}, "c_ok"),
        ]
        return Reply(uses=used)

    with serving({"clever": wrong}) as server:
        clerk = llm_agent("clerk", model=server.model("clever"), instructions="Report.", tools=[find])

        @workflow
        async def reports(ctx: Context, topic: str) -> str:
            return await ctx.call(clerk, topic)

        async with (
            App.open(tmp_path / "podium.db", agents=[clerk]) as app,
            app.run_stream(reports, "ships") as stream,
        ):
            events = [event async for event in stream]
            again = [event async for event in stream.handle.stream(after=0)]
    called = [event.content.id for event in events if isinstance(event.content, ToolCalled)]
    returned = {event.content.id: event.content for event in events if isinstance(event.content, ToolReturned)}
    assert sorted(called) == sorted(returned)
    assert returned["c_ok"].result == "found a"
    assert returned["c_name"].tool == "finds"
    assert "Unknown tool name: 'finds'." in returned["c_name"].error
    assert "Field required" in returned["c_arguments"].error
    assert [event for event in again if isinstance(event.content, ToolReturned)] == [
        event for event in events if isinstance(event.content, ToolReturned)
    ]


async def test_the_result_of_a_tool_that_says_more_beside_it_is_what_the_model_sees(tmp_path: Path) -> None:
    def once(_: object, before: int) -> Reply:
        return Reply(text="done") if before else Reply(uses=[Use("weigh", {}, "c_weigh")])

    async def weigh() -> ToolReturn[int]:
        return ToolReturn(7, content="It was heavy.", metadata={"scale": "kitchen"})

    with serving({"clever": once}) as server:
        clerk = llm_agent("clerk", model=server.model("clever"), instructions="Report.", tools=[weigh])

        @workflow
        async def reports(ctx: Context, topic: str) -> str:
            return await ctx.call(clerk, topic)

        async with (
            App.open(tmp_path / "podium.db", agents=[clerk]) as app,
            app.run_stream(reports, "ships") as stream,
        ):
            returned = [event.content async for event in stream if isinstance(event.content, ToolReturned)]
    assert returned == [ToolReturned("c_weigh", "weigh", 7, "")]
