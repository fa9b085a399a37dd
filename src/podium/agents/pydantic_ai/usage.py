"""What a recorded model response used up."""

from dataclasses import replace

from podium.agents.prices import price
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates


def usage_of(response: Json, *, rates: Rates) -> Usage:
    """Read tokens and price out of the JSON of a model response.

    Your own rate goes before the price that a gateway reported, and that before the list of genai-prices.
    """
    tokens = response["usage"]
    provider, name = response["provider_name"], response["model_name"] or ""
    model = f"{provider}:{name}" if provider else name
    used = Usage(model=model, input_tokens=tokens["input_tokens"], output_tokens=tokens["output_tokens"], requests=1)
    reported = tokens["cost"]
    if reported is not None and model not in rates and name not in rates:
        return replace(used, usd=float(reported))
    usd = price(
        model, used, rates=rates, cached=tokens["cache_read_tokens"], cache_written=tokens["cache_write_tokens"]
    )
    return replace(used, usd=usd)
