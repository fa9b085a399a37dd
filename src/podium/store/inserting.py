"""Facts and runs on their way into a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from podium.model.budget import BudgetLimits
from podium.model.fact import FactKind
from podium.model.facts.content import Writable
from podium.store.conversing import WantTurn


@dataclass(slots=True)
class NewFact:
    """A fact on its way into the journal; the store gives it its place and its hash."""

    kind: FactKind
    key: str
    at: float
    body: bytes
    payload: bytes | None = None

    @classmethod
    def saying(cls, content: Writable, key: str, at: float, payload: bytes | None = None) -> Self:
        """Return a fact that says this."""
        return cls(content.fact_kind, key, at, content.encoded, payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run on its way into the store, with its first fact."""

    id: str
    workflow: str
    version: str
    queue: str
    priority: int
    tenant: str
    principal: str
    affinity: str | None = None
    """Runs of a tenant that have it in common go to the same worker, as far as can be."""
    parent: str | None
    root: str
    tag: str | None
    at: float
    started: NewFact
    facts: Sequence[NewFact] = ()
    """Further facts, copied by a fork."""
    limits: BudgetLimits | None = None
    """Those of its own budget, `run:ID`."""
    turn: WantTurn | None = None
    """The turn that it wants from its start to its end."""
    generation: int = 1
    """That of the run it is forked from, at the cut: above 1 its second fact says with what that began."""
