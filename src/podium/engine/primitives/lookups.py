"""What a workflow learns of its surroundings, recorded so that a replay learns the same."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, fields
from typing import ClassVar, TypeVar

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.key_state import KeyState
from podium.engine.run.recorded import Recorded
from podium.model.agent import AnyAgent, Card, is_agent
from podium.model.conversation import is_asked
from podium.model.cost import Spending
from podium.model.expected import Expected, is_list, or_none
from podium.model.fact import Fact
from podium.model.facts.runs import Changed
from podium.model.facts.waits import LookedUp
from podium.model.json import Json
from podium.model.retry import Backoff, FailureKind, Retry
from podium.model.storable import check_name
from podium.model.track_record import TrackRecord
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode_names
from podium.store.protocol.queries import CostQuery

T = TypeVar("T")
Barred = Callable[[BranchTask, Sequence[AnyAgent]], Awaitable[set[str]]]
"""Returns the names of those whom the rules refuse in this run, whatever they are handed."""

_AMONG = or_none(
    Expected(
        "a list of agents, or of names of registered ones",
        lambda value: is_list(value) and all(isinstance(each, str) or is_agent(each) for each in value),
    )
)
_LOOKED_AT = 100
"""Messages of a conversation in which a speaker is looked for."""
_SHOWN = ("name", "version", "description", "capabilities", "effects", "timeout", "concurrency", "usd", "kind")
_STORED = {"max_delay": "longest"}
"""Names in the journal of fields of a `Retry` that are called otherwise today."""
_NAMED = {stored: name for name, stored in _STORED.items()}


class LookUp(Recorded[list[T]]):
    """What is found when it is first asked for; from then on always the same."""

    __slots__ = ("asks",)

    OF: ClassVar[str] = ""
    """What is looked up, of agents that are named."""
    opens = LookedUp
    opening_ends_it = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, of: str = "",
        agents: tuple[str, ...] | None = None, label: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        check_name("the label of calls", label)
        self.asks = LookedUp(of=of or self.OF, agents=agents, label=label)
        """What is looked up, as it is recorded: `of`, and more if that does not say it all."""

    def described(self) -> str:
        """Return what is looked up."""
        return f"a look-up of {self.asks.of}"

    def identity(self) -> dict[str, object]:
        """Return what is looked up."""
        return {"of": self.asks.of, "agents": self.asks.agents, "label": self.asks.label}

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> list[T]:
        """Return what was found."""
        return [self.load(each) for each in decode(end.payload)]

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> list[T]:
        """Look, and record what is there."""
        await self.active.live(branch, self.key)
        found: list[Json] = MASKING.names(await self.look(branch))
        await self.end_with(branch, self.asks, encode_names(found))
        return [self.load(each) for each in found]

    @abstractmethod
    async def look(self, branch: BranchTask) -> list[Json]:
        """Look, and return what is there."""

    @abstractmethod
    def load(self, plain: Json) -> T:
        """Return one of the things found."""


class Find(LookUp[Card]):
    """The cards of those who offer a capability, and whom the rules do not refuse anyway."""

    __slots__ = ("among", "barred")

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, of: str, barred: Barred,
        among: Sequence[AnyAgent | str] | None = None,
    ) -> None:  # fmt: skip
        _AMONG.check(f"among of find({of!r})", among)
        names = None if among is None else tuple(each if isinstance(each, str) else each.card.name for each in among)
        super().__init__(active, branch, path, key, of=of, agents=names)
        self.among = among
        self.barred = barred

    async def look(self, branch: BranchTask) -> list[Json]:
        """Ask the registry, or those who were named, and the rules."""
        offers = [each for each in self._asked() if self.asks.of in each.card.capabilities]
        refused = await self.barred(branch, offers)
        return [_plain(each.card) for each in offers if each.card.name not in refused]

    def _asked(self) -> list[AnyAgent]:
        """Return all agents that are registered, or those of them that were named, and those that were given."""
        registry = self.active.runtime.dispatcher.registry
        if self.among is None:
            return [registry.get(card.name, card.version) for card in registry.cards(self.asks.of)]
        named = [registry.versions(each) if isinstance(each, str) else (each,) for each in self.among]
        return [each for versions in named for each in versions]

    def load(self, plain: Json) -> Card:
        """Return a card."""
        return _card(plain)


class CardsOf(LookUp[Card]):
    """The cards of agents that are known by name."""

    __slots__ = ()

    OF = "what agents say of themselves"

    async def look(self, branch: BranchTask) -> list[Json]:
        """Ask the registry; whoever is not there is left out."""
        registry, names = self.active.runtime.dispatcher.registry, dict.fromkeys(self.asks.agents or ())
        return [_plain(registry.get(each).card) for each in names if registry.knows(each)]

    def load(self, plain: Json) -> Card:
        """Return a card."""
        return _card(plain)


class Records(LookUp[TrackRecord]):
    """How agents did so far."""

    __slots__ = ()

    OF = "how agents did"

    async def look(self, branch: BranchTask) -> list[Json]:
        """Have the store fold its facts: it may take a tenth of a second."""
        names: Sequence[str] = self.asks.agents or ()
        found = await branch.at(self.key, self.active.runtime.store.records(names, label=self.asks.label))
        return [asdict(record) for record in found]

    def load(self, plain: Json) -> TrackRecord:
        """Return a record."""
        return TrackRecord(**plain)


class LastSpeaker(LookUp[str]):
    """Which of some agents spoke last in a conversation."""

    __slots__ = ()

    OF = "who spoke last"

    async def look(self, branch: BranchTask) -> list[Json]:
        """Read the end of the conversation."""
        turn, runtime = self.active.mailbox.turns.innermost(self.path), self.active.runtime
        if turn is None:
            return []
        tenant, names = self.active.run.tenant, self.asks.agents or ()
        found = await branch.at(self.key, runtime.store.conversation(tenant, turn.name))
        if found is None:
            return []
        first = max(found.revision - _LOOKED_AT, 0)
        said = await branch.at(self.key, runtime.store.messages(tenant, turn.name, first=first, n=turn.n))
        spoke = (each.speaker for each in reversed(said) if not is_asked(each.message))  # who asks may be called so too
        return [each for each in spoke if each in names][:1]

    def load(self, plain: Json) -> str:
        """Return a name."""
        return plain


class SpentSoFar(LookUp[Spending]):
    """What a workflow has spent so far."""

    __slots__ = ()

    OF = "what it has spent"

    async def look(self, branch: BranchTask) -> list[Json]:
        """Have the store add up what is recorded below the workflow: a few milliseconds for thousands of facts."""
        query = CostQuery(by="run", run=self.active.run.id, below=self.path or None)
        found = await branch.at(self.key, self.active.runtime.store.costs(query))
        usd = round(sum(each.usd + each.in_doubt for each in found.items), 9)
        tokens = sum(each.input_tokens + each.output_tokens for each in found.items)
        return [asdict(Spending(usd=usd, tokens=tokens))]

    def load(self, plain: Json) -> Spending:
        """Return what was spent."""
        return Spending(**plain)


def changed(active: ActiveRun, path: str, counter: int, name: str) -> bool:
    """Decide once per run whether a change applies: not to a branch that was past it already."""
    known = active.history.changes.get(name)
    if known is None:
        known = not active.history.has_from(path, counter)
        active.history.changes[name] = known
        active.journal.append(Changed(changed=known), name)
    return known


def _plain(card: Card) -> Json:
    plain: dict[str, Json] = {name: getattr(card, name) for name in _SHOWN}
    plain["capabilities"] = sorted(card.capabilities)
    retry = card.retry
    plain["retry"] = _stored(retry)
    plain["retry"]["kinds"] = sorted(retry.kinds)
    plain["retry"]["per"] = {kind: _stored(backoff) for kind, backoff in sorted(retry.per.items())}
    return plain


def _stored(rule: Retry | Backoff) -> dict[str, Json]:
    """Return a rule under the names of its fields in the journal."""
    return {_STORED.get(each.name, each.name): getattr(rule, each.name) for each in fields(rule)}


def _named(stored: dict[str, Json]) -> dict[str, Json]:
    """Return what the journal says of a rule under the names of its fields today."""
    return {_NAMED.get(name, name): value for name, value in stored.items()}


def _card(plain: Json) -> Card:
    retry = _named(plain["retry"])
    retry["kinds"] = frozenset(FailureKind(kind) for kind in retry["kinds"])
    retry["per"] = {FailureKind(kind): Backoff(**_named(said)) for kind, said in retry.get("per", {}).items()}
    shown: dict[str, Json] = {name: plain[name] for name in _SHOWN}
    shown["capabilities"] = frozenset(plain["capabilities"])
    return Card(**shown, retry=Retry(**retry))
