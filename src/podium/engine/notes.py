"""What a workflow learns of its surroundings, recorded so that a replay learns the same."""

from dataclasses import asdict

from podium.engine.drive import Drive
from podium.engine.history import opened_as
from podium.engine.primitive import Primitive
from podium.engine.strand import Strand
from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.retry import FailureKind, Retry
from podium.store.codec import decode, encode

_SHOWN = ("name", "version", "description", "capabilities", "effects", "timeout", "concurrency", "usd", "kind")


class Find(Primitive[list[Card]]):
    """A look-up in the registry."""

    __slots__ = ("capability",)

    def __init__(self, drive: Drive, strand: Strand, path: str, key: str, capability: str) -> None:
        super().__init__(drive, strand, path, key)
        self.capability = capability

    async def perform(self, strand: Strand) -> list[Card]:
        """Return the cards of those who offered the capability when it was first asked."""
        drive, key = self.drive, self.key
        record = drive.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.NOTED, f"a look-up of {self.capability}", of=self.capability)
            if record.cancelled:
                strand.deliver(key)
            if record.opened is not None:
                strand.last_at = record.opened.at
                return [_card(each) for each in decode(record.opened.payload)]
        await drive.live(strand, key)
        found = [_plain(card) for card in drive.around.dispatcher.registry.cards(self.capability)]
        strand.last_at = drive.append(FactKind.NOTED, key, encode({"of": self.capability}), encode(found))
        await drive.committed()
        return [_card(each) for each in found]


def changed(drive: Drive, path: str, counter: int, name: str) -> bool:
    """Decide once per run whether a change applies: not to a branch that was past it already."""
    known = drive.history.changes.get(name)
    if known is None:
        known = not drive.history.has_from(path, counter)
        drive.history.changes[name] = known
        drive.append(FactKind.CHANGED, name, encode({"changed": known}))
    return known


def _plain(card: Card) -> Json:
    plain: dict[str, Json] = {name: getattr(card, name) for name in _SHOWN}
    plain["capabilities"] = sorted(card.capabilities)
    plain["retry"] = {**asdict(card.retry), "kinds": sorted(card.retry.kinds)}
    return plain


def _card(plain: Json) -> Card:
    retry: dict[str, Json] = dict(plain["retry"])
    retry["kinds"] = frozenset(FailureKind(kind) for kind in retry["kinds"])
    shown: dict[str, Json] = {name: plain[name] for name in _SHOWN}
    shown["capabilities"] = frozenset(plain["capabilities"])
    return Card(**shown, retry=Retry(**retry))
