"""How long an answer may be under a budget, where its settings do not say it."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from podium.agents.pydantic_ai.bound import bound_of, members_of
from podium.model.budget import PER_USD, USUAL_OUTPUT, Bound, BudgetLimits
from podium.model.json import Json, is_object
from podium.model.prices import Rates

_KEPT = "podium_cap"
"""Under this name a recorded answer that was cut holds what cut it: a replay does not know how the budget stood."""

_MOST_OUTPUT = 1_000_000
"""Tokens that no model is known to write in one answer: what one may come to of which nobody knows how long it is."""


class AnswerCap:
    """The `max_tokens` of one request: as its settings say, or else as much as its budgets let it have."""

    def __init__(
        self, model: Model[object], messages: list[ModelMessage], settings: ModelSettings | None,
        parameters: ModelRequestParameters, rates: Rates,
    ) -> None:  # fmt: skip
        self._model = model
        self._messages = messages
        self._settings = settings
        self._parameters = parameters
        self._rates = rates
        self.said = _said(model, settings)
        """What its settings say."""
        self._tokens: int | None = None
        """What is sent instead; None sends nothing, and the model's own maximum holds."""
        self._by = ""
        """What bounds money or tokens, and so the answer; empty where nothing does."""
        self._known: dict[int | None, Bound | None] = {}
        """What the request may come to, by `max_tokens`."""

    @property
    def settings(self) -> ModelSettings | None:
        """The settings to send."""
        return self._settings if self.said is not None or self._tokens is None else self._capped(self._tokens)

    def bound(self) -> Bound | None:
        """Return the most that the request may come to; None where it cannot be told."""
        if self.said is not None:
            return self._bound(None)
        found = self._bound((_longest(self._model) or _MOST_OUTPUT) if self._tokens is None else self._tokens)
        return None if found is None else replace(found, fit=self.fit)

    def unsaid(self) -> Bound:
        """Return what an answer counts with of which nobody says what it came to: the most that it was allowed.

        Where nothing bounds it, that is as much as an answer usually has.
        """
        return (self._bound(USUAL_OUTPUT) if self.said is None and not self._by else self.bound()) or Bound()

    def fit(self, within: BudgetLimits, least: int, by: str) -> Bound | None:
        """Let the answer be as long as stays within these limits, but no shorter than `least`; return the new bound.

        That is as long as the model can write, where that is known and fits. Where only the size of its context is
        known, there is nothing in between: a provider turns down a `max_tokens` that is more than it can write.
        """
        self._by = by
        whole = None if (longest := _longest(self._model)) is None else self._bound(longest)
        if whole is not None and whole.within(within):
            self._tokens = None
        else:
            top = max(_settable(self._model), USUAL_OUTPUT)
            self._tokens = max(least, self._most_within(within, top, least))
        return self.bound()

    def kept(self, response: ModelResponse) -> ModelResponse:
        """Return a response to record: one that was cut holds what cut it."""
        if not self._by or response.finish_reason != "length":
            return response
        kept = {"tokens": self._tokens, "by": self._by}
        return replace(response, metadata={**(response.metadata or {}), _KEPT: kept})

    def _most_within(self, within: BudgetLimits, top: int, least: int) -> int:
        """Return how many tokens, up to `top`, an answer may have so that the request stays within these limits.

        Its price is a sum of what each token costs, at the dearest of several rates: between two lengths it is never
        above the straight line.
        """
        if top <= least:
            return top
        one, all_of_it = self._bound(1), self._bound(top)
        if one is None or all_of_it is None or all_of_it.within(within):
            return top
        room = [1.0]
        if within.tokens is not None:
            room.append((within.tokens - one.input_tokens) / top)
        if within.usd is not None and one.usd is not None and all_of_it.usd is not None and all_of_it.usd > one.usd:
            room.append((within.usd / PER_USD - one.usd) / (all_of_it.usd - one.usd))
        return max(0, int(min(room) * (top - 1)))

    def _bound(self, tokens: int | None) -> Bound | None:
        if tokens not in self._known:
            settings = self._settings if tokens is None else self._capped(tokens)
            found = bound_of(self._model, self._messages, settings, self._parameters, self._rates)
            self._known[tokens] = found
        return self._known[tokens]

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
