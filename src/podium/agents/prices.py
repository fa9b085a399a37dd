"""What a model request costs in US dollars."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import genai_prices

from podium.model.outcome import Usage


class Rate(NamedTuple):
    """Your own price of a model, in US dollars per million tokens."""

    input: float
    output: float


Rates = Mapping[str, Rate]
"""Rates by model: `openai:gpt-5`, or `gpt-5` for whoever serves it."""

NO_RATES: Rates = MappingProxyType({})


def price(
    model: str, usage: Usage, *, rates: Rates = NO_RATES, cached: int = 0, cache_written: int = 0
) -> float | None:
    """Return what `usage` of `model` costs in US dollars, or None where the price is not known.

    `model` is `provider:name` or just the name. A rate of your own goes before the list of genai-prices. `cached`
    and `cache_written` are the input tokens, counted in `usage` too, that the provider read from and wrote to its
    prompt cache; a rate of your own does not tell them apart.
    """
    provider, _, name = model.partition(":") if ":" in model else ("", "", model)
    rate = rates.get(model) or rates.get(name)
    if rate is not None:
        return (usage.input_tokens * rate.input + usage.output_tokens * rate.output) / 1_000_000
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=cache_written,
    )
    try:
        return float(genai_prices.calc_price(tokens, name, provider_id=provider or None).total_price)
    except (LookupError, ValueError):
        return None


def most(model: str, *, input_tokens: int, output_tokens: int, rates: Rates = NO_RATES) -> float | None:
    """Return the most that so many tokens of `model` can cost in US dollars, or None where the price is not known.

    Input that a provider writes to its prompt cache may be dearer than plain input, so the dearer one counts.
    """
    usage = Usage(model=model, input_tokens=input_tokens, output_tokens=output_tokens, requests=1)
    for name in (model, model.partition(":")[2]):
        plain = price(name, usage, rates=rates)
        written = price(name, usage, rates=rates, cache_written=input_tokens)
        if plain is not None and written is not None:
            return max(plain, written)
    return None
