"""What happened before a fork that the fork does not share: its own calls of the same agents are in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from podium.dispatch.registry import Registry
from podium.model.fact import Fact, FactKind, started_of
from podium.model.facts.calls import Asked
from podium.model.facts.runs import Restarted, Started
from podium.model.facts.waits import ChildSpawned
from podium.store.inserting import NewFact, NewRun

B = TypeVar("B", Started, Restarted)


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """What a run did that is to happen `once`."""

    calls: dict[str, str]
    """The agents of such calls, by key."""
    steps: Sequence[Fact]
    """Which such steps were begun."""

    def noted(self, said: B) -> B:
        """Return what begins a run, or a generation of it, that may do the same."""
        keys = sorted(self.calls)
        return replace(said, done_before_fork=tuple(keys), done_by=tuple(self.calls[key] for key in keys))


def done_in(facts: Sequence[Fact], registry: Registry) -> DoneBefore:
    """Return what happened once, by these facts."""
    asked = ((fact.key, fact.content) for fact in facts)
    calls = {key: said.agent for key, said in asked if isinstance(said, Asked) and _is_once(said, registry)}
    return DoneBefore(calls, [fact for fact in facts if fact.kind is FactKind.INTENT and "/" in fact.key])


def known_before(said: Started | Restarted) -> dict[str, str]:
    """Return the agents of the calls that a fork knows of, by key; empty ones where it was not said whose they are."""
    agents = said.done_by or ("",) * len(said.done_before_fork)
    return dict(zip(said.done_before_fork, agents, strict=True))


def child_at(facts: Sequence[Fact], key: str, workflow: str, digest: str) -> str | None:
    """Return the child run that a run spawned at a key, or else with the same input; None if it spawned no such one."""
    found = [(fact.key, said) for fact in facts if isinstance(said := fact.content, ChildSpawned)]
    spawned = [(at, said) for at, said in found if said.workflow == workflow]
    same = [said.run for at, said in spawned if at == key] or [said.run for _, said in spawned if said.digest == digest]
    return same[-1] if same else None


def in_place_of(run: NewRun, other: str, facts: Sequence[Fact], registry: Registry) -> NewRun:
    """Return a child run of a fork that knows what the child run did that it takes the place of."""
    first, before = run.started, started_of(facts)
    said = started_of([Fact(0, first.kind, "", first.at, 0, first.body, first.payload)])
    done = done_in(facts, registry)
    whole = DoneBefore(known_before(before) | done.calls, done.steps)
    started = replace(whole.noted(said), forked_from=other)
    copies = [NewFact(fact.kind, fact.key, fact.at, fact.text, fact.payload) for fact in done.steps]
    return replace(run, started=NewFact.saying(started, "", first.at, first.payload), facts=copies)


def _is_once(said: Asked, registry: Registry) -> bool:
    if said.once:
        return True
    return registry.has(said.agent, said.version) and registry.get(said.agent, said.version).card.effects == "once"
