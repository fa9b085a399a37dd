"""What the compensations that a run called have undone, as far as its facts tell."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from podium.engine.run.asked_in_steps import call_of
from podium.engine.run.keys import above
from podium.model.empty import empty
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.calls import Asked
from podium.model.facts.waits import QuestionAsked, SignalAwaited

UNDO_OF = "undo_of"
"""The last part of the key, under that of a call, of the compensation that its agent's card names."""
_UNDO = ".undo"
AROUND = ""
"""Stands for the workflow whose facts these are."""
_GIVEN = (FactKind.ANSWERED, FactKind.STEP)


@dataclass(frozen=True, slots=True)
class Undone:
    """The keys of the calls, and child runs, whose effects a run has undone, or begun to undo."""

    surely: set[str] = field(default_factory=empty(set[str]))
    """Those that the compensations are about: their card names it, or `ctx.on_undo` follows them."""
    perhaps: set[str] = field(default_factory=empty(set[str]))
    """Others that a compensation may be about, and those whose compensation has not worked out."""
    registered: set[str] = field(default_factory=empty(set[str]))
    """Where the compensations were registered."""

    def facts(self, facts: Iterable[Fact]) -> set[int]:
        """Return the places of what counts no more for whoever goes over these facts once more.

        Of what is perhaps undone it stays known that it was begun; signals and answers of people stay.
        """
        facts = list(facts)
        came = {fact.key for fact in facts if isinstance(fact.content, SignalAwaited | QuestionAsked)}
        came -= {fact.key for fact in facts if fact.kind is FactKind.ASKED}
        whole = self.surely | self.registered
        around = {over for key in whole | self.perhaps for over in above(key)}
        return {
            fact.seq
            for fact in facts
            if (_within(fact.key, whole) and fact.key not in came)
            or (fact.kind is FactKind.ANSWERED and fact.key in around)
            or (fact.kind in _GIVEN and _within(fact.key, self.perhaps) and fact.key not in came)
        }


def undone_in(facts: Sequence[Fact]) -> Undone:
    """Return what a run has undone, by all compensations that are among these facts."""
    asked = {fact.key for fact in facts if fact.kind is FactKind.ASKED}
    called = {key.removesuffix(_UNDO) for key in asked if is_undo(key)}
    if not called:
        return Undone()
    worked = {fact.key for fact in facts if isinstance(fact.content, AnsweredDone)}
    found = Undone(registered=called)
    for key, last, others in _subjects(facts, asked):
        if key not in called:
            continue
        found.perhaps.update(others)
        (found.surely if f"{key}{_UNDO}" in worked else found.perhaps).update(last)
    found.perhaps.update(_asked_for(facts, found))
    found.perhaps.difference_update(found.surely)
    return found


def _asked_for(facts: Sequence[Fact], undone: Undone) -> set[str]:
    """Return the calls whose steps asked for what was undone: what these steps gave holds no longer."""
    gone = undone.surely | undone.perhaps
    steps = ((fact.key, said.step) for fact in facts if isinstance(said := fact.content, Asked))
    return {call_of(step) for key, step in steps if step is not None and _within(key, gone)}


def undoers(facts: Sequence[Fact]) -> set[str]:
    """Return the keys of the called workflows that undid what they had done, or AROUND."""
    asked: set[str] = set()
    ended: set[str] = set()
    found: set[str] = set()
    for fact in facts:
        if fact.kind is FactKind.ANSWERED:
            ended.add(fact.key)
        elif fact.kind is FactKind.RETRY:
            found.discard(fact.key)  # that was an attempt before
        elif fact.kind is FactKind.ASKED:
            asked.add(fact.key)
            ended.discard(fact.key)
            if is_undo(fact.key):
                found.add(next((key for key in above(fact.key) if key in asked and key not in ended), AROUND))
    return found


def undid_all(facts: Sequence[Fact]) -> bool:
    """Whether the workflow around these facts undid what it did, or one in it that was cut, and has no end."""
    ended = {fact.key for fact in facts if fact.kind is FactKind.ANSWERED}
    return bool(undoers(facts) - ended)


def _subjects(facts: Sequence[Fact], asked: Container[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Give each compensation that was registered, with what it follows, and what else it may be about.

    One that follows nothing that is not undone otherwise may be about what comes next.
    """
    own = {fact.key.rpartition(".")[0] for fact in facts if fact.kind is FactKind.UNDO and _is_named(fact.key)}
    before: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for fact in facts:
        path = fact.key.rpartition(".")[0]
        if fact.kind is FactKind.UNDO:
            if _is_named(fact.key):
                yield fact.key, [path], []
            elif subjects := before.pop(path, []):
                yield fact.key, subjects[-1:], subjects[:-1]
            else:
                first[path] = fact.key
        elif fact.key in own or is_undo(fact.key):
            continue
        elif fact.kind is FactKind.SPAWNED or (fact.kind is FactKind.ANSWERED and fact.key in asked):
            if path in first:
                yield first.pop(path), [], [fact.key]
            else:
                before.setdefault(path, []).append(fact.key)


def is_undo(key: str) -> bool:
    """Whether a key is that of the call of a compensation."""
    return key.endswith(_UNDO)


def _is_named(key: str) -> bool:
    return key.rpartition(".")[2] == UNDO_OF


def _within(key: str, keys: Container[str]) -> bool:
    """Whether a key is one of others, or below it."""
    call = key.partition("/")[0]
    return call in keys or any(over in keys for over in above(call))
