"""Which of several agents gets a task: a pure function of the offers."""

from collections.abc import Sequence

from podium.dispatch.registry import version_order
from podium.errors import UnknownAgent
from podium.model.agent import Card
from podium.model.task import Choice, Task


def choose(task: Task, offers: Sequence[Card]) -> Choice:
    """Return the cheapest offer (unknown prices last), the newest version of it, then the first by name."""
    if not offers:
        raise UnknownAgent(
            f"no agent offers {task.capability!r}. Register one with capabilities={{{task.capability!r}}}."
        )
    newest: dict[str, Card] = {}
    for card in offers:
        best = newest.get(card.name)
        if best is None or version_order(card.version) > version_order(best.version):
            newest[card.name] = card
    card = min(newest.values(), key=lambda card: (card.usd is None, card.usd or 0.0, card.name))
    price = "no known price" if card.usd is None else f"at most ${card.usd:g} a call"
    return Choice(card.name, card.version, f"offers {task.capability}; {price}; 1 of {len(newest)} that offer it")
