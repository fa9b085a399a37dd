"""What a retry asks again: what failed, and what is only as good as that. All else that is recorded stands."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from podium.engine.run.asked_in_steps import any_asked_in_steps
from podium.engine.run.history import OPENING, History
from podium.engine.run.keys import belongs
from podium.engine.run.undone import UNDO_OF, undoers, undone_in
from podium.model.acceptance import NOT_ACCEPTED
from podium.model.empty import empty
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed
from podium.model.facts.choices import KeysCancelled
from podium.model.facts.runs import Rewound
from podium.model.facts.waits import ChildAwaited, QuestionAnswered, QuestionAsked
from podium.model.json import is_object
from podium.model.retry import NEVER_AGAIN, FailureKind
from podium.model.run import RunState
from podium.store.codec import decode

INLINE_LIMITS = ("timeout", "first")
"""The last parts of the keys, under that of an inline workflow, of what limits its time."""


@dataclass(slots=True)
class Reopening:
    """What became of recorded facts, by place."""

    void: set[int] = field(default_factory=empty(set[int]))
    """They count no more: a retry or repin has what they are about done again."""
    loose: set[int] = field(default_factory=empty(set[int]))
    """They hold as far as the code asks for the same again: what came before them is done again."""
    aside: set[int] = field(default_factory=empty(set[int]))
    """Of these, those that were put aside, for the code asked for something else at their key."""
    lapsed: set[int] = field(default_factory=empty(set[int]))
    """What failed in an attempt after which a workflow began anew: it stays as it is, and counts for nothing else."""
    undone: set[int] = field(default_factory=empty(set[int]))
    """What such an attempt undid: the next one does that again."""

    @property
    def gone(self) -> set[int]:
        """The places of what is handed back to nobody."""
        return self.void | self.aside | self.lapsed | self.undone

    def try_again(self, said: AttemptFailed, below: Iterable[Fact], under: str) -> None:
        """Note what a further attempt of a called workflow does to what is recorded below its key."""
        gone = self.gone
        alive = [fact for fact in below if fact.seq not in gone]
        if said.goes_on:
            self.void |= reopened(alive, said.causes, under=under, spares=said.spares).void
        elif alive:
            undone = undone_in(alive).facts(alive)
            if said.begins_fallback or said.type == NOT_ACCEPTED:
                undone |= _of_another_mind(alive)
            self.undone |= undone
            self.lapsed |= (reopened(alive, said.causes, under=under).void | _failed(alive)) - undone
        self.loose.update(fact.seq for fact in alive)  # it is asked for once the pause is over


def standing(facts: Sequence[Fact]) -> Reopening:
    """Return what became of the facts of a run, or of those of a called workflow."""
    found, index = Reopening(), None
    under: dict[str, str] = {}
    for fact in facts:
        if fact.kind is FactKind.REWOUND and isinstance(said := fact.content, Rewound):
            found.void.update(said.facts)
            for key in said.keys:
                index = _Index(facts) if index is None else index
                before = (each.seq for each in index.range(key) if each.seq < fact.seq and "/" not in each.key)
                found.aside.update(seq for seq in before if seq in found.loose)
            if said.loose is not None:
                found.loose.update(range(said.loose, fact.seq))
        elif fact.kind is FactKind.RETRY and isinstance(said := fact.content, AttemptFailed):
            index = _Index(facts) if index is None else index
            at = under.get(fact.key, fact.key)
            under[fact.key] = said.goes_on or f"{fact.key}.r{said.attempt}"
            below = [each for each in index.range(at) if each.seq < fact.seq and each.key.startswith(f"{at}.")]
            if not any_asked_in_steps(fact.key, below):
                found.try_again(said, below, at)
    found.loose -= found.void | found.lapsed | found.undone
    return found


def history_of(facts: Sequence[Fact]) -> History:
    """Return what is recorded of a run, laid out for replay."""
    stands = standing(facts)
    return History(facts, void=stands.void | stands.lapsed, undone=stands.undone, loose=stands.loose)


def voided(facts: Sequence[Fact]) -> set[int]:
    """Return the places of the facts that count no more at their key."""
    stands = standing(facts)
    return stands.void | stands.aside


def is_spared(fact: Fact) -> bool:
    """Whether a fact says no for good: only a retry by people asks for that again, no further attempt does."""
    match fact.content:
        case AnsweredRefused():
            return True
        case AnsweredFailed(kind=kind):
            return kind in NEVER_AGAIN
        case _:
            return False


def reopened(facts: Sequence[Fact], causes: Iterable[str], *, under: str = "", spares: bool = False) -> Reopening:
    """Return what a retry of a workflow that failed does to what is recorded of it, given the keys that caused that.

    Void is whatever failed, down to the calls that failed by themselves, and the choices that were made after it.
    Where the failure names no keys, that is everything that failed below: whoever caught it made their own of it. With
    `spares` what was refused stands.
    """
    index = _Index(facts, spares=spares)
    again = dict.fromkeys([under]) if under else dict[str, None]()
    """The keys of what is asked again, or gone over again."""
    leaves = index.leaves(list(causes) or index.caught(under), again)
    cuts = [at for leaf in leaves if (at := index.since(leaf)) is not None]
    later = [fact for fact in facts if fact.seq > min(cuts)] if cuts else []
    choices = [fact for fact in later if _is_choice(fact)]
    failed = dict.fromkeys([*leaves, *(fact.key for fact in later if index.has_failed(fact))])
    void = {fact.seq for fact in choices} | withdrawn(facts, _cut_by(choices))
    for key in failed:
        void |= index.parts(key)
    void |= {at for key in again if key != under and (at := index.since(key)) is not None}
    void |= {fact.seq for fact in facts if _limited_by(fact.key) in again | failed}
    begun_anew = {fact.seq for key in leaves if key in index.undoers for fact in index.range(key) if fact.key != key}
    return Reopening(void, ({fact.seq for fact in later} | begun_anew) - void)


class _Index:
    """The facts of one run, and how each key was answered."""

    def __init__(self, facts: Sequence[Fact], *, spares: bool = False) -> None:
        self._spares = spares
        self._facts = sorted(facts, key=lambda fact: fact.key)
        self._keys = [fact.key for fact in self._facts]
        self._answers = {fact.key: fact for fact in facts if fact.kind is FactKind.ANSWERED}
        self._children = {fact.key for fact in facts if isinstance(fact.content, ChildAwaited)}
        self.undoers = undoers(facts)
        """The workflows that undid what they did: they begin anew, and are not followed down."""

    def has_failed(self, fact: Fact) -> bool:
        """Whether a fact says that a call, or a child run, came to nothing, and is not spared."""
        if self._spares and is_spared(fact):
            return False
        match fact.content:
            case AnsweredFailed() | AnsweredRefused():
                return True
            case AnsweredDone() if fact.key in self._children:
                told = decode(fact.payload)
                return is_object(told) and told.get("state") != RunState.DONE
            case _:
                return False

    def caught(self, under: str) -> list[str]:
        """Return the keys below another one of what failed, but not of what is inside something that is over."""
        below = self._answers.values() if not under else self.range(under)
        failed = [fact.key for fact in below if fact.key != under and self.has_failed(fact)]
        return [key for key in failed if not self._is_inside(key, under)]

    def _is_inside(self, key: str, under: str) -> bool:
        """Whether what was answered at a key is part of a workflow, itself below another key, that is over."""
        above, at = key.rpartition(".")[0], self._answers[key].seq
        while above and above != under:
            if (around := self._answers.get(above)) is not None and at < around.seq:
                return True
            above = above.rpartition(".")[0]
        return False

    def leaves(self, causes: Iterable[str], reached: dict[str, None]) -> list[str]:
        """Follow failed inline workflows down to what failed by itself; adds those on the way to `reached`."""
        found: dict[str, None] = {}
        for key in causes:
            answer = self._answers.get(key)
            if answer is not None and self._spares and is_spared(answer):
                continue
            below = () if answer is None or key in self.undoers else self._below(key, answer)
            if answer is None or not below:
                found[key] = None
            else:
                reached[key] = None
                found.update(dict.fromkeys(self.leaves(below, reached)))
        return list(found)

    def _below(self, key: str, answer: Fact) -> Sequence[str]:
        """Return the keys inside an inline workflow that its end came of: those that it names, or what it caught."""
        if isinstance(said := answer.content, AnsweredFailed):
            return said.causes or self.caught(key)
        if isinstance(said, AnsweredDone):
            return self._last_under(key)
        return ()

    def _last_under(self, key: str) -> Sequence[str]:
        """Return the call that answered last inside an inline workflow: what could not be used came of it."""
        asked = {fact.key for fact in self._own(key) if fact.kind is FactKind.ASKED and fact.key != key}
        answered = [fact for each in asked if (fact := self._answers.get(each)) and not self._is_inside(each, key)]
        return [max(answered, key=lambda fact: fact.seq).key] if answered else ()

    def range(self, key: str) -> list[Fact]:
        """Return the facts at a key and below it, in order."""
        first, end = bisect_left(self._keys, key), bisect_left(self._keys, f"{key}0")  # 0 comes after . and /
        return sorted((fact for fact in self._facts[first:end] if belongs(fact.key, key)), key=lambda fact: fact.seq)

    def _own(self, call: str) -> list[Fact]:
        """Return what was recorded of a call, and below it until it was over: later another one may be there."""
        answer = self._answers.get(call)
        own = self.range(call)
        if answer is None:
            return own
        return [fact for fact in own if fact.seq <= answer.seq or fact.key == f"{call}.{UNDO_OF}"]

    def since(self, key: str) -> int | None:
        """Return the place at which something was answered, or None while it is not."""
        answer = self._answers.get(key)
        return None if answer is None else answer.seq

    def parts(self, call: str) -> set[int]:
        """Return what to void so that a call is asked again, and nothing that it did is done again.

        Its steps stay, but for an answer that could not be used. What a workflow called stays: its own code failed.
        """
        own = self._own(call)
        answer = self._answers.get(call)
        ended = set[int]() if answer is None else {answer.seq}
        called = any_asked_in_steps(call, own)
        if not called and any(fact.kind in OPENING and fact.key not in (call, f"{call}.{UNDO_OF}") for fact in own):
            return ended
        history = History(own)
        match None if answer is None else answer.content:
            case AnsweredFailed(kind=kind):
                history.failed_as(call, kind)
            case AnsweredDone():
                history.failed_as(call, FailureKind.VALIDATION)
            case _:
                pass
        steps = history.steps.get(call, {}).values()
        if called:  # it goes on where it was, as what it called stays
            return ended | {each.done.seq for each in steps if each.done is not None and not each.usable}
        kept = {
            fact.seq
            for record in steps
            for fact in (record.intent, record.done)
            if fact is not None and (record.usable or record.intent is not None)
        }
        return {fact.seq for fact in own if fact.kind is not FactKind.REWOUND} - kept


def withdrawn(facts: Iterable[Fact], keys: Container[str]) -> set[int]:
    """Return the questions at these keys that nobody had answered: they were taken back, and have to be asked anew."""
    asked: dict[str, int] = {}
    for fact in facts:
        match fact.content:
            case QuestionAsked(question=question) if fact.key in keys:
                asked[question] = fact.seq
            case QuestionAnswered(question=question):
                asked.pop(question, None)
            case _:
                pass
    return set(asked.values())


def _cut_by(choices: Iterable[Fact]) -> set[str]:
    return {key for fact in choices if isinstance(said := fact.content, KeysCancelled) for key in said.keys}


def _failed(facts: Sequence[Fact]) -> set[int]:
    """Return what to void so that all that failed is asked again, also what a workflow had caught."""
    index = _Index(facts)
    failed = [fact.key for fact in facts if fact.kind is FactKind.ANSWERED and index.has_failed(fact)]
    return {seq for key in failed for seq in index.parts(key)}


def _of_another_mind(facts: Sequence[Fact]) -> set[int]:
    """Return what is asked anew of a fallback, or for another answer: all that need not happen `once`."""
    once = {fact.key for fact in facts if isinstance(said := fact.content, Asked) and said.once}
    asked = {fact.key for fact in facts if fact.kind is FactKind.ASKED}
    effects = {fact.key for fact in facts if fact.kind is FactKind.INTENT}
    return {
        fact.seq
        for fact in facts
        if (fact.kind is FactKind.ANSWERED and fact.key in asked and fact.key not in once)
        or (fact.kind is FactKind.STEP and fact.key not in effects)
    }


def _is_choice(fact: Fact) -> bool:
    return fact.kind is FactKind.CHOSEN or (isinstance(said := fact.content, KeysCancelled) and bool(said.by))


def _limited_by(key: str) -> str:
    """Return the call whose workflow is limited in time by what is recorded at a key; empty where nothing is."""
    above, _, last = key.rpartition(".")
    if last not in INLINE_LIMITS:
        return ""
    call, _, attempt = above.rpartition(".")
    return call if attempt.startswith("r") else above
