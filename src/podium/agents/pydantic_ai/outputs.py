"""An output function is a tool too: a step, under the name that the model sees."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter
from pydantic_ai.capabilities import WrapOutputProcessHandler
from pydantic_ai.durable_exec import JSON_CODEC, CallToolResult
from pydantic_ai.durable_exec._toolset import (  # the two halves of CallToolResult, which is public
    unwrap_tool_call_result,
    wrap_tool_call_result,
)
from pydantic_ai.exceptions import ToolRetryError
from pydantic_ai.messages import ModelResponse
from pydantic_ai.output import NativeOutput, OutputContext, PromptedOutput, TextOutput, ToolOutput
from pydantic_ai.tools import RunContext

from podium.agents.frameworks.approvals import Grants
from podium.agents.pydantic_ai.request import ToolUse, tool_key
from podium.agents.pydantic_ai.scope import AgentScope
from podium.agents.pydantic_ai.tools import used
from podium.model.json import Json


@dataclass(frozen=True, slots=True)
class OutputCodec:
    """Turns what an output function gives into JSON, and back."""

    dump: Callable[[Any], Json]
    load: Callable[[Json], Any]


CodecOf = Callable[[str | None], OutputCodec]
"""The codec of an output function, by its name where that is known."""


async def recorded_output(
    scope: AgentScope, ctx: RunContext[Any], context: OutputContext, output: object, handler: WrapOutputProcessHandler,
    codecs: CodecOf,
) -> object:  # fmt: skip
    """Run an output function once for ever, with the checks of what it gives."""
    retried: list[ToolRetryError] = []
    codec = codecs(context.function_name)

    async def answer() -> Json:
        try:
            return codec.dump(await handler(output))
        except ToolRetryError as asked:
            retried.append(asked)
            raise asked.__cause__ or asked from None

    async def work(_: Grants) -> Json:
        return JSON_CODEC.dump(CallToolResult, await wrap_tool_call_result(answer()))

    result = await used(scope, _use(ctx, context, output), work)
    if retried:
        raise retried[0]
    return codec.load(unwrap_tool_call_result(JSON_CODEC.load(CallToolResult, result)))


def codecs_of(output_type: object) -> CodecOf:
    """Return the codecs of the output functions among the outputs of an agent, by what they say they return."""
    functions = {each.__name__: each for each in output_functions(output_type)}

    def codec(name: str | None) -> OutputCodec:
        known = functions.get(name or "") or (next(iter(functions.values())) if len(functions) == 1 else None)
        adapter = TypeAdapter[Any](Any if known is None else get_type_hints(known).get("return", Any))
        return OutputCodec(lambda value: adapter.dump_python(value, mode="json"), adapter.validate_python)

    return codec


def output_functions(output_type: object) -> Iterator[Callable[..., object]]:
    """Return the functions among the outputs of an agent."""
    match output_type:
        case ToolOutput():
            yield from output_functions(cast("ToolOutput[object]", output_type).output)
        case TextOutput():
            yield from output_functions(cast("TextOutput[object]", output_type).output_function)
        case NativeOutput() | PromptedOutput():
            yield from output_functions(cast("NativeOutput[object]", output_type).outputs)
        case Sequence() if not isinstance(output_type, str):
            for each in cast("Sequence[object]", output_type):
                yield from output_functions(each)
        case _ if callable(output_type) and not isinstance(output_type, type) and hasattr(output_type, "__code__"):
            yield output_type
        case _ if callable(output_type) and hasattr(output_type, "__func__"):
            yield output_type
        case _:
            pass


def _use(ctx: RunContext[Any], context: OutputContext, output: object) -> ToolUse:
    """Return the name, the key and the arguments of an output function, as the model wrote them."""
    call = context.tool_call
    if call is not None:
        sent = {"tool": call.tool_name, "arguments": call.args_as_dict()}
        return ToolUse(call.tool_name, tool_key(ctx.messages, call.tool_call_id), sent)
    name = context.function_name or "output"
    answers = [message for message in ctx.messages if isinstance(message, ModelResponse)]
    said = answers[-1].text if answers else str(output)
    return ToolUse(name, f"output#{len(ctx.messages)}", {"tool": name, "arguments": {"text": said}})
