"""What facts say of branches: which one counts, and which are cut."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.model.facts.content import FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class NextChosen(FactContent, kind=FactKind.CHOSEN):
    """The branch that a select hands out next."""

    next: Kept[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceWon(FactContent, kind=FactKind.CHOSEN):
    """The branch that won a race."""

    winner: Kept[int]
    key: Kept[str]
    """That of the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumReached(FactContent, kind=FactKind.CHOSEN):
    """The branches that make up a quorum."""

    winners: Kept[tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherFailed(FactContent, kind=FactKind.CHOSEN):
    """The branch whose failure ended a gather."""

    failed: Kept[int]
    key: Kept[str]
    """That of the branch."""
    started: Kept[int]
    """How many branches were begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysCancelled(FactContent, kind=FactKind.CANCELLED):
    """Open calls are cut."""

    keys: Kept[tuple[str, ...]]
    by: Kept[str]
    """The key of the join that cut them; empty where the run was cancelled."""


JoinChoice = NextChosen | RaceWon | QuorumReached | GatherFailed


def chosen_shape(body: Mapping[str, Json]) -> type[JoinChoice]:
    """Return the class that a choice is of."""
    if "winner" in body:
        return RaceWon
    if "winners" in body:
        return QuorumReached
    return GatherFailed if "failed" in body else NextChosen
