"""What `podium.toml` says of agents where they do not say it themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from podium.model.agent import CARD_OPTIONS, Card
from podium.model.breaker import Breaker
from podium.model.budget import Allowance
from podium.model.duration import SECONDS, SecondsOrNone, hold_seconds
from podium.model.expected import check_fields, or_none
from podium.model.limit import Limit
from podium.model.retry import Retry

EVERYBODY = "*"
"""The name under which rules for all agents stand."""


_NAMED = (
    "retry", "concurrency", "usd", "dangerous", "fallback", "undo", "breaker", "limit", "guards", "budget", "untrusted",
    "allow",
)  # fmt: skip
_RULES = {name: or_none(CARD_OPTIONS[name]) for name in _NAMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """The rules of an agent, named as on its card; None where nothing is said."""

    timeout: SecondsOrNone = SecondsOrNone()
    retry: Retry | None = None
    concurrency: int | None = None
    usd: float | None = None
    dangerous: bool | None = None
    fallback: tuple[str, ...] | None = None
    undo: str | None = None
    breaker: Breaker | None = None
    limit: Limit | None = None
    cache: SecondsOrNone = SecondsOrNone()
    guards: tuple[str, ...] | None = None
    budget: Allowance | None = None
    untrusted: bool | tuple[str, ...] | None = None
    allow: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_fields(self, _RULES)
        hold_seconds(self, SECONDS, "timeout", "cache", optional=True)


_FIELDS = tuple(each.name for each in fields(AgentRules))
_PLAIN = Card(name="")


def ruled(card: Card, rules: Mapping[str, AgentRules]) -> Card:
    """Return a card with what the rules say wherever it leaves a field as it is by default; a name goes before `*`."""
    layers = [rules[name] for name in (card.name, EVERYBODY) if name in rules]
    if not layers:
        return card
    changes: dict[str, object] = {}
    for name in _FIELDS:
        said = [value for layer in layers if (value := getattr(layer, name)) is not None]
        if said and getattr(card, name) == getattr(_PLAIN, name):
            changes[name] = said[0]
    return replace(card, **changes)
