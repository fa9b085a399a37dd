"""Makes a Podium agent of an agent that is written with the OpenAI Agents SDK."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Unpack, cast

from agents import Agent, FunctionTool, RunConfig
from agents.run_config import DEFAULT_MAX_TURNS
from typing_extensions import TypeVar

from podium.agents.card import card_of
from podium.agents.context.applying import check_context
from podium.agents.frameworks.approvals import terms_of
from podium.agents.frameworks.effects import check_declared, effects_of, tool_cards
from podium.agents.frameworks.options import FRAMEWORK_OPTIONS, FrameworkOptions, card_options
from podium.agents.frameworks.prompt import text_of_input
from podium.agents.openai_agents.agent import Input, OpenAIAgent
from podium.agents.openai_agents.as_tool import agents_in
from podium.agents.openai_agents.recorded import SdkAgent
from podium.agents.shape import shape_of
from podium.errors import ConfigError
from podium.model.call import Call
from podium.model.expected import COUNT, FUNCTION, NAME, check_options, instance, or_none
from podium.model.json import Json
from podium.model.prices import NO_RATES
from podium.model.steps import Steps

In = TypeVar("In", default=str)
Out = TypeVar("Out", default=str)

_MADE_OF = {
    "name": or_none(NAME), "prompt": or_none(FUNCTION), "run_context": or_none(FUNCTION),
    "run_config": or_none(instance(RunConfig, "RunConfig()")), "max_turns": COUNT,
}  # fmt: skip


def from_openai_agents(
    agent: SdkAgent,
    *,
    name: str | None = None,
    input: type[In] = str,
    output: type[Out] | None = None,
    prompt: Callable[[In], Input] | None = None,
    run_context: Callable[[Call, Steps], object] | None = None,
    run_config: RunConfig | None = None,
    max_turns: int = DEFAULT_MAX_TURNS,
    **options: Unpack[FrameworkOptions],
) -> OpenAIAgent[In, Out]:
    """Return a Podium agent that runs `agent`, each model request and each tool call recorded once for ever.

    `name` is the agent's own unless given. An `input` of text is the prompt; any other is given as JSON under a short
    heading, or through `prompt`, which may return items of a conversation. `output` is the agent's `output_type`
    unless given, or text. `run_context` makes the context of each run; without it, it is the call's `Steps`, so a tool
    finds its idempotency key in `ctx.context.idempotency_key`. `run_config` and `max_turns` are those of the SDK's
    `Runner`. A tool with `needs_approval` is a question in the inbox. What a tool does to the world is declared in
    `tool_effects`.

    Instructions and tools must be the same whenever a call is replayed: no clock, no chance in them. Retries of the SDK
    and of OpenAI's client are switched off. Raises ConfigError for an agent whose output is no plain type.
    """
    instance(Agent, 'Agent("helper")').check("what an agent is made of", agent)
    known = name or agent.name
    made_of = {"name": name, "prompt": prompt, "run_context": run_context}
    made_of |= {"run_config": run_config, "max_turns": max_turns}
    check_options(f"agent {known}", made_of, _MADE_OF)
    check_options(f"agent {known}", options, FRAMEWORK_OPTIONS)
    check_context(known, options.get("context", ()))
    effects = options.get("tool_effects", {})
    check_declared(effects, known, None)
    tools, all_known = _tools_of(agent)
    check_declared(effects_of(effects, ""), known, tools if all_known else None)
    takes = shape_of(input)
    gives = shape_of(output if output is not None else cast("type[Out]", _plain_output(agent, known)))
    return OpenAIAgent(
        card=replace(
            card_of("llm", known, takes, gives, card_options(options)),
            tools=tool_cards(effects, tools),
            knows_tools=all_known,
        ),
        input=takes,
        output=gives,
        agent=agent,
        prompt=prompt or text_of_input(takes),
        run_context=run_context or _steps_as_context,
        run_config=run_config or RunConfig(),
        max_turns=max_turns,
        effects=effects,
        rates=options.get("rates", NO_RATES),
        streaming=options.get("streaming", False),
        terms=terms_of(options),
        context=options.get("context", ()),
        members=tuple(agents_in(agent.tools)),
    )


def _tools_of(agent: SdkAgent) -> tuple[Mapping[str, Json], bool]:
    """Return the schemas of its tools, and whether they are all: servers of the Model Context Protocol have more."""
    found = {each.name: each.params_json_schema for each in agent.tools if isinstance(each, FunctionTool)}
    return found, not agent.mcp_servers


def _plain_output(agent: SdkAgent, name: str) -> object:
    kind = agent.output_type
    if kind is None:
        return str
    if isinstance(kind, type):
        return kind
    raise ConfigError(
        f"the output of agent {name} is {kind!r}, which is not a plain type: say with output= what comes out of it"
    )


def _steps_as_context(_: Call, steps: Steps) -> Steps:
    return steps
