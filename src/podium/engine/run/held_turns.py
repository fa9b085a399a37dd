"""The turns that one run has in conversations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from podium.engine.run.keys import above, belongs
from podium.model.conversation import ConversationTurn, Says, narrower
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.notices import RunDiscarded
from podium.model.facts.runs import Restarted, Rewound, Started
from podium.model.facts.waits import TurnTaken
from podium.model.json import Json
from podium.model.run import START
from podium.store.conversing import ReleaseTurn


@dataclass(slots=True)
class HeldTurn:
    """A turn that a call, or the run, was given."""

    name: str
    """Of the conversation."""
    revision: int
    """How many messages were in it when it was given last."""
    n: int | None
    """The number of the conversation in the store; None where a generation before had the turn."""
    said: bool = False
    """Whether a call inside it, whose answer the run has or had, has said something in the conversation."""
    held: bool = True
    """Whether the run has it now. A retry, or a fork, takes a turn anew."""
    says: Says = "exchange"
    """What the call says in it."""
    alone: bool = False
    """Whether calls inside it say nothing."""

    @property
    def inside(self) -> Says:
        """What calls inside it may say."""
        return "nothing" if self.alone else self.says


class HeldTurns:
    """Remembers, by the key of the call, which turns the run has, wants, and had."""

    __slots__ = ("_held", "_known", "wanted")

    def __init__(self) -> None:
        self._known: dict[str, HeldTurn] = {}
        self._held: set[str] = set()
        """Under which keys the run may have a turn now: few, however many it had."""
        self.wanted: set[str] = set()
        """What was asked of the store and is not given."""

    def read(self, facts: Sequence[Fact]) -> None:
        """Learn from the journal: also of turns that are over, whatever a retry voided of them."""
        started = facts[0].content
        if isinstance(started, Started) and started.conversation is not None and started.forked_from is None:
            self.wanted.add(START)
        for fact in facts:
            match fact.content if fact.kind in _TELLING else None:
                case TurnTaken() as taken:
                    self.given(fact.key, taken)
                    self._known[fact.key].held = _is_own(fact)
                case Restarted(conversation=str(name), revision=revision, held=held, spoken=said):
                    self._known[START] = HeldTurn(name, revision, None, said, held and _is_own(fact))
                    self._held.add(START)
                    self.wanted.discard(START)
                case KeysCancelled(keys=keys):
                    self._end(keys)
                case Rewound(facts=places):
                    self._end([each.key for each in facts if each.kind in _OF_A_TURN and each.seq in places])
                case None:
                    self._note(fact)
                case _:
                    pass

    def _note(self, fact: Fact) -> None:
        if fact.kind is FactKind.ASKED:
            if _IN_CONVERSATION in fact.text and _is_own(fact):
                self.wanted.add(fact.key)
        elif fact.kind is FactKind.ANSWERED and (self._known or self.wanted):
            if isinstance(fact.content, AnsweredDone):
                self.answered(fact.key)
            self._end([fact.key])
        elif fact.kind is FactKind.ENDED or (fact.kind is FactKind.NOTICE and isinstance(fact.content, RunDiscarded)):
            self._end([""])

    def given(self, key: str, taken: TurnTaken) -> None:
        """Note that a turn is given."""
        before = self._known.get(key)
        said = before is not None and before.said
        self._known[key] = HeldTurn(
            taken.conversation, taken.revision, taken.n, said, says=taken.says, alone=taken.alone
        )
        self._held.add(key)
        self.wanted.discard(key)

    def answered(self, key: str) -> None:
        """Note that a call has its answer: what it said in its turn is said in those around it as well."""
        if (own := self._known.get(key)) is not None and own.says != "nothing":
            for at in self._above(key):
                if (known := self._known.get(at)) is not None and known.name == own.name:
                    known.said = True

    def known(self, key: str) -> HeldTurn | None:
        """Return the turn under a key, whether the run has it now or had it before it was retried or forked."""
        return self._known.get(key)

    def has(self, key: str) -> bool:
        """Whether the run has a turn under this key now."""
        return (known := self._known.get(key)) is not None and known.held

    def around(self, key: str, name: str | None = None) -> str | None:
        """Return the key of the innermost turn that a call at a key is inside of, in this conversation or any."""
        for at in self._above(key):
            if (known := self._known.get(at)) is not None and name in (None, known.name):
                return at
        return None

    def taken(self, key: str, turn: ConversationTurn, told: Json) -> TurnTaken:
        """Return what a turn that is given says: no more than those around it allow, nor than before a retry."""
        says, before = turn.says, self._known.get(key)
        alone = turn.asked is not None or turn.answered is not None
        if before is not None:
            says, alone = narrower(says, before.says), alone or before.alone
        around = self.around(key, turn.name)
        if around is not None:
            says = narrower(says, self._known[around].inside)
        return TurnTaken(
            conversation=told["conversation"], revision=told["revision"], n=told["n"], says=says, alone=alone
        )  # fmt: skip

    def named(self, path: str) -> str | None:
        """Return the conversation of the innermost turn that a context of this path is in."""
        turn = self.innermost(path)
        return None if turn is None else turn.name

    def says(self, path: str) -> Says | None:
        """Return how much calls of a workflow that runs at this path may say; None where it has no turn of its own."""
        call, _, last = path.rpartition(".")
        own = call if last.startswith("r") else path  # a further attempt of a call runs at `KEY.rN`
        turn = self._known.get(START if not own or (last == own and own.startswith("g")) else own)
        return None if turn is None else turn.inside

    def innermost(self, path: str) -> HeldTurn | None:
        """Return the innermost turn that a context of this path is in."""
        around = path if path in self._known else self.around(path)
        return None if around is None else self._known.get(around)

    def release(self, keys: Iterable[str], now: float) -> list[ReleaseTurn]:
        """Forget the turns under these keys, given or wanted; returns what takes them back in the store."""
        if not self._known and not self.wanted:
            return []
        over = [key for key in keys if self.has(key) or key in self.wanted]
        self._end(over)
        return [ReleaseTurn(key, now) for key in over]

    def noted(self, said: Restarted) -> Restarted:
        """Return what begins a generation, which has the turn that the run has, or takes it anew as this one would."""
        own = self._known.get(START)
        if own is None:
            return said
        return replace(said, conversation=own.name, revision=own.revision, held=own.held, spoken=own.said)

    def _end(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.wanted = {at for at in self.wanted if not belongs(at, key)}
            for at in [at for at in self._held if belongs(at, key)]:
                self._known[at].held = False
                self._held.discard(at)

    def _above(self, key: str) -> Iterator[str]:
        yield from above(key)
        if key != START:
            yield START


_IN_CONVERSATION = b'"conversation":'
_OF_A_TURN = (FactKind.ASKED, FactKind.TURN)
_TELLING = frozenset({FactKind.TURN, FactKind.RESTARTED, FactKind.CANCELLED, FactKind.REWOUND})


def turns_in(facts: Sequence[Fact]) -> list[str]:
    """Return the keys under which a run may have turns, by its facts."""
    found = [fact.key for fact in facts if isinstance(said := fact.content, Asked) and said.conversation is not None]
    own = [START for fact in facts if isinstance(said := fact.content, Started) and said.conversation is not None]
    return [*own, *dict.fromkeys(found)]


def _is_own(fact: Fact) -> bool:
    """Whether the run itself was given it: what a fork shares was there before anybody drove it."""
    return fact.epoch > 0
