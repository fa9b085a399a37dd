"""What things cost, where the settings or an agent say so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import NamedTuple

from podium.errors import UsageError


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
        said = {"cpu_second": self.cpu_second, "gb_second": self.gb_second}
        for model, rate in self.models.items():
            said |= {f"models.{model}.{kind}": price for kind, price in rate._asdict().items() if price is not None}
        for name, price in said.items():
            if not (isfinite(price) and price >= 0):
                raise UsageError(f"prices.{name} is {price!r}; expected US dollars, 0 or more.")

    @property
    def of_machines(self) -> bool:
        """Whether what functions and programs take of the machine has a price: it is measured then."""
        return bool(self.cpu_second or self.gb_second)


NO_PRICES = PriceSettings()
