"""Makes a Podium agent of an agent that is written with Pydantic AI."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import UnionType
from typing import Any, Union, Unpack, cast, get_args, get_origin

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.models import Model
from pydantic_ai.tools import DeferredToolRequests, Tool
from pydantic_ai.toolsets import FunctionToolset
from typing_extensions import TypeVar

from podium.agents.card import CardOptions, card_of
from podium.agents.context.applying import check_context
from podium.agents.frameworks.approvals import terms_of
from podium.agents.frameworks.effects import check_declared, effects_of, tool_cards
from podium.agents.frameworks.prompt import text_of_input
from podium.agents.pydantic_ai.agent import LlmAgent, Prompt
from podium.agents.pydantic_ai.as_tool import agents_in
from podium.agents.pydantic_ai.options import LLM_OPTIONS, PLAIN_OUTPUT, AgentOptions
from podium.agents.pydantic_ai.outputs import output_functions
from podium.agents.shape import shape_of
from podium.errors import ConfigError
from podium.model.call import Call
from podium.model.expected import check_options, instance, is_sequence
from podium.model.json import Json
from podium.model.prices import NO_RATES
from podium.model.steps import Steps

In = TypeVar("In", default=str)
Out = TypeVar("Out")
D = TypeVar("D")


def from_pydantic_ai(
    agent: AbstractAgent[D, Out],
    *,
    name: str | None = None,
    model: Model | str | None = None,
    input: type[In] = str,
    output: type[Out] | None = None,
    prompt: Callable[[In], Prompt] | None = None,
    deps: Callable[[Call, Steps], D] | None = None,
    **options: Unpack[AgentOptions],
) -> LlmAgent[In, Out, D]:
    """Return a Podium agent that runs `agent`, each model request and each tool call recorded once for ever.

    `name` is the agent's own unless given; `model` replaces its model, for instance in a test. An `input` of text is
    the prompt; any other is given as JSON under a short heading, or through `prompt`. `output` is the agent's output
    type unless given: give it where that is not a plain type (a union, an output function, `ToolOutput`).

    `deps` makes the dependencies of each run; without it they are the call's `Steps`, so a tool that takes
    `ctx: RunContext[Steps]` finds its idempotency key in `ctx.deps.idempotency_key`. What a tool does to the world is
    declared in `tool_effects`.

    Instructions and tools must be the same whenever a call is replayed: no clock, no chance in them. Tools may run
    again after a crash, so give those with an effect their idempotency key. Retries of the vendor's client are
    switched off where the model knows `max_retries`; a retrying HTTP transport of your own is yours to leave out.
    """
    instance(AbstractAgent, 'Agent("openai:gpt-5")').check("what an agent is made of", agent)
    known = name or agent.name
    if not known:
        raise ConfigError("the Pydantic AI agent has no name: give it one, or pass name= to from_pydantic_ai")
    check_options(f"agent {known}", options, LLM_OPTIONS)
    PLAIN_OUTPUT.check(f"output of agent {known}", output)
    if deps is None and agent.deps_type not in {object, type(None), Any, Steps}:
        wanted = getattr(agent.deps_type, "__name__", agent.deps_type)
        raise ConfigError(f"agent {known} wants dependencies of the type {wanted}: give deps=, which makes them")
    check_context(known, options.get("context", ()))
    tools, all_known = _tools_of(agent)
    effects = options.get("tool_effects", {})
    check_declared(effects, known, None)
    check_declared(effects_of(effects, ""), known, tools if all_known else None)
    takes = shape_of(input)
    gives = shape_of(output if output is not None else _plain_output(agent))
    card = replace(
        card_of("llm", known, takes, gives, _of_card(options)), tools=tool_cards(effects, tools), knows_tools=all_known
    )
    return LlmAgent(
        card=card,
        input=takes,
        output=gives,
        agent=agent,
        model=model,
        prompt=prompt or text_of_input(takes),
        deps=deps or cast(Callable[[Call, Steps], D], _steps_as_deps),
        effects=effects,
        tools=tools,
        rates=options.get("rates", NO_RATES),
        streaming=options.get("streaming", False),
        limits=options.get("limits"),
        unfinished=options.get("unfinished", "fail"),
        terms=terms_of(options, options.get("tool_errors", "fail"), card.retry.attempts),
        context=options.get("context", ()),
        members=tuple(agents_in(agent.toolsets)),
    )


def _tools_of(agent: AbstractAgent[D, Out]) -> tuple[Mapping[str, Json], bool]:
    """Return the schemas of its tools as far as these are known, and whether they are all; others show when it runs."""
    sets = [each for each in agent.toolsets if isinstance(each, FunctionToolset)]
    outputs = {each.__name__: None for each in output_functions(agent.output_type)}
    schemas = {name: _schema_of(tool) for each in sets for name, tool in each.tools.items()}
    return {**schemas, **outputs}, len(sets) == len(agent.toolsets) and not outputs


def _schema_of(tool: Tool[D]) -> Json:
    """Return the schema of what a tool takes; None where it is prepared for each request anew."""
    return None if tool.prepare is not None else tool.function_schema.json_schema


def _of_card(options: AgentOptions) -> CardOptions:
    known = CardOptions.__optional_keys__
    return cast(CardOptions, {key: value for key, value in options.items() if key in known})


def _steps_as_deps(_: Call, steps: Steps) -> Steps:
    return steps


def _alternatives(output: object) -> Sequence[object]:
    """Return what an agent may give: one of several types, or one. Tools that wait do not end it here."""
    if is_sequence(output):
        return output
    return get_args(output) if isinstance(output, UnionType) or get_origin(output) is Union else [output]


def _plain_output(agent: AbstractAgent[D, Out]) -> type[Out]:
    kinds = [each for each in _alternatives(agent.output_type) if each is not DeferredToolRequests]
    if len(kinds) == 1 and isinstance(kinds[0], type):
        return cast(type[Out], kinds[0])
    raise ConfigError(
        f"the output of the Pydantic AI agent {agent.name!r} is {agent.output_type!r}, which is not a plain type: "
        "say with output= what comes out of it"
    )
