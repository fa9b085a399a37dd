"""The hooks of a capability, each of which may ask a model."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import AbstractCapability, ProcessEventStream

from podium.model.json import Json
from tests.e2e.models.scripted import Reply, Script, Use, results
from tests.e2e.models.way import Place, Way, asking, clerk, with_work

ROW = "a hook of a capability, at each of its points"

AT_ANY_TIME = (
    "for_run", "prepare_tools", "before_run", "after_run", "wrap_run", "before_node_run",
    "after_node_run", "wrap_node_run", "on_event", "before_model_request", "prepare_model_request",
    "after_model_request", "wrap_model_request", "before_tool_validate", "after_tool_validate", "wrap_tool_validate",
    "before_tool_execute", "after_tool_execute", "wrap_tool_execute",
)  # fmt: skip
WITH_AN_OUTPUT = (
    "prepare_output_tools", "before_output_validate", "after_output_validate", "wrap_output_validate",
    "before_output_process", "after_output_process", "wrap_output_process",
)  # fmt: skip
AFTER_A_FAILURE = ("on_tool_validate_error", "on_output_validate_error")


def hooked(point: str, place: Place) -> AbstractCapability[Any]:
    """Return a capability that asks a model the first time that one of its hooks is called."""
    ask, asked = asking(place), list[str]()

    async def hook(self: AbstractCapability[Any], *given: Any, **options: Any) -> Any:
        if not asked:
            asked.append(point)
            await ask()
        return await getattr(AbstractCapability, point)(self, *given, **options)

    return type("Asks", (AbstractCapability,), {point: hook})()


def with_hook(point: str, place: Place) -> Agent[Any, Any]:
    """Return an agent with a tool whose hook asks."""
    return with_work(clerk(place, capabilities=[hooked(point, place)]), place)


def with_output(point: str, place: Place) -> Agent[Any, Any]:
    """Return an agent whose hook asks, and whose answer has a type."""
    return with_work(clerk(place, capabilities=[hooked(point, place)], output_type=Literal["done"]), place)


def _used_and_done(asked: Json, _: int) -> Reply:
    return Reply(uses=[Use("final_result", {"response": "done"}, "c9") if results(asked) else Use("work", {"n": 1})])


def _misfit_first(asked: Json, _: int) -> Reply:
    told = results(asked)
    if not told:
        return Reply(uses=[Use("work", {"n": "one"}, "c1")])
    return Reply(uses=[Use("work", {"n": 1}, "c2")]) if len(told) == 1 else Reply(text="done")


def _wrong_first(asked: Json, _: int) -> Reply:
    told = results(asked)
    if not told:
        return Reply(uses=[Use("work", {"n": 1})])
    said = "gone" if len(told) == 1 else "done"
    return Reply(uses=[Use("final_result", {"response": said}, f"c{len(told)}")])


def event_stream(place: Place) -> Agent[Any, Any]:
    ask, asked = asking(place), list[str]()

    async def watch(ctx: RunContext[Any], events: Any) -> None:
        async for _ in events:
            if not asked:
                asked.append("event")
                await ask()

    return with_work(clerk(place, capabilities=[ProcessEventStream(watch)]), place)


def _at(point: str, build: Callable[[str, Place], Agent[Any, Any]], main: int, script: Script | None) -> Way:
    scripts = {} if script is None else {"main": script}
    return Way(
        name=f"a hook at `{point}`", row=ROW, build=partial(build, point), asks={"main": main, "inner": 1},
        scripts=scripts, tools=["work"],
    )  # fmt: skip


HOOK_WAYS = (
    *(_at(point, with_hook, 2, None) for point in AT_ANY_TIME),
    *(_at(point, with_output, 2, _used_and_done) for point in WITH_AN_OUTPUT),
    _at("on_tool_validate_error", with_hook, 3, _misfit_first),
    _at("on_output_validate_error", with_output, 3, _wrong_first),
    Way(
        name="`ProcessEventStream`", build=event_stream, asks={"main": 2, "inner": 1}, tools=["work"],
    ),
)  # fmt: skip
