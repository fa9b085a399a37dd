"""What a fork shares with the run that it is made of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from podium.engine.run.keys import belongs
from podium.engine.run.undone import Undone
from podium.errors import NotPossible, UnknownRun
from podium.model.fact import Fact, FactKind
from podium.model.facts.waits import ChildAwaited, ChildSpawned
from podium.model.run import Run
from podium.operations.conversation_operator import RECORDS
from podium.operations.correcting import WORKFLOW as CORRECTION
from podium.store.inserting import NewRun
from podium.store.protocol import ReadStore


@dataclass(frozen=True, slots=True)
class Shared:
    """Facts that a fork shares; from the place `loose` among them on, they hold where the code asks for the same."""

    facts: Sequence[Fact]
    loose: int | None
    left_behind: Collection[str] = ()
    """Where child runs were started whose results are not among them."""


async def run_to_fork(store: ReadStore, run_id: str) -> Run:
    """Return a run of which a fork is to be made; raises UnknownRun, and NotPossible where nothing happens in it."""
    run = await store.run(run_id)
    if run is None:
        raise UnknownRun(f"no run is called {run_id!r}. `podium runs list` shows those there are.")
    if run.workflow == CORRECTION or run.workflow.startswith(RECORDS):
        raise NotPossible(
            f"run {run_id} only records what an operator changed ({run.workflow}): there is nothing in it that a fork "
            "could do again. Fork the run that it is about."
        )
    return run


def shared_with_fork(before: Sequence[Fact], loose: Collection[int], undone: Undone) -> Shared:
    """Return what a fork shares of the facts before the cut, but for the first; `loose` are places.

    Calls whose effects were undone are made again, the workflows around them gone over, and what came after them holds
    as it does after a retry; of their steps it stays known that they were begun.
    """
    found: list[Fact] = []
    first: int | None = None
    calls, void = undone.surely | undone.perhaps, undone.facts(before)
    spawned = {fact.key for fact in before if fact.kind is FactKind.SPAWNED}
    for fact in _portable(before):
        gone = fact.seq in void or any(belongs(fact.key, call) for call in calls)
        if first is None and (gone or fact.seq in loose):
            first = len(found)
        if not gone or (fact.kind is FactKind.INTENT and "/" in fact.key):
            found.append(fact)
    left = spawned - {fact.key for fact in found if fact.kind is FactKind.SPAWNED}
    return Shared(found, first, {key for key in left if not any(belongs(key, call) for call in calls)})


def begins_as(facts: Sequence[Fact], forked: NewRun) -> bool:
    """Whether a run that is there began as a fork would: with the same call made anew, and the same input."""
    said = [(each.kind, each.key, each.payload) for each in forked.facts]
    return [(each.kind, each.key, each.payload) for each in facts[1 : len(said) + 1]] == said


def begun_effects(after: Sequence[Fact]) -> list[Fact]:
    """Return which steps with `once` effects were begun after the cut: the fork has somebody asked about them."""
    return [fact for fact in after if fact.kind is FactKind.INTENT and "/" in fact.key]


def _portable(facts: Sequence[Fact]) -> list[Fact]:
    """Leave out what belongs to the old run: money, open questions, child runs without a result, what was voided."""
    answered = {fact.key for fact in facts if fact.kind is FactKind.ANSWERED}
    waits = [(fact.key, said.name) for fact in facts if isinstance(said := fact.content, ChildAwaited)]
    results = {child for key, child in waits if key in answered}
    return [
        fact
        for fact in facts
        if fact.kind not in (FactKind.REWOUND, FactKind.RESERVED, FactKind.SETTLED)
        and not (fact.kind is FactKind.QUESTION and fact.key not in answered)
        and not (isinstance(said := fact.content, ChildSpawned) and said.run not in results)
        and not (fact.kind is FactKind.WAITING and fact.key not in answered)
    ]
