"""What one call wants otherwise than its agent's card says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.dispatch.dispatcher import Target
from podium.model.acceptance import Acceptance
from podium.model.agent import is_agent
from podium.model.conversation import ConversationTurn
from podium.model.duration import SECONDS, SecondsOrNone, hold_seconds
from podium.model.expected import NAME, Expected, check_options, instance, is_list, or_none
from podium.model.fallback import FallbackValue
from podium.model.retry import Retry
from podium.model.storable import check_name
from podium.model.task import Task

Fallbacks = Sequence[Target | FallbackValue]
"""The agents that are asked, or the values that are taken, when an agent has failed for good."""


def _are_fallbacks(value: object) -> bool:
    return is_list(value) and all(isinstance(each, str | Task | FallbackValue) or is_agent(each) for each in value)


_OPTIONS: Mapping[str, Expected] = {
    "retry": or_none(instance(Retry, "Retry(attempts=3)")),
    "label": or_none(NAME),
    "fallback": or_none(Expected("a list of agents, names and values, such as [spare]", _are_fallbacks)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What one call wants otherwise than its agent's card says."""

    timeout: SecondsOrNone = SecondsOrNone()
    within: SecondsOrNone = SecondsOrNone()
    retry: Retry | None = None
    fallback: Fallbacks | None = None
    conversation: ConversationTurn | None = None
    accept: Acceptance | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        hold_seconds(self, SECONDS, "timeout", "within", whose="a call", optional=True)
        check_options("a call", {name: getattr(self, name) for name in _OPTIONS}, _OPTIONS)
        check_name("the label of a call", self.label)


NO_OPTIONS = CallOptions()
"""What its agent's card says."""
