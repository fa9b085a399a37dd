"""The ways in which code inside a call of an LLM agent asks a model or uses a tool."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai import Agent, RunContext, TextOutput
from pydantic_ai.capabilities import Hooks, ModelFallback, ProcessHistory, SelectModel
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.toolsets import DynamicToolset, FunctionToolset

from podium.model.json import Json
from tests.e2e.models.scripted import Reply, Script, Server, Use, results

Ran = Callable[[str], None]
"""Notes outside of the store that the code of a tool ran."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a way is tried."""

    server: Server
    ran: Ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way."""

    name: str
    """As the table in the documentation says it."""
    build: Callable[[Place], Agent[Any, Any]]
    asks: Mapping[str, int]
    """How often each model is asked in all."""
    scripts: Mapping[str, Script] = field(default_factory=dict[str, Script])
    tools: Sequence[str] = ()
    """The tools that are used, by their one name, in order."""
    other: str = "inner"
    """The model that is asked in this way, as far as it is not the agent's own."""
    failing: Sequence[str] = ()
    """Models that fail, and are asked once all the same."""


async def _ask(inner: Agent[None, str]) -> str:
    return (await inner.run("Well?")).output


def _main(asked: Json, _: int) -> Reply:
    return Reply(text="done") if results(asked) else Reply(uses=[Use("work", {"n": 1})])


def _inner(asked: Json, _: int) -> Reply:
    return Reply(text="inner") if results(asked) else Reply(uses=[Use("deep", {"n": 1})])


def _says(text: str) -> Script:
    return lambda asked, n: Reply(text=text)


def _down(asked: Json, _: int) -> Reply:
    return Reply(status=503, body='{"error": {"message": "down"}}')


PLAIN: Mapping[str, Script] = {"main": _main, "inner": _says("inner")}


def _agent(place: Place, model: Any = None, **more: Any) -> Agent[Any, Any]:
    return Agent(model or place.server.model("main"), name="clerk", **more)


def _with_work(agent: Agent[Any, Any], place: Place) -> Agent[Any, Any]:
    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        return f"worked {n}"

    return agent


def _inside(place: Place) -> Agent[None, str]:
    return Agent(place.server.model("inner"), name="inner")


def own(place: Place) -> Agent[Any, Any]:
    return _with_work(_agent(place), place)


def agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    inner, agent = _inside(place), _agent(place)

    @inner.tool_plain
    async def deep(n: int) -> str:
        place.ran("deep")
        return "deep"

    @agent.tool
    async def work(ctx: RunContext[Any], n: int) -> str:
        place.ran("work")
        return (await inner.run("Well?", usage=ctx.usage)).output

    return agent


def agent_in_a_synchronous_tool(place: Place) -> Agent[Any, Any]:
    inner, agent = _inside(place), _agent(place)

    @agent.tool_plain
    def work(n: int) -> str:
        place.ran("work")
        return asyncio.run(_ask(inner))

    return agent


def streamed_agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    inner, agent = _inside(place), _agent(place)

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        async with inner.run_stream("Well?") as streamed:
            return await streamed.get_output()

    return agent


def direct_request(place: Place) -> Agent[Any, Any]:
    agent, model = _agent(place), place.server.model("inner")

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        return str((await model_request(model, [ModelRequest.user_text_prompt("Well?")])).text)

    return agent


def model_object(place: Place) -> Agent[Any, Any]:
    agent, model = _agent(place), place.server.model("inner")

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        asked: list[ModelMessage] = [ModelRequest.user_text_prompt("Well?")]
        return str((await model.request(asked, None, ModelRequestParameters())).text)

    return agent


def output_function(place: Place) -> Agent[Any, Any]:
    inner = _inside(place)

    async def book(town: str) -> str:
        place.ran("final_result")
        return f"{town} {await _ask(inner)}"

    return _agent(place, output_type=book)


def text_function(place: Place) -> Agent[Any, Any]:
    inner = _inside(place)

    async def shout(text: str) -> str:
        place.ran("shout")
        return f"{text} {await _ask(inner)}"

    return _agent(place, output_type=TextOutput(shout))


def output_validator(place: Place) -> Agent[Any, Any]:
    inner, agent = _inside(place), own(place)

    @agent.output_validator
    async def check(value: str) -> str:
        return f"{value} {await _ask(inner)}"

    return agent


def history_processor(place: Place) -> Agent[Any, Any]:
    inner = _inside(place)

    async def shorten(messages: list[ModelMessage]) -> list[ModelMessage]:
        return [*messages[:-1], *messages[-1:]] if await _ask(inner) else messages

    return _with_work(_agent(place, capabilities=[ProcessHistory(shorten)]), place)


def hook(place: Place) -> Agent[Any, Any]:
    inner, hooks = _inside(place), Hooks[Any]()

    @hooks.on.before_model_request
    async def ask(ctx: RunContext[Any], request_context: ModelRequestContext) -> ModelRequestContext:
        await _ask(inner)
        return request_context

    return _with_work(_agent(place, capabilities=[hooks]), place)


def hook_that_answers(place: Place) -> Agent[Any, Any]:
    hooks = Hooks[Any]()

    @hooks.on.model_request_error
    async def recover(ctx: RunContext[Any], *, request_context: ModelRequestContext, error: Exception) -> ModelResponse:
        place.ran("recovered")
        return ModelResponse([TextPart("done")])

    return _agent(place, place.server.model("bad"), capabilities=[hooks])


def instructions(place: Place) -> Agent[Any, Any]:
    inner, agent = _inside(place), own(place)

    @agent.instructions
    async def say() -> str:
        return await _ask(inner)

    return agent


def fallback_model(place: Place) -> Agent[Any, Any]:
    return _with_work(_agent(place, FallbackModel(place.server.model("bad"), place.server.model("main"))), place)


def model_fallback(place: Place) -> Agent[Any, Any]:
    capabilities = [ModelFallback(place.server.model("main"))]
    return _with_work(_agent(place, place.server.model("bad"), capabilities=capabilities), place)


def selected_model(place: Place) -> Agent[Any, Any]:
    chosen: OpenAIChatModel = place.server.model("main")
    return _with_work(_agent(place, place.server.model("bad"), capabilities=[SelectModel(lambda ctx: chosen)]), place)


def _set_of_work(place: Place, name: str = "work", **more: Any) -> FunctionToolset[Any]:
    tools = FunctionToolset[Any](**more)

    async def run(n: int) -> str:
        place.ran(name)
        return "worked"

    tools.add_function(run, name=name)
    return tools


def toolset_without_id(place: Place) -> Agent[Any, Any]:
    return _agent(place, toolsets=[_set_of_work(place)])


def prefixed_tools(place: Place) -> Agent[Any, Any]:
    return _agent(place, toolsets=[_set_of_work(place, "pay", id="t").prefixed("bank")])


def renamed_tools(place: Place) -> Agent[Any, Any]:
    return _agent(place, toolsets=[_set_of_work(place, "pay", id="t").renamed({"bank_pay": "pay"})])


def dynamic_tools(place: Place) -> Agent[Any, Any]:
    return _agent(place, toolsets=[DynamicToolset[Any](lambda ctx: _set_of_work(place, id="t"), id="d")])


def _bank(asked: Json, _: int) -> Reply:
    return Reply(text="done") if results(asked) else Reply(uses=[Use("bank_pay", {"n": 1})])


def _book(asked: Json, _: int) -> Reply:
    return Reply(uses=[Use("final_result", {"town": "Ulm"})])


WAYS = (
    Way(name="the agent itself, and its own tools", build=own, asks={"main": 2}, tools=["work"], other="main"),
    Way(
        name="an agent that a tool runs, with tools of its own", build=agent_in_a_tool, asks={"main": 2, "inner": 2},
        scripts={"inner": _inner}, tools=["work", "inner/deep"],
    ),
    Way(
        name="an agent in the event loop of a synchronous tool's thread",
        build=agent_in_a_synchronous_tool, asks={"main": 2, "inner": 1}, tools=["work"],
    ),
    Way(name="`run_stream` in a tool", build=streamed_agent_in_a_tool, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="`pydantic_ai.direct`", build=direct_request, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="the `request` of a model object", build=model_object, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(
        name="an output function", build=output_function, asks={"main": 1, "inner": 1}, scripts={"main": _book},
        tools=["final_result"],
    ),
    Way(
        name="an output function that takes text", build=text_function, asks={"main": 1, "inner": 1},
        scripts={"main": _says("done")}, tools=["shout"],
    ),
    Way(name="an output validator", build=output_validator, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="a history processor", build=history_processor, asks={"main": 2, "inner": 2}, tools=["work"]),
    Way(name="a hook before a request", build=hook, asks={"main": 2, "inner": 2}, tools=["work"]),
    Way(name="instructions that ask a model", build=instructions, asks={"main": 2, "inner": 2}, tools=["work"]),
    Way(
        name="a hook that answers for a model that failed", build=hook_that_answers, asks={"bad": 1}, other="bad",
        failing=["bad"],
    ),
    Way(
        name="`FallbackModel`", build=fallback_model, asks={"bad": 2, "main": 2}, tools=["work"], other="main",
        failing=["bad"],
    ),
    Way(
        name="`ModelFallback`", build=model_fallback, asks={"bad": 2, "main": 2}, tools=["work"], other="main",
        failing=["bad"],
    ),
    Way(name="`SelectModel`", build=selected_model, asks={"main": 2}, tools=["work"], other="main"),
    Way(name="a toolset without an id", build=toolset_without_id, asks={"main": 2}, tools=["work"], other="main"),
    Way(
        name="a toolset with a prefix", build=prefixed_tools, asks={"main": 2}, scripts={"main": _bank},
        tools=["bank_pay"], other="main",
    ),
    Way(
        name="a toolset with other names", build=renamed_tools, asks={"main": 2}, scripts={"main": _bank},
        tools=["bank_pay"], other="main",
    ),
    Way(
        name="a toolset that is made for each run", build=dynamic_tools, asks={"main": 2}, tools=["work"],
        other="main",
    ),
)  # fmt: skip


def scripts_of(way: Way) -> dict[str, Script]:
    """Return what the models of a way answer."""
    return {**PLAIN, "bad": _down, **way.scripts}
