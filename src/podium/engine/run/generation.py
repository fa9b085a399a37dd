"""The generation that a run is in, and what the next one takes over from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.engine.run.deadline import Deadline
from podium.model.fact import Fact, FactKind
from podium.model.facts.runs import Restarted
from podium.model.generation import path_of, restarted_in, start_of

KEPT_SIGNALS = frozenset({"user", "cancel"})
"""The kinds of signals that the next generation may take. Others answer what an earlier one has asked."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a run does between its start, or a `ctx.restart`, and the next one."""

    number: int
    at: float
    """When it began."""
    ended_before: int
    """How often the run has ended, and was retried."""

    @property
    def path(self) -> str:
        """What is before the keys of the workflow's own context."""
        return path_of(self.number)

    @property
    def start(self) -> str:
        """The key under which it stands whether the rules admitted the run."""
        return start_of(self.number)

    def next(self, version: str, due: Deadline | None) -> Restarted:
        """Return what begins the next one, of a run that has to be done at a time."""
        return Restarted(
            generation=self.number + 1, version=version, deadline=None if due is None else due.at,
            seconds=None if due is None else due.seconds, ended_before=self.ended_before,
        )  # fmt: skip


def generation_in(facts: Sequence[Fact]) -> Generation:
    """Return the last generation in the facts of a run."""
    ends = sum(fact.kind is FactKind.ENDED for fact in facts)
    found = restarted_in(facts)
    if found is None:
        return Generation(1, facts[0].at, ends)
    fact, said = found
    return Generation(said.generation, fact.at, said.ended_before + ends)
