"""What a model request costs in US dollars."""

from functools import partial

import genai_prices
from genai_prices.types import TimeOfDateConstraint

from podium.model.outcome import Usage
from podium.model.prices import NO_RATES, Rates


def price(
    model: str, usage: Usage, *, rates: Rates = NO_RATES, cached: int = 0, cache_written: int = 0,
    at_its_dearest: bool = False,
) -> float | None:  # fmt: skip
    """Return what `usage` of `model` costs in US dollars, or None where the price is not known.

    `model` is `provider:name` or just the name. A rate of your own goes before the list of genai-prices. `cached`
    and `cache_written` are the input tokens, counted in `usage` too, that the provider read from and wrote to its
    prompt cache; a rate of your own does not tell them apart. `at_its_dearest` is whatever the time of day.
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
        found = genai_prices.calc_price(tokens, name, provider_id=provider or None)
    except (LookupError, ValueError):
        return None
    prices = [found.total_price]
    if at_its_dearest and isinstance(found.model.prices, list):
        hourly = any(isinstance(each.constraint, TimeOfDateConstraint) for each in found.model.prices)
        prices += [each.prices.calc_price(tokens)["total_price"] for each in found.model.prices if hourly]
    return float(max(prices))


def most(model: str, *, input_tokens: int, output_tokens: int, rates: Rates = NO_RATES) -> float | None:
    """Return the most that these tokens of `model` can cost in US dollars, or None where the price is not known.

    Input that a provider writes to its prompt cache, or reads from it, may be dearer than plain input, so the dearest
    counts; for a model whose price changes with the time of day the dearest time.
    """
    usage = Usage(model=model, input_tokens=input_tokens, output_tokens=output_tokens, requests=1)
    for name in (model, model.partition(":")[2]):
        of = partial(price, name, usage, rates=rates, at_its_dearest=True)
        plain = of()
        if plain is not None:
            return max(plain, of(cached=input_tokens) or 0.0, of(cache_written=input_tokens) or 0.0)
    return None
