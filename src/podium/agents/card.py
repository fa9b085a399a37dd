"""What every sort of agent has: the options it takes, the card made of them, and the shapes of input and output."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Generic, TypedDict, TypeVar

from podium.agents.agent_tool import UsableAsTool
from podium.agents.shape import TypeShape
from podium.errors import UsageError
from podium.model.agent import CARD_OPTIONS, Card
from podium.model.breaker import Breaker
from podium.model.budget import Allowance
from podium.model.cache import CacheByMeaning
from podium.model.call import Call
from podium.model.duration import Duration
from podium.model.expected import check_options
from podium.model.guard import Guard
from podium.model.health import Health
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.origin import Untrusted
from podium.model.outcome import Outcome
from podium.model.retry import Retry
from podium.model.steps import Effects

In = TypeVar("In")
Out = TypeVar("Out")


class CardOptions(TypedDict, total=False):
    """What may be said of any agent when it is made; `Card` tells what each means and what it is otherwise."""

    version: str
    description: str
    capabilities: Collection[str]
    effects: Effects
    timeout: Duration | None
    retry: Retry
    concurrency: int | None
    usd: float | None
    dangerous: bool
    fallback: tuple[str, ...]
    undo: str | None
    breaker: Breaker | None
    limit: Limit | None
    cache: Duration | CacheByMeaning | None
    budget: Allowance | None
    guards: tuple[Guard | str, ...]
    health: Health | None
    untrusted: Untrusted
    allow: tuple[str, ...] | None


def check_card(name: str, options: Mapping[str, object]) -> None:
    """Raise UsageError for an option that no agent has, or that is not what it is to be."""
    check_options(f"agent {name}", options, CARD_OPTIONS)


class CardedAgent(UsableAsTool, Generic[In, Out]):
    """An agent whose card is known when it is made, and which cannot tell what became of a call in doubt."""

    def __init__(self, card: Card, input: TypeShape[In], output: TypeShape[Out]) -> None:
        self.card = card
        self.input = input
        self.output = output

    def __repr__(self) -> str:
        return f"<agent {self.card.name}>"

    async def verify(self, call: Call) -> Outcome | None:
        """Return None: it cannot tell."""
        return None


def card_of(kind: str, name: str, input: TypeShape[Json], output: TypeShape[Json], options: CardOptions) -> Card:
    """Return the card of an agent of that kind, with the schemas of what it takes and gives."""
    check_card(name, options)
    card = Card(kind=kind, name=name, input_schema=input.schema, output_schema=output.schema)
    capabilities = frozenset(options.get("capabilities", ()))
    said: dict[str, object] = {**options, "capabilities": capabilities}
    if isinstance(near := said.get("cache"), CacheByMeaning):
        near.check_input(name, input.schema)
        said |= {"cache": near.ttl, "cache_by_meaning": near}
    card = replace(card, **said)
    if card.cache is not None and card.effects == "once":
        raise UsageError(f"{name} has `once` effects, so its answers cannot be kept: leave out cache, or effects.")
    return card
