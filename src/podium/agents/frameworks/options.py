"""What can be said of an agent of any framework."""

from collections.abc import Mapping
from typing import cast

from podium.agents.card import CardOptions
from podium.agents.context.applying import CONTEXT, ContextRules
from podium.agents.frameworks.approvals import TERMS_OPTIONS, TermsOptions
from podium.agents.frameworks.effects import DeclaredEffects
from podium.model.agent import CARD_OPTIONS
from podium.model.expected import FLAG, Expected, is_mapping
from podium.model.prices import RATES, Rates

EFFECTS_BY_TOOL = Expected("effects by tool, such as {'pay': 'once'}", is_mapping)

FRAMEWORK_OPTIONS: Mapping[str, Expected] = {
    **CARD_OPTIONS, **TERMS_OPTIONS, "tool_effects": EFFECTS_BY_TOOL, "rates": RATES, "streaming": FLAG,
    "context": CONTEXT,
}  # fmt: skip
"""What each option of an agent of a framework is to be."""


class FrameworkOptions(CardOptions, TermsOptions, total=False):
    """Options of an agent of any framework; all have defaults.

    Change `version` with the instructions, the model or the tools: calls under way are of the old one.
    """

    tool_effects: DeclaredEffects
    """`{"send_mail": "once"}`, or `{"pay": ToolEffects(effects="once", verify=was_paid)}`; by `AGENT/TOOL` for the
    tools of another agent that it hands over to, or that a tool of it runs."""
    rates: Rates
    """Your own prices of models, before those of genai-prices."""
    streaming: bool
    """Whether what the model writes is told as events while it writes."""
    context: ContextRules
    """What is sent of its messages, such as `[LastMessages(20), TokenWindow(8_000)]`: all unless given.

    Rules of `podium.agents.context`, one after the other, for each of its requests.
    """


def card_options(options: FrameworkOptions) -> CardOptions:
    """Return those that are for the card."""
    known = CardOptions.__optional_keys__
    return cast("CardOptions", {key: value for key, value in options.items() if key in known})
