"""How much of something may happen at once, and in a time."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Bounds on the calls of an agent, the requests of a model, or all that a tenant does; None is no bound."""

    concurrency: int | None = None
    """Calls at once."""
    requests: int | None = None
    """Calls, or model requests, in any `per` seconds."""
    tokens: int | None = None
    """Tokens, input and output together, in any `per` seconds."""
    per: float = 60.0
    when: Literal["wait", "refuse"] = "wait"
    """What becomes of a call that is too much."""
    patience: float = 2.0
    """Seconds that a call waits in memory; one that has to wait longer waits durably."""
