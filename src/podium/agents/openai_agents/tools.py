"""Tools of the OpenAI Agents SDK, each use of which is recorded."""

import copy
import inspect
import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from agents import FunctionTool, ToolErrorFormatter, ToolErrorFormatterArgs
from agents.tool import invoke_function_tool
from agents.tool_context import ToolContext
from pydantic import BaseModel

from podium.agents.frameworks.approvals import denial_in
from podium.agents.frameworks.effects import declared
from podium.agents.frameworks.recorder import EDITED, Recorder, recorder_here
from podium.agents.frameworks.request import AskedTool
from podium.errors import NotDone
from podium.model.expected import is_sequence
from podium.model.json import Json, is_array, is_object

_told: ContextVar[list[Exception] | None] = ContextVar("podium_openai_tool_errors", default=None)
"""What the tool raised that runs now, and the SDK told the model."""


def recorded_tool(tool: FunctionTool, agent: str) -> FunctionTool:
    """Return a tool that does what another one does, once for ever. Who has to allow it is asked by Podium."""
    wrapped = copy.copy(tool)

    async def invoke(context: ToolContext[object], arguments: str) -> object:
        recorder = recorder_here()
        if recorder is None:
            return await invoke_function_tool(function_tool=tool, context=context, arguments=arguments)
        asked = AskedTool(
            tool=tool.name,
            call_id=context.tool_call_id,
            arguments=_parsed(arguments),
            schema=tool.params_json_schema,
            agent=recorder.named(agent),
            approval=await _needs_approval(tool, context, arguments),
        )

        async def work(edited: Json | None) -> Json:
            return await _done(tool, context, arguments if edited is None else json.dumps(edited), recorder, asked)

        return _as_output(await recorder.use(asked, work), tool.name)

    wrapped.on_invoke_tool = invoke
    wrapped.needs_approval = False
    wrapped.timeout_seconds = None  # its own holds inside the step
    return wrapped


def noticing(formatter: ToolErrorFormatter | None) -> ToolErrorFormatter:
    """Return what formats errors of tools as another formatter does, and notices what was raised."""

    async def formatted(args: ToolErrorFormatterArgs[object]) -> str | None:
        noticed = _told.get()
        if noticed is not None and args.error is not None:
            noticed.append(args.error)
        if formatter is None:
            return None
        said = formatter(args)
        return await said if inspect.isawaitable(said) else said

    return formatted


async def _done(
    tool: FunctionTool, context: ToolContext[object], arguments: str, recorder: Recorder, asked: AskedTool
) -> Json:
    """Use a tool; what one raised that happens once is raised, as nobody knows what it did."""
    with _noticed() as raised:
        output = await invoke_function_tool(function_tool=tool, context=context, arguments=arguments)
    if raised and declared(recorder.call.effects, asked.name).effects == "once" and not isinstance(raised[0], NotDone):
        raise raised[0]
    inside = recorder_here()
    if inside is not None:
        await inside.count_unseen(context.usage.input_tokens, context.usage.output_tokens)
    return {"kind": "tool_return", "result": _recordable(output)}


async def _needs_approval(tool: FunctionTool, context: ToolContext[object], arguments: str) -> bool:
    """Whether people have to allow a use, as the tool says; arguments that are none count as they do for the SDK."""
    says = tool.needs_approval
    if isinstance(says, bool):
        return says
    parsed = _parsed(arguments)
    return not is_object(parsed) or await says(context, parsed, context.tool_call_id)


@contextmanager
def _noticed() -> Generator[list[Exception]]:
    noticed: list[Exception] = []
    token = _told.set(noticed)
    try:
        yield noticed
    finally:
        _told.reset(token)


def _parsed(arguments: str) -> Json:
    try:
        return json.loads(arguments) if arguments else {}
    except ValueError:
        return arguments


def _recordable(output: object) -> Json:
    """Return what a tool gave as JSON of which the SDK makes the same: else the text that it would make of it."""
    if isinstance(output, BaseModel):
        return output.model_dump(mode="json", exclude_none=True)
    if is_sequence(output) and not isinstance(output, str) and any(isinstance(each, BaseModel) for each in output):
        return [_recordable(each) for each in output]
    try:
        copied: Json = json.loads(json.dumps(output))
    except (TypeError, ValueError):
        return str(output)
    return copied if copied == output else str(output)


def _as_output(value: Json, tool: str) -> Json:
    """Return what the model is told of a use."""
    if (told := denial_in(value)) is not None:
        return told
    result: Json = value["result"]
    if EDITED not in value:
        return result
    note = f"{tool} was not used as asked, but with {json.dumps(value[EDITED])}."
    if is_array(result) and all(is_object(each) and "type" in each for each in result):
        return [*result, {"type": "text", "text": note}]
    return f"{result}\n\n{note}"
