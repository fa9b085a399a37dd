"""What a recorded model response used up."""

from collections.abc import Mapping
from dataclasses import replace

from podium.agents.prices import TokenShares, price
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.prices import Rates
from podium.model.spending import is_count

_SHARES = {
    "cached": "cache_read_tokens", "cache_written": "cache_write_tokens", "cache_written_1h": "cache_write_1h_tokens",
    "audio_input": "input_audio_tokens", "audio_cached": "cache_audio_read_tokens",
    "audio_output": "output_audio_tokens", "reasoning": "output_reasoning_tokens",
}  # fmt: skip
"""What prices tell apart, by what Pydantic AI calls it."""


def usage_of(response: Json, *, rates: Rates) -> Usage:
    """Read tokens and price out of the JSON of a model response, with those of answers that were rejected before it.

    Your own rate goes before the price that a gateway reported, and that before the list of genai-prices.
    """
    used = _of(response["usage"], response.get("provider_name"), response.get("model_name") or "", rates)
    for attempt in response.get("failed_attempts") or ():
        if attempt.get("usage") is not None:
            used = _together(
                used, _of(attempt["usage"], attempt.get("provider_name"), attempt.get("model_name") or "", rates)
            )
    return used


def unmeasured(response: Json) -> str:
    """Return what is wrong with the usage that a provider told; empty where nothing is."""
    tokens: Mapping[str, Json] = response["usage"]
    counted = {name: count for name, count in tokens.items() if name.endswith("_tokens") and isinstance(count, int)}
    if tokens.get("unmeasured_requests"):
        return "missing"
    if any(count < 0 for count in counted.values()):
        return "negative"
    if not all(map(is_count, counted.values())):
        return "too large"
    if not tokens.get("input_tokens") or (not tokens.get("output_tokens") and response["parts"]):
        return "zero"
    return ""


def _of(tokens: Mapping[str, Json], provider: str | None, name: str, rates: Rates) -> Usage:
    model = f"{provider}:{name}" if provider else name
    given, said = tokens.get("input_tokens", 0), tokens.get("output_tokens", 0)
    used = Usage(model=model, input_tokens=given, output_tokens=said, requests=1)
    reported = tokens.get("cost")
    if reported is not None and model not in rates and name not in rates:
        return replace(used, usd=float(reported))
    shares = TokenShares(**{share: tokens.get(known, 0) for share, known in _SHARES.items()})
    return replace(used, usd=price(model, used, rates=rates, **shares))


def _together(used: Usage, more: Usage) -> Usage:
    usd = None if used.usd is None or more.usd is None else used.usd + more.usd
    tokens = used.input_tokens + more.input_tokens, used.output_tokens + more.output_tokens
    return replace(
        used, input_tokens=tokens[0], output_tokens=tokens[1], requests=used.requests + more.requests, usd=usd
    )
