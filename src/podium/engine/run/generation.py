"""The generation that a run is in, and what the next one takes over from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.engine.run.deadline import Deadline
from podium.model.allow import AllowList
from podium.model.fact import Fact, FactKind, started_of
from podium.model.facts.runs import Restarted
from podium.model.generation import generation_of, path_of, restarted_in, start_of
from podium.model.run import PATTERNS_VERSION

KEPT_SIGNALS = frozenset({"user", "cancel"})
"""The kinds of signals that the next generation may take. Others answer what an earlier one has asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a run does between its start, or a `ctx.restart`, and the next one."""

    number: int
    at: float
    """When it began."""
    ended_before: int
    """How often the run has ended, and was retried."""
    begun_before: Sequence[Fact] = ()
    """Steps with `once` effects of later generations: the run that this one is a fork of had begun them."""

    @property
    def path(self) -> str:
        """What is before the keys of the workflow's own context."""
        return path_of(self.number)

    @property
    def start(self) -> str:
        """The key under which it stands whether the rules admitted the run."""
        return start_of(self.number)

    def next(self, version: str, due: Deadline | None, allow: tuple[AllowList, ...]) -> Restarted:
        """Return what begins the next one, of a run that has to be done at a time."""
        return Restarted(
            generation=self.number + 1, version=version, deadline=None if due is None else due.at,
            seconds=None if due is None else due.seconds, ended_before=self.ended_before,
            allow=allow, patterns=PATTERNS_VERSION,
        )  # fmt: skip


def generation_in(facts: Sequence[Fact]) -> Generation:
    """Return the last generation in the facts of a run."""
    ends = sum(fact.kind is FactKind.ENDED for fact in facts)
    found = restarted_in(facts)
    if found is None:
        return Generation(number=1, at=facts[0].at, ended_before=ends, begun_before=_after(1, facts))
    fact, said = found
    ends, number = said.ended_before + ends, said.generation
    return Generation(number=number, at=fact.at, ended_before=ends, begun_before=_after(number, facts))


def _after(number: int, facts: Sequence[Fact]) -> Sequence[Fact]:
    """Return what is recorded of generations after this one: a fork has such facts, of a run that had come there."""
    if started_of(facts).forked_from is None:
        return ()
    return [fact for fact in facts if fact.kind is FactKind.INTENT and generation_of(fact.key) > number]
