"""What is shown as sent to models is what a server of models really received, over HTTP."""

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, PromptedOutput, RunContext, models
from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import ModelMessage, ModelRequest, SystemPromptPart, UserPromptPart
from pydantic_ai.models.fallback import FallbackModel

from podium import App, Budget, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import RunFailed
from podium.model.json import Json, is_array, is_object
from podium.model.prices import Rate
from podium.model.retry import Retry
from podium.reports.calls.messages import MessagePart
from podium.reports.calls.requests import SentRequest
from tests.e2e.models.scripted import Reply, Server, Use, results, serving
from tests.e2e.models.way import Place, Way
from tests.e2e.models.ways import WAYS, parameters, scripts_of

TURNS = 5
RATES = {name: Rate(1.0, 1.0) for name in ("main", "inner", "bad")}


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


def plain(value: Json) -> str:
    """Return what was said as one text, whether it was sent as one or in pieces; files by their kind."""
    if is_array(value):
        return "\n\n".join(plain(each) for each in value)
    if is_object(value):
        return value["text"] if "text" in value else "a file" if _is_file(value) else json.dumps(value)
    return _as_json(value) if isinstance(value, str) else "" if value is None else json.dumps(value)


def _is_file(value: Json) -> bool:
    return "image_url" in value or value.get("kind") == "binary"


def _as_json(text: str) -> str:
    """Return a text of JSON as it is written here; vendors are sent errors of a tool inside of an object."""
    if not text.startswith("{"):
        return text
    value = json.loads(text)
    return plain(value.get("error", value))


def received(asked: Json) -> Json:
    """Return a request as the server got it: who said what, the tools, the bound of the answer, its schema."""
    talk = [
        [each["role"], plain(each.get("content")), [
            [use["function"]["name"], json.loads(use["function"]["arguments"])] for use in each.get("tool_calls", ())
        ]]
        for each in asked["messages"] if each["role"] != "system"
    ]  # fmt: skip
    schema = asked.get("response_format", {}).get("json_schema", {}).get("schema")
    return {
        "system": paragraphs(plain(each["content"]) for each in asked["messages"] if each["role"] == "system"),
        "talk": talk, "tools": sorted(each["function"]["name"] for each in asked.get("tools", ())),
        "described": sorted(each["function"].get("description", "") for each in asked.get("tools", ())),
        "max_tokens": asked.get("max_completion_tokens", asked.get("max_tokens")),
        "schema": schema and schema["properties"],
    }  # fmt: skip


def paragraphs(texts: Iterable[str]) -> list[str]:
    """Return texts in pieces: vendors are sent instructions as one, or a part of them each."""
    return sorted(piece.strip() for text in texts for piece in text.split("\n\n") if piece.strip())


def shown(request: SentRequest) -> Json:
    """Return the same of a request as it is shown."""
    output = request.output if is_object(request.output) and request.output["mode"] == "native" else None
    system = [part.content for part in request.messages if part.role == "system"]
    return {
        "system": paragraphs([*system, request.instructions]),
        "talk": list(spoken(part for part in request.messages if part.role != "system")),
        "tools": sorted(tool.name for tool in request.tools),
        "described": sorted(tool.description for tool in request.tools),
        "max_tokens": request.settings.get("max_tokens"), "schema": output and output["schema"]["properties"],
    }  # fmt: skip


def spoken(parts: Iterable[MessagePart]) -> Iterable[Json]:
    """Give messages as OpenAI has them: what a model says and the tools that it calls stand in one."""
    before: Json = None
    for part in parts:
        if part.role != "assistant":
            before = None
            yield [part.role, plain(part.content), []]
            continue
        if before is None:
            yield (before := ["assistant", "", []])
        if part.kind == "tool_call":
            arguments = part.content if is_object(part.content) else json.loads(part.content)
            before[2].append([part.tool, arguments])
        elif part.kind == "text":
            before[1] += part.content


@asynccontextmanager
async def ran(
    built: Agent[Any, Any], folder: Path, output: Any = str, *, budget: Budget | None = None, prompt: Any = "Go.",
    keep: bool = True, **options: Any,
) -> AsyncGenerator[tuple[App, str]]:  # fmt: skip
    """Run an agent to its end; gives the app and the id of the run."""
    bot = from_pydantic_ai(built, output=output, rates=RATES, prompt=lambda _: prompt, **options)

    @workflow
    async def lab(ctx: Context, question: str) -> None:
        try:
            await ctx.call(bot, question)
        except Exception as error:
            raise ValueError("the agent failed") from error

    async with App.open(folder / "a.db", agents=[lab], keep_messages=keep) as app:
        handle = await app.start(lab, "Go.", budget=budget)
        with suppress(RunFailed):
            await handle.result()
        yield app, handle.id


def same(requests: Sequence[SentRequest], server: Server) -> None:
    """Hold that what is shown is what the server got; in which order models were asked side by side is all one."""
    told, got = [json.dumps(shown(each)) for each in requests], [json.dumps(received(each)) for each in server.asked]
    assert sorted(told) == sorted(got)


@pytest.mark.parametrize("way", parameters(WAYS, every=2))
async def test_whoever_asks_what_is_shown_was_received(way: Way, tmp_path: Path) -> None:
    with serving(scripts_of(way)) as server:
        async with ran(way.build(Place(server, tmp_path / "ran")), tmp_path) as (app, run):
            requests = await app.runs.messages(run, "0")
    behind = [each for each in requests if each.model.startswith("fallback")]
    assert len(requests) + sum(len(each.passed_over) for each in behind) == len(server.asked)
    if not behind:
        same(requests, server)
        assert sorted(each.model for each in requests) == sorted(each["model"] for each in server.asked)
    assert {json.dumps(shown(each)) for each in requests} == {json.dumps(received(each)) for each in server.asked}
    assert all((each.answer is not None) != bool(each.error) or way.failing for each in requests)


def talking(server: Server, **more: Any) -> Agent[Any, Any]:
    agent = Agent(server.model("main"), name="clerk", **more)

    @agent.tool_plain
    def look(n: int) -> str:
        """Look something up."""
        return f"found {n} " + "x" * 2_000

    return agent


def five_times(asked: Json, _: int) -> Reply:
    n = len(results(asked))
    if n == TURNS or not asked.get("tools"):
        return Reply(text="done")
    return Reply(text=f"turn {n}", uses=[Use("look", {"n": n}, f"c{n}")])


MAIN: dict[str, Callable[[Json, int], Reply]] = {"main": five_times}


async def test_system_prompts_instructions_and_settings_are_shown(tmp_path: Path) -> None:
    with serving(MAIN) as server:
        agent = talking(
            server, system_prompt=["You are a clerk.", "Be kind."], instructions="Answer briefly.",
            model_settings={"max_tokens": 77, "temperature": 0.5, "extra_headers": {"x-key": "hidden"}},
        )  # fmt: skip

        @agent.instructions
        def now(ctx: RunContext[Any]) -> str:
            return f"This is step {ctx.run_step}."

        async with ran(agent, tmp_path) as (app, run):
            requests = await app.runs.messages(run, "0")
    same(requests, server)
    assert len(requests) == 6
    assert requests[0].settings == {"max_tokens": 77, "temperature": 0.5}
    assert [each.instructions.rpartition(" ")[2] for each in requests] == [f"{n}." for n in range(1, 7)]
    assert [(each.after, each.same) for each in requests[1:3]] == [("0/1/model/1", 5), ("0/1/model/3", 8)]
    [look] = requests[0].tools
    assert (look.name, look.description, list(look.schema["properties"])) == ("look", "Look something up.", ["n"])
    assert [each.usage and each.usage.output_tokens for each in requests] == [10] * 6
    assert [each.finish_reason for each in requests] == ["tool_call"] * 5 + ["stop"]


def window(messages: list[ModelMessage]) -> list[ModelMessage]:
    return [messages[0], *messages[-2:]] if messages[3:] else messages


def rewritten(messages: list[ModelMessage]) -> list[ModelMessage]:
    said = SystemPromptPart(f"{len(messages)} messages were summed up.")
    return [ModelRequest([said, UserPromptPart("Go on.")]), *messages[-2:]] if messages[2:] else messages


@pytest.mark.parametrize("processor", [window, rewritten])
async def test_a_changed_history_is_shown_as_it_was_really_sent(tmp_path: Path, processor: Any) -> None:
    turns = iter(range(9))

    def replies(asked: Json, _: int) -> Reply:
        n = next(turns)
        return Reply(text="done") if n == TURNS else Reply(text=f"turn {n}", uses=[Use("look", {"n": n}, f"c{n}")])

    with serving({"main": replies}) as server:
        agent = talking(server, instructions="Be brief.", capabilities=[ProcessHistory(processor)])
        async with ran(agent, tmp_path) as (app, run):
            requests = await app.runs.messages(run, "0")
    assert len(requests) == 6
    assert [shown(each) for each in requests] == [received(each) for each in server.asked]


class Town(BaseModel):
    """A town."""

    name: str


@pytest.mark.parametrize("mode", [Town, NativeOutput(Town), PromptedOutput(Town)], ids=["tool", "native", "prompted"])
async def test_how_an_answer_is_to_be_given_is_shown(tmp_path: Path, mode: Any) -> None:
    def replies(asked: Json, _: int) -> Reply:
        if any(each["function"]["name"] == "final_result" for each in asked.get("tools", ())):
            return Reply(uses=[Use("final_result", {"name": "Ulm"})])
        return Reply(text='{"name": "Ulm"}')

    with serving({"main": replies}) as server:
        agent = Agent(server.model("main"), name="clerk", instructions="Name a town.", output_type=mode)
        async with ran(agent, tmp_path, Town) as (app, run):
            requests = await app.runs.messages(run, "0")
    same(requests, server)
    assert [tool.output for tool in requests[0].tools] == ([True] if mode is Town else [])


async def test_an_agent_in_a_tool_is_shown_under_its_place(tmp_path: Path) -> None:
    way = next(each for each in WAYS if each.name.startswith("an agent that a tool runs"))
    with serving(scripts_of(way)) as server:
        async with ran(way.build(Place(server, tmp_path / "ran")), tmp_path) as (app, run):
            requests = await app.runs.messages(run)
            inner = await app.runs.messages(run, "0/1/tool/work/c0")
            one = await app.runs.messages(run, "0/1/model/3")
    assert [each.agent for each in requests] == ["clerk", "inner", "inner", "clerk"]
    assert inner == requests[1:3]
    assert one == requests[3:]
    assert [each.after for each in requests] == [None, None, requests[1].key, requests[0].key]


async def test_a_streamed_request_is_shown(tmp_path: Path) -> None:
    with serving(MAIN) as server:
        async with ran(talking(server, instructions="Be brief."), tmp_path, streaming=True) as (app, run):
            requests = await app.runs.messages(run, "0")
    assert all(each["stream"] for each in server.asked)
    same(requests, server)


async def test_requests_that_failed_are_shown_with_their_errors(tmp_path: Path) -> None:
    def replies(asked: Json, n: int) -> Reply:
        return Reply(status=503, body='{"error": {"message": "down"}}') if n < 2 else Reply(text="done")

    with serving({"main": replies}) as server:
        async with ran(talking(server), tmp_path, retry=Retry(attempts=3, delay=0.01)) as (app, run):
            requests = await app.runs.messages(run, "0")
    same(requests, server)
    assert [each.error.partition(":")[0] for each in requests] == ["TransportFailed", "TransportFailed", ""]
    assert ["503" in each.error for each in requests] == [True, True, False]
    assert [each.attempt for each in requests] == [1, 2, 3]
    assert {each.key for each in requests} == {"0/1/model/1"}


async def test_a_model_that_another_one_stood_in_for_is_named(tmp_path: Path) -> None:
    def down(asked: Json, _: int) -> Reply:
        return Reply(status=503, body='{"error": {"message": "down"}}')

    with serving({"main": five_times, "bad": down}) as server:
        model = FallbackModel(server.model("bad"), server.model("main"))
        async with ran(Agent(model, name="clerk", instructions="Be brief."), tmp_path) as (app, run):
            [request] = await app.runs.messages(run, "0")
    assert request.answered_by == "main"
    [passed_over] = request.passed_over
    assert passed_over.startswith("bad: ")
    assert "503" in passed_over
    assert [shown(request)] * 2 == [received(each) for each in server.asked]


async def test_the_bound_that_a_budget_sets_is_shown(tmp_path: Path) -> None:
    with serving({"main": lambda asked, n: Reply(text="done")}) as server:
        async with ran(Agent(server.model("main"), name="clerk"), tmp_path, budget=Budget(usd=1.0)) as (app, run):
            requests = await app.runs.messages(run, "0")
    same(requests, server)
    assert requests[0].settings["max_tokens"]


async def test_a_picture_is_shown_as_type_size_and_digest(tmp_path: Path) -> None:
    picture = b"\x89PNG" + b"\xff\xfe\xfb" * 1_000
    with serving({"main": lambda asked, n: Reply(text="done")}) as server:
        prompt = ["What is this?", BinaryContent(picture, media_type="image/png")]
        async with ran(Agent(server.model("main"), name="clerk"), tmp_path, prompt=prompt) as (app, run):
            [request] = await app.runs.messages(run, "0")
    [part] = request.messages
    text, file = part.content
    assert text == "What is this?"
    assert (file["media_type"], file["bytes"]) == ("image/png", len(picture))


async def test_with_keep_messages_off_nothing_of_what_was_sent_is_stored(tmp_path: Path) -> None:
    secret = "what only the system prompt says"
    with serving(MAIN) as server:
        agent = Agent(server.model("main"), name="clerk", system_prompt=secret)
        for folder, keep in (("on", True), ("off", False)):
            (tmp_path / folder).mkdir()
            async with ran(agent, tmp_path / folder, keep=keep):
                pass
    kept = {
        folder: any(secret.encode() in each.read_bytes() for each in (tmp_path / folder).iterdir())
        for folder in ("on", "off")
    }
    assert kept == {"on": True, "off": False}
