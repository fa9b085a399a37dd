"""How much of something may happen at once, and in a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from podium.model.duration import PAUSE, SECONDS, Seconds, hold_seconds
from podium.model.expected import COUNT, Expected, check_fields, each, instance, one_of, or_none

_LIMIT: Mapping[str, Expected] = {
    "concurrency": or_none(COUNT), "requests": or_none(COUNT), "tokens": or_none(COUNT),
    "when": one_of(("wait", "refuse")),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Bounds on the calls of an agent, the requests of a model, or all that a tenant does; None is no bound."""

    concurrency: int | None = None
    """Calls at once."""
    requests: int | None = None
    """Calls, or model requests, in any `per` seconds."""
    tokens: int | None = None
    """Tokens, input and output together, in any `per` seconds."""
    per: Seconds = Seconds(60.0)
    when: Literal["wait", "refuse"] = "wait"
    """What becomes of a call that is too much."""
    max_wait: Seconds = Seconds(2.0)
    """Seconds that a call waits in memory; one that has to wait longer waits durably."""

    def __post_init__(self) -> None:
        check_fields(self, _LIMIT)
        hold_seconds(self, SECONDS, "per")
        hold_seconds(self, PAUSE, "max_wait")


_LIMITS = each(instance(Limit, "Limit(requests=60)"), 'limits by name, such as {"*": Limit(requests=60)}')


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """The limits of the configuration, besides those of agents; `*` is each that is not named."""

    models: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    """Of the requests to a model, such as `openai:gpt-5`, by all agents together."""
    tenants: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    """Of all that the runs of a tenant do."""

    def __post_init__(self) -> None:
        check_fields(self, {"models": _LIMITS, "tenants": _LIMITS})

    @property
    def tokens(self) -> bool:
        """Whether tokens are bounded: a request then has to say its most beforehand."""
        return any(limit.tokens is not None for limit in (*self.models.values(), *self.tenants.values()))
