"""Who is recruited: a pure choice among those who offer what is needed, by how they did so far."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from podium.errors import NoDecision
from podium.model.agent import Card
from podium.model.track_record import TrackRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruit:
    """An agent that was recruited: for which capabilities, and why this one."""

    agent: str
    capabilities: list[str]
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An agent that can be recruited, and its record so far."""

    card: Card
    record: TrackRecord | None = None

    @property
    def rate(self) -> float:
        """How likely a call is to work: (done + 1) / (done + failed + 2), after Laplace; 1/2 for one never asked."""
        return 0.5 if self.record is None else (self.record.done + 1) / (self.record.done + self.record.failed + 2)

    @property
    def usd(self) -> float:
        """What a call costs: its mean, else the most that the card says; infinite where neither is known."""
        prices = (self.record.usd if self.record else None, self.card.usd)
        return next((price for price in prices if price is not None), math.inf)

    @property
    def seconds(self) -> float:
        """How long a call takes; infinite where it is not known."""
        return math.inf if self.record is None or self.record.seconds is None else self.record.seconds

    @property
    def rank(self) -> tuple[float, float, float, str]:
        """What they are sorted by: the most reliable first, then the cheapest, the fastest, the first by name."""
        return -self.rate, self.usd, self.seconds, self.card.name

    def figures(self) -> str:
        """Return how they did, in words."""
        record = self.record
        if record is None:
            known = ["was not asked before"]
        else:
            known = [f"{record.done} of {record.done + record.failed} calls worked (counted as {self.rate:.0%})"]
        if math.isfinite(self.usd):
            known.append(f"${self.usd:.2g} a call")
        if math.isfinite(self.seconds):
            known.append(f"{self.seconds:.2g} s a call")
        return ", ".join(known)


def offers_of(cards: Iterable[Card], records: Iterable[TrackRecord]) -> list[Offer]:
    """Return the newest of each agent's cards, which come first, with its own record; the best comes first."""
    known = {(record.agent, record.version): record for record in records}
    newest: dict[str, Card] = {}
    for card in cards:
        newest.setdefault(card.name, card)
    found = [Offer(card, known.get((card.name, card.version))) for card in newest.values()]
    return sorted(found, key=lambda offer: offer.rank)


def recruited(offers: Mapping[str, Sequence[Offer]], size: int) -> list[Recruit]:
    """Return the team: for each capability the best who offers it, in the order of the capabilities.

    Where these would be more than `size`, whoever covers most of what is open is recruited first, the best of these.
    Raises NoDecision where that is too many, too.
    """
    chosen = {capability: found[0] for capability, found in offers.items()}
    if len(_names(chosen.values())) > size:
        chosen = _covering(offers)
    names = _names(chosen.values())
    if len(names) > size:
        raise NoDecision(
            f"task_force: {', '.join(offers)} take {len(names)} agents ({', '.join(names)}), and size={size}. "
            "Allow more, or have the analyst name fewer capabilities."
        )
    return [_recruit(name, chosen, offers) for name in names]


def _covering(offers: Mapping[str, Sequence[Offer]]) -> dict[str, Offer]:
    """Return who does what, with as few as a greedy choice needs."""
    chosen: dict[str, Offer] = {}
    while still := [capability for capability in offers if capability not in chosen]:
        covers: dict[str, list[str]] = {}
        for capability in still:
            for offer in offers[capability]:
                covers.setdefault(offer.card.name, []).append(capability)
        able = {offer.card.name: offer for capability in still for offer in offers[capability]}
        best = min(able.values(), key=lambda offer: (-len(covers[offer.card.name]), offer.rank))
        chosen |= dict.fromkeys(covers[best.card.name], best)
    return {capability: chosen[capability] for capability in offers}


def _names(offers: Iterable[Offer]) -> list[str]:
    return list(dict.fromkeys(offer.card.name for offer in offers))


def _recruit(name: str, chosen: Mapping[str, Offer], offers: Mapping[str, Sequence[Offer]]) -> Recruit:
    """Return a recruit, with the reason in one sentence."""
    mine = [capability for capability, offer in chosen.items() if offer.card.name == name]
    places = [
        f"number {[offer.card.name for offer in offers[each]].index(name) + 1} of {len(offers[each])} for {each}"
        for each in mine
    ]
    return Recruit(agent=name, capabilities=mine, why=f"{chosen[mine[0]].figures()}: {', '.join(places)}.")
