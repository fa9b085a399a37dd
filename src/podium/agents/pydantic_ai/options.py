"""What can be said of an LLM agent besides its model and types."""

from collections.abc import Mapping
from typing import get_args

from pydantic_ai import Tool
from pydantic_ai.models import Model
from pydantic_ai.output import NativeOutput, PromptedOutput, TextOutput, ToolOutput
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import UsageLimits

from podium.agents.agent_tool import AgentTool
from podium.agents.card import CardOptions
from podium.agents.context.applying import CONTEXT, ContextRules
from podium.agents.frameworks.approvals import TERMS_OPTIONS, TOOL_ERRORS, TermsOptions, WhenToolRaises
from podium.agents.frameworks.effects import DeclaredEffects
from podium.agents.pydantic_ai.whole import Unfinished
from podium.model.agent import CARD_OPTIONS, is_agent
from podium.model.expected import COUNT, FLAG, FUNCTION, NAME, TEXT, Expected, instance, is_sequence, one_of, or_none
from podium.model.prices import RATES, Rates


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


LLM_OPTIONS: Mapping[str, Expected] = {
    **CARD_OPTIONS,
    **TERMS_OPTIONS,
    "tool_effects": Expected("effects by tool, such as {'pay': 'once'}", _is_mapping),
    "rates": RATES,
    "streaming": FLAG,
    "limits": or_none(instance(UsageLimits, "UsageLimits(request_limit=20)")),
    "tool_errors": TOOL_ERRORS,
    "context": CONTEXT,
    "unfinished": one_of(get_args(Unfinished)),
    "settings": or_none(Expected("settings of Pydantic AI, such as {'temperature': 0.0}", _is_mapping)),
    "corrections": Expected("a whole number, 0 or more", lambda value: value == 0 or COUNT.fits(value)),
    "base_url": or_none(TEXT),
    "api_key": or_none(TEXT),
}
"""What each option of an LLM agent is to be."""


_A_TYPE = Expected("a type, such as str", lambda value: not isinstance(value, str | bytes | int | float | list | tuple))
_WAYS_OF_OUTPUT = NativeOutput, PromptedOutput, TextOutput, ToolOutput
PLAIN_OUTPUT = Expected(
    "the type that comes out, such as str. How the model is to give it is said to the agent of Pydantic AI:"
    " from_pydantic_ai(Agent(…, output_type=PromptedOutput(Report)), output=Report)",
    lambda value: not isinstance(value, _WAYS_OF_OUTPUT),
)


def _are_tools(value: object) -> bool:
    return is_sequence(value) and all(map(_is_tool, value))


def _is_tool(value: object) -> bool:
    return isinstance(value, Tool | AgentTool) or is_agent(value) or callable(value)


MADE_OF: Mapping[str, Expected] = {
    "name": NAME, "instructions": TEXT, "input": _A_TYPE, "output": _A_TYPE, "prompt": or_none(FUNCTION),
    "model": Expected("the name of a model, such as 'openai:gpt-5', or a Model", lambda v: isinstance(v, str | Model)),
    "tools": Expected("functions, agents, or Tools of Pydantic AI, in a list", _are_tools),
}  # fmt: skip
"""What an LLM agent is made of, besides its options."""


class AgentOptions(CardOptions, TermsOptions, total=False):
    """Options that `llm_agent` and `from_pydantic_ai` share; all have defaults.

    Change `version` with the instructions, the model or the tools: calls under way are of the old one.
    """

    tool_effects: DeclaredEffects
    """`{"send_mail": "once"}`, or `{"pay": ToolEffects(effects="once", verify=was_paid)}`."""
    rates: Rates
    """Your own prices of models, before those of genai-prices."""
    streaming: bool
    """Whether what the model writes is told as events while it writes: text, thinking, arguments, partial answers."""
    unfinished: Unfinished
    """What is done with an answer that was cut at its `max_tokens`, or whose stream just ended: `fail` unless given.

    With `more` it is asked for with twice the tokens, up to three times; with `accept` it counts.
    """
    tool_errors: WhenToolRaises
    """What becomes of the agent where a tool raises: with `fail`, as unless given, its attempt fails, and its `retry`
    decides; with `tell` its model is told and it goes on, once no attempt of its `retry` is left."""
    context: ContextRules
    """What is sent of its messages, such as `[LastMessages(20), TokenWindow(8_000)]`: all unless given.

    Rules of `podium.agents.context`, one after the other, for each request of the agent itself.
    """
    limits: UsageLimits | None
    """Pydantic AI's bounds of one run: requests (50 unless given), tool calls, tokens. Beyond them it is a refusal."""


class ModelOptions(AgentOptions, total=False):
    """Options of `llm_agent` beyond those."""

    settings: ModelSettings
    """Pydantic AI's settings of a request: temperature, max_tokens and so on."""
    corrections: int
    """How often the model may mend a tool call or an answer that does not fit; 1 unless given."""
    base_url: str
    """An endpoint that speaks OpenAI's protocol, such as `http://localhost:11434/v1`; `model` is its name there."""
    api_key: str
    """The key of that endpoint, if it wants one, or a reference to it such as `env:LOCAL_KEY`."""
