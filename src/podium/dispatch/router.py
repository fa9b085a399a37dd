"""Which of several agents gets a task: a pure function of the offers."""

from collections.abc import Callable, Container, Sequence

from podium.dispatch.registry import version_order
from podium.errors import UnknownAgent
from podium.model.agent import Card
from podium.model.task import Routed, Task


def choose(
    task: Task, offers: Sequence[Card], is_available: Callable[[Card], bool] = lambda _: True,
    barred: Container[str] = (),
) -> Routed:  # fmt: skip
    """Return the cheapest offer (unknown prices last), the newest version of it, then the first by name.

    Agents that are unhealthy, or whose breaker is open, are chosen only if no other offers the capability, and those
    whom the rules refuse anyway, who are `barred` by name, only if nobody else does.
    """
    if not offers:
        raise UnknownAgent(
            f"no agent offers {task.capability!r}. Register one with capabilities={{{task.capability!r}}}."
        )
    allowed = [card for card in offers if card.name not in barred]
    possible = allowed or offers
    available = [card for card in possible if is_available(card)]
    newest: dict[str, Card] = {}
    for card in available or possible:
        best = newest.get(card.name)
        if best is None or version_order(card.version) > version_order(best.version):
            newest[card.name] = card
    card = min(newest.values(), key=lambda card: (card.usd is None, card.usd or 0.0, card.name))
    price = "no known price" if card.usd is None else f"at most ${card.usd:g} a call"
    left = len(possible) - len(available)
    without = "" if not left else f"; {left} not available" if available else "; none of them is available"
    refused = f"; {len(offers) - len(possible)} not allowed" if len(possible) < len(offers) else ""
    why = f"offers {task.capability}; {price}; 1 of {len(newest)} that offer it{without}{refused}"
    return Routed(card.name, card.version, why)
