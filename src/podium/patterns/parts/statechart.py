"""The chart of a state machine: its states, the events that each knows, and where they lead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import ClassVar

from podium.errors import PatternError
from podium.model.json import Json
from podium.patterns.building.expression import Predicate, rule, wording
from podium.patterns.building.members import known


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A way from one state to another, made by `transition`."""

    source: str
    target: str
    on: str | None = None
    """The event that leads there; None: the entry action of the source being done."""
    when: Predicate | None = None
    """The guard: a rule of the `data` as it would be afterwards."""


def transition(source: str, target: str, *, on: str | None = None, when: Predicate | None = None) -> Transition:
    """Return a way from one state to another, for `state_machine`.

    `on` is the event that leads there; without it the way is taken once the entry action of `source` is done. `when` is
    a rule of the `data`: of several ways with the same event the first one whose rule holds is taken.
    """
    return Transition(source=source, target=target, on=on, when=when)


@dataclass(frozen=True, slots=True)
class Event:
    """What an entry action gives, or a signal brings: the event's name, and the new data; None leaves it as it is."""

    __pydantic_config__: ClassVar[Mapping[str, object]] = {"extra": "forbid"}

    name: str
    data: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvent:
    """An event from outside that the state did not allow; nothing came of it."""

    state: str
    event: Json
    """What was sent."""
    reason: str
    allowed: list[str]
    """The events that the state knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """How a state machine ended: in which state, with which data, by which way, and what it refused meanwhile."""

    state: str
    data: Json
    path: list[str]
    """The states it was in, from the first to the last."""
    refused: list[RefusedEvent] = field(default_factory=list[RefusedEvent])


class Chart:
    """What is known of a state machine before it runs; raises PatternError where that cannot be right."""

    def __init__(self, transitions: Sequence[Transition], *, start: str, ends: Sequence[str]) -> None:
        if not transitions:
            raise PatternError("state_machine needs at least 1 transition, got 0.")
        both = (state for each in transitions for state in (each.source, each.target))
        self.states = list(dict.fromkeys([start, *both]))
        self.start = start
        self.ends = frozenset(ends)
        self._ways: dict[str, list[tuple[Transition, Predicate | None]]] = {}
        for each in transitions:
            guard = None if each.when is None else rule(each.when, "data")
            self._ways.setdefault(each.source, []).append((each, guard))
        known("state_machine", "ends", ends, self.states)
        self._check_reach(transitions)
        for state, ways in self._ways.items():
            _check_ways(state, [each for each, _ in ways])

    def events(self, state: str) -> list[str]:
        """Return the events that a state knows."""
        return list(dict.fromkeys(each.on for each, _ in self._ways.get(state, []) if each.on is not None))

    def completes(self, state: str) -> bool:
        """Whether a state is left once its entry action is done, without an event."""
        return any(each.on is None for each, _ in self._ways.get(state, []))

    def target(self, state: str, on: str | None, data: Json) -> str | None:
        """Return the state that an event leads to, or None where no guard lets it."""
        for each, guard in self._ways.get(state, []):
            if each.on == on and (guard is None or guard(data)):
                return each.target
        return None

    def _check_reach(self, transitions: Sequence[Transition]) -> None:
        if not self.ends:
            raise PatternError("state_machine needs at least 1 of its states as an end: ends=['…'].")
        if leaving := sorted(self.ends & self._ways.keys()):
            raise PatternError(f"state_machine: {', '.join(leaving)} is an end, and no transition leads out of an end.")
        there = _reached([self.start], [(each.source, each.target) for each in transitions])
        if lost := [state for state in self.states if state not in there]:
            raise PatternError(
                f"state_machine was given start={self.start!r}: no way leads from there to {', '.join(lost)}."
            )
        back = _reached(self.ends, [(each.target, each.source) for each in transitions])
        if stuck := [state for state in self.states if state not in back]:
            raise PatternError(
                f"state_machine: no way leads from {', '.join(stuck)} to an end. "
                "Add a transition, or name it in `ends`."
            )


def _reached(first: Iterable[str], arrows: Sequence[tuple[str, str]]) -> set[str]:
    """Return the states that can be come to from some."""
    found, fresh = set(first), True
    while fresh:
        fresh = {target for source, target in arrows if source in found} - found
        found |= fresh
    return found


def _check_ways(state: str, ways: Sequence[Transition]) -> None:
    """Raise PatternError where a way out of a state could never be taken, or it is not clear what leads out."""
    ordered = sorted(ways, key=lambda each: each.on or "")
    for on, same in groupby(ordered, key=lambda each: each.on):
        group = list(same)
        unguarded = [n for n, each in enumerate(group) if each.when is None]
        if unguarded and unguarded[0] < len(group) - 1:
            one, other = group[unguarded[0]], group[unguarded[0] + 1]
            raise PatternError(
                f"state_machine: {state} goes to {one.target} {_on(on)} in any case, so never to {other.target}. "
                f"Give the way to {one.target} a guard (`when`), or put it last."
            )
    if len({each.on is None for each in ways}) > 1:
        raise PatternError(
            f"state_machine: {state} has transitions with an event and others without. Give all of them one "
            "(`on`): its entry action then says which; or none of them: then guards choose."
        )


def _on(event: str | None) -> str:
    return "when its entry action is done" if event is None else f"on {event!r}"


def acting(chart: Chart, entry: Mapping[str, object]) -> None:
    """Raise PatternError for an entry action of an unknown state, and for a state that needs one and has none."""
    known("state_machine", "entry", entry, chart.states)
    if waiting := [state for state in chart.states if chart.completes(state) and state not in entry]:
        raise PatternError(
            f"state_machine: a transition from {', '.join(waiting)} has no event, and nobody acts there. "
            "Give it an event (`on`), or the state an entry action."
        )


def label(way: Transition) -> str:
    """Return what stands on the arrow of a transition: its event, and its guard in brackets."""
    guard = wording(way.when) if way.when else ""
    return f"{way.on or ''} {f'[{guard}]' if guard else ''}".strip()
