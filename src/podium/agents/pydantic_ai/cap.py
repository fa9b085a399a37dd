"""How long an answer may be under a budget, where its settings do not say it."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from podium.agents.frameworks.cap import OutputCap
from podium.agents.pydantic_ai.bound import bound_of, members_of
from podium.model.budget import Bound
from podium.model.json import Json, is_object
from podium.model.prices import Rates

_KEPT = "podium_cap"
"""Under this name a recorded answer that was cut holds what cut it: a replay does not know how the budget stood."""


class AnswerCap(OutputCap):
    """The `max_tokens` of one request, as the settings of Pydantic AI say it."""

    def __init__(
        self, model: Model[object], messages: list[ModelMessage], settings: ModelSettings | None,
        parameters: ModelRequestParameters, rates: Rates,
    ) -> None:  # fmt: skip
        def bound_at(tokens: int | None) -> Bound | None:
            sent = settings if tokens is None else self._capped(tokens)
            return bound_of(model, messages, sent, parameters, rates)

        self._settings = settings
        super().__init__(_said(model, settings), bound_at, longest=_longest(model), settable=_settable(model))

    @property
    def settings(self) -> ModelSettings | None:
        """The settings to send."""
        return self._settings if self.said is not None or self.tokens is None else self._capped(self.tokens)

    def kept(self, response: ModelResponse) -> ModelResponse:
        """Return a response to record: one that was cut holds what cut it."""
        if not self.by or response.finish_reason != "length":
            return response
        kept = {"tokens": self.tokens, "by": self.by}
        return replace(response, metadata={**(response.metadata or {}), _KEPT: kept})

    def _capped(self, tokens: int) -> ModelSettings:
        ended = (self._settings or ModelSettings()).copy()
        ended["max_tokens"] = tokens
        return ended


def cut_by(response: ModelResponse) -> tuple[int | None, str]:
    """Return at how many tokens an answer was cut for which no `max_tokens` was given, and by which budget.

    None and nobody where it was asked for without a budget, whether there is one now or not.
    """
    kept: Json = (response.metadata or {}).get(_KEPT)
    return (kept["tokens"], kept["by"]) if is_object(kept) else (None, "")


def _said(model: Model[object], settings: ModelSettings | None) -> int | None:
    """Return the `max_tokens` of its settings; of several models that all have their own, the highest."""
    known = [_own(each, {**(model.settings or {}), **(settings or {})}) for each in members_of(model)]
    counts = [each for each in known if each is not None]
    return max(counts) if len(counts) == len(known) else None


def _own(member: Model[object], settings: Mapping[str, object]) -> int | None:
    both: Mapping[str, object] = {**(member.settings or {}), **settings}
    said = both.get("max_tokens")
    return said if isinstance(said, int) else None


def _longest(model: Model[object]) -> int | None:
    """Return the most tokens that a model can write, or hold at all; of several, that of the one that can most."""
    known = [each.profile.get("anthropic_max_output_tokens") or each.context_window for each in members_of(model)]
    counts = [each for each in known if each is not None]
    return max(counts) if len(counts) == len(known) else None


def _settable(model: Model[object]) -> int:
    """Return the highest `max_tokens` that a model is known to take; 0 where that is not known."""
    return min(each.profile.get("anthropic_max_output_tokens") or 0 for each in members_of(model))
