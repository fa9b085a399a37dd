"""Makes an LLM agent out of a model, instructions and tools."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Unpack, cast

from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import Tool
from pydantic_ai.models import Model
from pydantic_ai.tools import ToolFuncEither
from typing_extensions import TypeForm, TypeVar

from podium.agents.agent_tool import AgentTool
from podium.agents.per_loop import PerLoop
from podium.agents.pydantic_ai.agent import LlmAgent, Prompt
from podium.agents.pydantic_ai.as_tool import tools_in
from podium.agents.pydantic_ai.options import LLM_OPTIONS, MADE_OF, PLAIN_OUTPUT, ModelOptions
from podium.agents.pydantic_ai.wrap import from_pydantic_ai
from podium.errors import ConfigError
from podium.model.agent import AnyAgent
from podium.model.expected import check_options
from podium.model.steps import Steps
from podium.secrets.literals import learn_url
from podium.secrets.reference import filled, mask_literals

In = TypeVar("In", default=str)
Out = TypeVar("Out", default=str)


def llm_agent(
    name: str,
    *,
    model: Model | str,
    instructions: str,
    output: TypeForm[Out] = str,
    tools: Sequence[Tool[Steps] | ToolFuncEither[Steps, ...] | AnyAgent | AgentTool] = (),
    input: type[In] = str,
    prompt: Callable[[In], Prompt] | None = None,
    **options: Unpack[ModelOptions],
) -> LlmAgent[In, Out, Steps]:
    """Return an agent that asks a model, lets it use tools, and gives an answer of the type `output`.

    `model` is a name such as `openai:gpt-5` or a model object of Pydantic AI; with `base_url` it is the name at that
    endpoint. A tool is an agent, a team or a person (see `as_tool`), or a function; one that takes
    `ctx: RunContext[Steps]` first finds its idempotency key in `ctx.deps.idempotency_key` and the shared memory in
    `ctx.deps.memory`. For what `input`, `prompt` and
    `tool_effects` mean, see `from_pydantic_ai`.
    """
    given = {"name": name, "model": model, "instructions": instructions, "tools": tools, "prompt": prompt}
    check_options(f"agent {name}", {**given, "input": input, "output": output}, MADE_OF)
    PLAIN_OUTPUT.check(f"output of agent {name}", output)
    check_options(f"agent {name}", options, LLM_OPTIONS)
    kind = cast("type[Out]", output)  # Pydantic AI takes a union too, where it says a type
    make = _maker(model, options)
    first = None if make is None else make()  # what is wrong with its address is told now
    agent = PydanticAgent(
        first or model,
        name=name,
        instructions=instructions,
        output_type=kind,
        deps_type=Steps,
        tools=tools_in(tools),
        model_settings=options.get("settings"),
        retries=options.get("corrections", 1),
        defer_model_check=True,
    )
    made = from_pydantic_ai(agent, input=input, output=kind, prompt=prompt, **options)
    if make is not None:
        made.models = PerLoop(make, first=first)
    return made


def _maker(model: Model | str, options: ModelOptions) -> Callable[[], Model] | None:
    """Return what makes the model at an address of its own, again for each event loop; None where it has none."""
    base_url, given = options.get("base_url"), options.get("api_key")
    if given is not None:
        mask_literals({"api_key": given})
    if base_url is None:
        return None
    if not isinstance(model, str):
        raise ConfigError("base_url goes with the name of a model; a model object brings its own endpoint")
    from podium.agents.pydantic_ai.endpoint import model_at  # loads the OpenAI client: half a second

    learn_url(base_url, "base_url")
    api_key = None if given is None else filled({"api_key": given})["api_key"]
    return partial(model_at, base_url, model, api_key=api_key)
