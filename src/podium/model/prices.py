"""What things cost, where the settings or an agent say so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from podium.model.expected import DOLLARS, Expected, check_fields, each


class Rate(NamedTuple):
    """Your own price of a model, in US dollars per million tokens."""

    input: float
    output: float
    cached: float | None = None
    """Of input that the provider read from its prompt cache; as other input unless given, and so the following."""
    cache_written: float | None = None
    """Of input that it wrote there."""
    audio_input: float | None = None
    audio_output: float | None = None
    reasoning: float | None = None
    """Of output that the model thought."""


Rates = Mapping[str, Rate]
"""Rates by model: `openai:gpt-5`, or `gpt-5` for whoever serves it."""

NO_RATES: Rates = MappingProxyType({})


def nearer(own: Rates, others: Rates) -> Rates:
    """Return the rates of both; where both say one of a model, the own one."""
    if not others:
        return own
    return {name: rate for name, rate in others.items() if not {name, name.partition(":")[2]} & own.keys()} | {**own}


_DOLLARS = Expected(DOLLARS.words, lambda value: DOLLARS.fits(value) and value != inf)


def _is_rate(value: object) -> bool:
    return isinstance(value, Rate) and all(price is None or _DOLLARS.fits(price) for price in value)


RATES = each(Expected("", _is_rate), 'rates by model, US dollars, 0 or more: {"gpt-5": Rate(1.25, 10.0)}')

_PRICES: Mapping[str, Expected] = {
    "models": RATES, "cpu_second": _DOLLARS, "gb_second": _DOLLARS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSettings:
    """The prices of the configuration, in US dollars. That of a call of an agent is `usd` in the rules of the agent."""

    models: Mapping[str, Rate] = field(default_factory=dict[str, Rate])
    """Of models, per million tokens, as an agent's own `rates` say it."""
    cpu_second: float = 0.0
    """Of a second of processor time of functions and programs."""
    gb_second: float = 0.0
    """Of a GiB of memory that a program holds for a second."""

    def __post_init__(self) -> None:
        check_fields(self, _PRICES)

    @property
    def of_machines(self) -> bool:
        """Whether what functions and programs take of the machine has a price: it is measured then."""
        return bool(self.cpu_second or self.gb_second)


NO_PRICES = PriceSettings()
