"""What a model request costs in US dollars."""

from collections.abc import Iterator
from functools import partial
from typing import TypedDict, Unpack

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TimeOfDateConstraint

from podium.model.outcome import Usage
from podium.model.prices import NO_RATES, Rate, Rates


class _Input(TypedDict, total=False):
    cached: int
    """Input that the provider read from its prompt cache."""
    cache_written: int
    """Input that it wrote there."""


class TokenShares(_Input, total=False):
    """Of the tokens of a request, how many are of a kind that may have a price of its own."""

    cache_written_1h: int
    """Of that, what it keeps for an hour."""
    audio_input: int
    """Input that is sound."""
    audio_cached: int
    """Of that, what it read from its cache."""
    audio_output: int
    """Output that is sound."""
    reasoning: int
    """Output that the model thought."""


def price(
    model: str, usage: Usage, *, rates: Rates = NO_RATES, at_its_dearest: bool = False, **shares: Unpack[TokenShares]
) -> float | None:
    """Return what `usage` of `model` costs in US dollars, or None where the price is not known.

    `model` is `provider:name` or just the name. A rate of your own goes before the list of genai-prices; where the
    list does not know who provides it, such as a server of your own, the name alone counts. `at_its_dearest` is
    whatever the time of day.
    """
    rate = next((rates[name] for name in _names(model) if name in rates), None)
    if rate is not None:
        return _at(rate, usage, shares)
    for name in _names(model):
        found = _listed(name, usage, shares, at_its_dearest=at_its_dearest)
        if found is not None:
            return found
    return None


def most(model: str, *, input_tokens: int, output_tokens: int, rates: Rates = NO_RATES) -> float | None:
    """Return the most that these tokens of `model` can cost in US dollars, or None where the price is not known.

    Input that a provider writes to its prompt cache, or reads from it, may be dearer than plain input, and thoughts
    than plain output, so the dearest counts; for a model whose price changes with the time of day the dearest time.
    """
    usage = Usage(model=model, input_tokens=input_tokens, output_tokens=output_tokens, requests=1)
    of = partial(price, model, usage, rates=rates, at_its_dearest=True)
    plain = of()
    if plain is None:
        return None
    cached = [of(**way, reasoning=thought) for way in _ways(input_tokens) for thought in (0, output_tokens)]
    return max(plain, *(each or 0.0 for each in cached))


def context_window(model: str) -> int | None:
    """Return how many tokens `model` can hold, what it is sent and its answer together; None where nobody lists it."""
    for name in _names(model):
        provider, _, known = name.partition(":") if ":" in name else ("", "", name)
        try:
            _, found = get_snapshot().find_provider_model(
                known, provider=None, provider_id=provider or None, provider_api_url=None
            )
        except LookupError:
            continue
        return found.context_window
    return None


def _ways(tokens: int) -> tuple[_Input, ...]:
    """Return the ways in which all input may be of one kind."""
    return _Input(cached=0), _Input(cached=tokens), _Input(cache_written=tokens)


def _names(model: str) -> Iterator[str]:
    """Return the names under which a model may be listed: with its provider, and without."""
    yield model
    provider, _, name = model.partition(":")
    if provider and name:
        yield name


def _at(rate: Rate, usage: Usage, shares: TokenShares) -> float:
    """Return the price at a rate of your own; what it does not tell apart costs what plain tokens do."""
    plain_in, plain_out = usage.input_tokens, usage.output_tokens
    total = 0.0
    for share, own in (
        ("cached", rate.cached),
        ("cache_written", rate.cache_written),
        ("audio_input", rate.audio_input),
    ):
        if own is not None:
            tokens = min(shares.get(share, 0), plain_in)
            plain_in -= tokens
            total += tokens * own
    for share, own in (("audio_output", rate.audio_output), ("reasoning", rate.reasoning)):
        if own is not None:
            tokens = min(shares.get(share, 0), plain_out)
            plain_out -= tokens
            total += tokens * own
    return (total + plain_in * rate.input + plain_out * rate.output) / 1_000_000


def _listed(model: str, usage: Usage, shares: TokenShares, *, at_its_dearest: bool) -> float | None:
    provider, _, name = model.partition(":") if ":" in model else ("", "", model)
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=shares.get("cached", 0),
        cache_write_tokens=shares.get("cache_written", 0),
        cache_write_1h_tokens=shares.get("cache_written_1h", 0),
        input_audio_tokens=shares.get("audio_input", 0),
        cache_audio_read_tokens=shares.get("audio_cached", 0),
        output_audio_tokens=shares.get("audio_output", 0),
        output_reasoning_tokens=shares.get("reasoning", 0),
    )
    try:
        found = genai_prices.calc_price(tokens, name, provider_id=provider or None)
    except (LookupError, ValueError):
        return None
    prices = [found.total_price]
    if at_its_dearest and isinstance(found.model.prices, list):
        hourly = any(isinstance(each.constraint, TimeOfDateConstraint) for each in found.model.prices)
        prices += [each.prices.calc_price(tokens)["total_price"] for each in found.model.prices if hourly]
    return float(max(prices))
