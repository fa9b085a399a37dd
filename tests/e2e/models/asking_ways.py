"""The ways in which code inside a call of an LLM agent asks a model."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, closing
from typing import Any, Literal

from pydantic_ai import Agent, RunContext, TextOutput
from pydantic_ai.capabilities import (
    AbstractCapability,
    FileUnderstanding,
    Hooks,
    ModelFallback,
    ProcessHistory,
    ResolveModelId,
    SelectModel,
    WrapperCapability,
    durable_operation,
)
from pydantic_ai.direct import model_request, model_request_stream, model_request_sync
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import Model, ModelRequestContext, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.concurrency import limit_model_concurrency
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.instrumented import InstrumentationSettings, instrument_model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings

from podium.agents.pydantic_ai import llm_agent
from podium.guards import Screening, screen_by
from podium.model.json import Json
from podium.model.prices import Rates
from tests.e2e.models.scripted import Reply, Use, results
from tests.e2e.models.way import Place, Way, asking, clerk, inner, says, with_work


async def _ask(other: Agent[None, str]) -> str:
    return (await other.run("Well?")).output


def _inner(asked: Json, _: int) -> Reply:
    return Reply(text="inner") if results(asked) else Reply(uses=[Use("deep", {"n": 1})])


def own(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place), place)


def agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), clerk(place)

    @other.tool_plain
    async def deep(n: int) -> str:
        place.ran("deep")
        return "deep"

    @agent.tool
    async def work(ctx: RunContext[Any], n: int) -> str:
        place.ran("work")
        return (await other.run("Well?", usage=ctx.usage)).output

    return agent


def agent_in_a_synchronous_tool(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), clerk(place)

    @agent.tool_plain
    def work(n: int) -> str:
        place.ran("work")
        return asyncio.run(_ask(other))

    return agent


def streamed_agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), clerk(place)

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        async with other.run_stream("Well?") as streamed:
            return await streamed.get_output()

    return agent


def direct_request(place: Place) -> Agent[Any, Any]:
    agent, model = clerk(place), place.server.model("inner")

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        return str((await model_request(model, [ModelRequest.user_text_prompt("Well?")])).text)

    return agent


def model_object(place: Place) -> Agent[Any, Any]:
    agent, model = clerk(place), place.server.model("inner")

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        asked: list[ModelMessage] = [ModelRequest.user_text_prompt("Well?")]
        return str((await model.request(asked, None, ModelRequestParameters())).text)

    return agent


def iterated_agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), clerk(place)

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        async with other.iter("Well?") as run:
            async for _ in run:
                pass
        return "worked" if run.result is None else run.result.output

    return agent


def events_of_an_agent_in_a_tool(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), clerk(place)

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        async with other.run_stream_events("Well?") as events:
            return str([type(event).__name__ async for event in events])

    return agent


def direct_stream(place: Place) -> Agent[Any, Any]:
    agent, model = clerk(place), place.server.model("inner")

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        async with model_request_stream(model, [ModelRequest.user_text_prompt("Well?")]) as events:
            async for _ in events:
                pass
            return str(events.get().text)

    return agent


def direct_request_in_a_synchronous_tool(place: Place) -> Agent[Any, Any]:
    agent, model = clerk(place), place.server.model("inner")

    @agent.tool_plain
    def work(n: int) -> str:
        place.ran("work")
        with closing(asyncio.new_event_loop()) as loop:  # Pydantic AI would make one, and leave it open
            asyncio.set_event_loop(loop)
            return str(model_request_sync(model, [ModelRequest.user_text_prompt("Well?")]).text)

    return agent


def output_function(place: Place) -> Agent[Any, Any]:
    other = inner(place)

    async def book(town: str) -> str:
        place.ran("final_result")
        return f"{town} {await _ask(other)}"

    return clerk(place, output_type=book)


def text_function(place: Place) -> Agent[Any, Any]:
    other = inner(place)

    async def shout(text: str) -> str:
        place.ran("shout")
        return f"{text} {await _ask(other)}"

    return clerk(place, output_type=TextOutput(shout))


def output_validator(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), own(place)

    @agent.output_validator
    async def check(value: str) -> str:
        return f"{value} {await _ask(other)}"

    return agent


def history_processor(place: Place) -> Agent[Any, Any]:
    other = inner(place)

    async def shorten(messages: list[ModelMessage]) -> list[ModelMessage]:
        return [*messages[:-1], *messages[-1:]] if await _ask(other) else messages

    return with_work(clerk(place, capabilities=[ProcessHistory(shorten)]), place)


def hook(place: Place) -> Agent[Any, Any]:
    other, hooks = inner(place), Hooks[Any]()

    @hooks.on.before_model_request
    async def ask(ctx: RunContext[Any], request_context: ModelRequestContext) -> ModelRequestContext:
        await _ask(other)
        return request_context

    return with_work(clerk(place, capabilities=[hooks]), place)


def hook_that_answers(place: Place) -> Agent[Any, Any]:
    hooks = Hooks[Any]()

    @hooks.on.model_request_error
    async def recover(ctx: RunContext[Any], *, request_context: ModelRequestContext, error: Exception) -> ModelResponse:
        place.ran("recovered")
        return ModelResponse([TextPart("done")])

    return clerk(place, place.server.model("bad"), capabilities=[hooks])


def instructions(place: Place) -> Agent[Any, Any]:
    other, agent = inner(place), own(place)

    @agent.instructions
    async def say() -> str:
        return await _ask(other)

    return agent


def fallback_model(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, FallbackModel(place.server.model("bad"), place.server.model("main"))), place)


def model_fallback(place: Place) -> Agent[Any, Any]:
    capabilities = [ModelFallback(place.server.model("main"))]
    return with_work(clerk(place, place.server.model("bad"), capabilities=capabilities), place)


def selected_model(place: Place) -> Agent[Any, Any]:
    chosen: OpenAIChatModel = place.server.model("main")
    return with_work(clerk(place, place.server.model("bad"), capabilities=[SelectModel(lambda ctx: chosen)]), place)


def _book(asked: Json, _: int) -> Reply:
    return Reply(uses=[Use("final_result", {"town": "Ulm"})])


class _Patient(WrapperModel):
    """Asks the model that it wraps."""

    async def request(
        self, messages: list[ModelMessage], model_settings: ModelSettings | None, model_request_parameters: Any
    ) -> ModelResponse:
        return await super().request(messages, model_settings, model_request_parameters)

    @asynccontextmanager
    async def request_stream(
        self, messages: list[ModelMessage], model_settings: ModelSettings | None, model_request_parameters: Any,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:  # fmt: skip
        asked = super().request_stream(messages, model_settings, model_request_parameters, run_context)
        async with asked as streamed:
            yield streamed


def wrapped_model(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, _Patient(place.server.model("main"))), place)


def limited_model(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, limit_model_concurrency(place.server.model("main"), 1)), place)


def instrumented_model(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, instrument_model(place.server.model("main"), InstrumentationSettings())), place)


def resolved_model(place: Place) -> Agent[Any, Any]:
    found: Model = place.server.model("main")
    agent = Agent[Any, Any]("podium:main", name="clerk", capabilities=[ResolveModelId(lambda ctx, model_id: found)])
    return with_work(agent, place)


def model_of_a_capability(place: Place) -> Agent[Any, Any]:
    class Wraps(AbstractCapability[Any]):
        def get_wrapper_model(self, model: Model) -> Model:
            return _Patient(model)

    return with_work(clerk(place, capabilities=[Wraps()]), place)


def overridden_model(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, place.server.model("bad")), place)


def _overriding(agent: Agent[Any, Any], place: Place) -> AbstractContextManager[object]:
    return agent.override(model=place.server.model("main"))


def durable_method(place: Place) -> Agent[Any, Any]:
    ask = asking(place)

    class Looks(AbstractCapability[Any]):
        id = "looks"

        @durable_operation(name="look")
        async def look(self, ctx: RunContext[Any]) -> str:
            return await ask()

        async def before_run(self, ctx: RunContext[Any]) -> None:
            await self.look(ctx)

    return with_work(clerk(place, capabilities=[Looks()]), place)


def wrapped_capability(place: Place) -> Agent[Any, Any]:
    ask = asking(place)

    class Asks(WrapperCapability[Any]):
        async def before_run(self, ctx: RunContext[Any]) -> None:
            await ask()

    return with_work(clerk(place, capabilities=[Asks(Hooks[Any]())]), place)


def understood_file(place: Place) -> Agent[Any, Any]:
    understands = FileUnderstanding[Any](fallback_subagent_model=place.server.model("inner"))
    agent = clerk(
        place, place.server.model("main", ModelProfile(supports_image_input=False)), capabilities=[understands]
    )

    @agent.tool_plain
    async def work(n: int) -> BinaryContent:
        place.ran("work")
        return BinaryContent(b"GIF89a", media_type="image/gif")

    return agent


def answer_beside_a_tool(place: Place) -> Agent[Any, Any]:
    return with_work(clerk(place, output_type=Literal["done"], end_strategy="exhaustive"), place)


def _both(asked: Json, _: int) -> Reply:
    return Reply(uses=[Use("final_result", {"response": "done"}, "c1"), Use("work", {"n": 1}, "c2")])


def _judged(place: Place, rates: Rates) -> Mapping[str, Any]:
    model = place.server.model("inner")
    judge = llm_agent("judge", model=model, instructions="Is it safe?", output=Screening, rates=rates)
    return {"guards": (screen_by(judge, on=["input"]),)}


def _safe(asked: Json, _: int) -> Reply:
    return Reply(uses=[Use("final_result", {"safe": True, "reason": ""})])


ASKING_WAYS = (
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
    Way(name="`iter` in a tool", build=iterated_agent_in_a_tool, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(
        name="`run_stream_events` in a tool", build=events_of_an_agent_in_a_tool, asks={"main": 2, "inner": 1},
        tools=["work"],
    ),
    Way(name="`model_request_stream`", build=direct_stream, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(
        name="`model_request_sync`", build=direct_request_in_a_synchronous_tool, asks={"main": 2, "inner": 1},
        tools=["work"],
    ),
    Way(name="`pydantic_ai.direct`", build=direct_request, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="the `request` of a model object", build=model_object, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(
        name="an output function", build=output_function, asks={"main": 1, "inner": 1}, scripts={"main": _book},
        tools=["final_result"],
    ),
    Way(
        name="an output function that takes text", build=text_function, asks={"main": 1, "inner": 1},
        scripts={"main": says("done")}, tools=["shout"],
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
    Way(name="`agent.override(model=…)`", build=overridden_model, asks={"main": 2}, tools=["work"], other="main",
        during=_overriding),
    Way(name="`ResolveModelId`", build=resolved_model, asks={"main": 2}, tools=["work"], other="main"),
    Way(name="a `WrapperModel`", build=wrapped_model, asks={"main": 2}, tools=["work"], other="main"),
    Way(name="`limit_model_concurrency`", build=limited_model, asks={"main": 2}, tools=["work"], other="main"),
    Way(name="`instrument_model`", build=instrumented_model, asks={"main": 2}, tools=["work"], other="main"),
    Way(
        name="a capability that wraps the model", build=model_of_a_capability, asks={"main": 2}, tools=["work"],
        other="main",
    ),
    Way(name="a `durable_operation`", build=durable_method, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="a `WrapperCapability`", build=wrapped_capability, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(name="`FileUnderstanding`", build=understood_file, asks={"main": 2, "inner": 1}, tools=["work"]),
    Way(
        name="the judge of a guard (`screen_by`)", build=own, options=_judged, asks={"main": 2, "inner": 1},
        scripts={"inner": _safe}, tools=["work"],
    ),
    Way(
        name="an answer beside the use of a tool (`end_strategy`)", build=answer_beside_a_tool, asks={"main": 1},
        scripts={"main": _both}, tools=["work"], other="main",
    ),
)  # fmt: skip
