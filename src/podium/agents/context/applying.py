"""Applies the rules of an agent to each request of one call."""

from collections.abc import Sequence
from dataclasses import replace

from podium.agents.context.draft import Draft, FittedRequest
from podium.agents.context.piece import WholeRequest, one_by_one, words_of
from podium.agents.context.rule import ContextRule
from podium.agents.context.summaries import Summaries
from podium.agents.context.summarize import Summarize
from podium.agents.context.token_window import TokenWindow
from podium.errors import ConfigError
from podium.model.call import Call
from podium.model.conversation_state import ConversationMessage
from podium.model.expected import Expected, is_sequence
from podium.model.heard import heard_each, told_before
from podium.model.json import Json
from podium.model.steps import Steps, turn_of

ContextRules = Sequence[ContextRule]

CONTEXT = Expected(
    "rules of podium.agents.context in a list, such as [TrimToolResults(), TokenWindow(8_000)], and no class of one",
    lambda value: is_sequence(value) and all(hasattr(each, "shorten") and not isinstance(each, type) for each in value),
)


def check_context(agent: str, rules: ContextRules) -> None:
    """Raise ConfigError for rules that do not go together."""
    if any(isinstance(each, TokenWindow) for each in rules[:-1]):
        raise ConfigError(f"context of agent {agent}: TokenWindow goes last, as it says what fits, not {list(rules)}")
    summarizing = [each.agent.card.name for each in rules if isinstance(each, Summarize)]
    if len(summarizing) > 1:
        raise ConfigError(f"context of agent {agent} summarizes twice, by {' and '.join(summarizing)}: once is enough")


async def context_of(rules: ContextRules, call: Call, steps: Steps) -> "ContextOfCall | None":
    """Return what applies the rules of an agent to the requests of an attempt; None where it has none."""
    if not rules:
        return None
    turn = turn_of(call, steps)
    said = () if turn is None else await turn.messages()
    return ContextOfCall(rules, call, steps, [*said, *told_before(call)])


class ContextOfCall:
    """The rules of an agent, and what was summarized, for the requests of one attempt of a call."""

    def __init__(
        self, rules: ContextRules, call: Call, steps: Steps, before: Sequence[ConversationMessage] = ()
    ) -> None:
        self._rules = rules
        self._summaries = Summaries(call, steps, [each.message for each in before])
        self._said = frozenset(words for each in heard_each(call.agent, before) for words in words_of(each))

    async def fit(self, request: WholeRequest) -> FittedRequest:
        """Return what is sent of a request. Raises ContextTooLong where it cannot be made to fit."""
        draft = Draft(replace(request, pieces=one_by_one(request.pieces, self._said)))
        for rule in self._rules:
            await rule.shorten(draft, self._summaries)
        return draft.fitted()

    def kept_with(self, messages: Sequence[Json]) -> list[Json]:
        """Return what the call says in its conversation, with the summary that was made for it, if one was."""
        return self._summaries.kept_with(messages)
