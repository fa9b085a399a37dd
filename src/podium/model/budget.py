"""What may be spent, and what a request may come to."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that one request may come to."""

    usd: float | None = None
    """US dollars; None where the price is not known."""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that a run, with all its calls and child runs, may come to; None is no bound."""

    usd: float | None = None
    tokens: int | None = None
    """Input and output together."""
    calls: int | None = None
    seconds: float | None = None
    """From the start of the run."""
    depth: int | None = None
    """Workflows inside workflows."""
    fan_out: int | None = None
    """Branches of one gather, map, race or select."""
    on_breach: Literal["stop", "ask"] = "stop"
    """Whether what does not fit is refused, or a person is asked to raise the limit."""
    to: str = "operators"
    """Who is asked."""
