"""What a workflow learns of its surroundings, recorded so that a replay learns the same."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import ClassVar, TypeVar

from podium.engine.drive import Drive
from podium.engine.history import opened_as
from podium.engine.primitive import Primitive
from podium.engine.strand import Strand
from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.record import Record
from podium.model.retry import Backoff, FailureKind, Retry
from podium.store.codec import decode, encode

T = TypeVar("T")

_SHOWN = ("name", "version", "description", "capabilities", "effects", "timeout", "concurrency", "usd", "kind")


class LookUp(Primitive[list[T]]):
    """What is found when it is first asked for; from then on always the same."""

    __slots__ = ("asks",)

    def __init__(self, drive: Drive, strand: Strand, path: str, key: str, asks: dict[str, Json]) -> None:
        super().__init__(drive, strand, path, key)
        self.asks = asks
        """What is looked up, as it is recorded: `of`, and more where that does not say it all."""

    async def perform(self, strand: Strand) -> list[T]:
        """Return what is recorded, or look and record it."""
        drive, key = self.drive, self.key
        record = drive.history.take(key)
        if record is not None:
            opened_as(record, key, FactKind.NOTED, f"a look-up of {self.asks['of']}", **self.asks)
            if record.cancelled:
                strand.deliver(key)
            if record.opened is not None:
                strand.last_at = record.opened.at
                return [self.load(each) for each in decode(record.opened.payload)]
        await drive.live(strand, key)
        found = await self.look(strand)
        strand.last_at = drive.append(FactKind.NOTED, key, encode(self.asks), encode(found))
        await drive.committed()
        return [self.load(each) for each in found]

    @abstractmethod
    async def look(self, strand: Strand) -> list[Json]:
        """Look, and return what is there."""

    @abstractmethod
    def load(self, plain: Json) -> T:
        """Return one of the things found."""


class Find(LookUp[Card]):
    """The cards of those who offer a capability."""

    __slots__ = ()

    async def look(self, strand: Strand) -> list[Json]:
        """Ask the registry."""
        return [_plain(card) for card in self.drive.around.dispatcher.registry.cards(self.asks["of"])]

    def load(self, plain: Json) -> Card:
        """Return a card."""
        return _card(plain)


class Records(LookUp[Record]):
    """How agents did so far."""

    __slots__ = ()

    OF: ClassVar = "how agents did"

    async def look(self, strand: Strand) -> list[Json]:
        """Have the store fold its facts, in a thread: it may take a tenth of a second."""
        names: Sequence[str] = self.asks["agents"]
        found = await strand.at(self.key, asyncio.to_thread(self.drive.around.store.records, names))
        return [asdict(record) for record in found]

    def load(self, plain: Json) -> Record:
        """Return a record."""
        return Record(**plain)


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
    retry = card.retry
    plain["retry"] = {each.name: getattr(retry, each.name) for each in fields(Retry)}
    plain["retry"]["kinds"] = sorted(retry.kinds)
    plain["retry"]["per"] = {kind: asdict(backoff) for kind, backoff in sorted(retry.per.items())}
    return plain


def _card(plain: Json) -> Card:
    retry: dict[str, Json] = dict(plain["retry"])
    retry["kinds"] = frozenset(FailureKind(kind) for kind in retry["kinds"])
    retry["per"] = {FailureKind(kind): Backoff(**said) for kind, said in retry.get("per", {}).items()}
    shown: dict[str, Json] = {name: plain[name] for name in _SHOWN}
    shown["capabilities"] = frozenset(plain["capabilities"])
    return Card(**shown, retry=Retry(**retry))
