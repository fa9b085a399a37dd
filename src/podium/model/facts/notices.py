"""What rules did that one may want to know later; nothing of it matters for a replay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

from podium.model.empty import empty
from podium.model.facts.content import Blanked, Dropped, FactContent, Kept, Stored
from podium.model.facts.kind import FactKind
from podium.model.json import Json
from podium.model.rule_names import guard_in


class NoticeContent(FactContent, kind=FactKind.NOTICE):
    """What a notice says. The `guard` says which rule it is of."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuarantined(NoticeContent, guard="quarantine"):
    """The run is set aside, for it killed its processes."""

    strikes: Kept[int]
    """The processes that died in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiscarded(NoticeContent, guard="dead-letter", discarded=True):
    """A person said that nobody will see to a failed or quarantined run any more."""

    by: Kept[str]
    why: Blanked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtCorrected(NoticeContent, guard="correction"):
    """An operator gave back what had counted as spent, in doubt, for the call whose key it has, of another run."""

    run: Kept[str]
    usd: Kept[int]
    """In billionths of a US dollar."""
    by: Kept[str]
    why: Blanked[str]
    agent: Kept[str] = ""
    """For whom it had counted: `by` of what was settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecided(NoticeContent, guard="policy"):
    """A policy decided."""

    rule: Kept[str]
    decision: Kept[str]
    """`allow`, `deny`, `ask` or `approved`."""
    action: Kept[str]
    resource: Kept[str]
    reason: Blanked[str | None] = None
    """Where it was denied."""
    user: Kept[str] = ""
    """On whose behalf it saw the run: of a delegated one the user who granted that."""
    agents: Kept[tuple[str, ...]] = ()
    """The agents on the way from there, as it saw them."""
    digest: Blanked[str] = ""
    """Of what it saw of the input, or of the bare arguments, and of what the run had said of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationDenied(NoticeContent, guard="delegation"):
    """What somebody outside was allowed does not reach so far."""

    rule: Kept[str]
    decision: Kept[str]
    """Always `deny`."""
    reason: Blanked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerMoved(NoticeContent, guard="breaker"):
    """The circuit breaker of an agent moved."""

    agent: Kept[str]
    version: Kept[str]
    before: Annotated[Kept[str], Stored("from")]
    """`closed`, `open` or `half-open`."""
    after: Annotated[Kept[str], Stored("to")]
    why: Blanked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChanged(NoticeContent, guard="health"):
    """An agent's check found otherwise than before."""

    agent: Kept[str]
    version: Kept[str]
    state: Kept[str]
    """`ill` or `well`."""
    why: Blanked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFound(NoticeContent, guard="loop"):
    """Agents went round in a circle."""

    rule: Kept[str]
    why: Blanked[str]
    then: Dropped[str]
    """What becomes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundExceeded(NoticeContent, guard="budget"):
    """More was spent than the bound, which then was none."""

    over: Dropped[Mapping[str, int]]
    """What was spent: `usd`, in billionths of a US dollar, and `tokens`."""
    bound: Dropped[Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTakenFromCache(NoticeContent, guard="cache"):
    """An answer was kept from before."""

    agent: Kept[str]
    run: Kept[str]
    """Where it was first given."""
    key: Kept[str]
    similarity: Kept[float | None] = None
    """How near the question is to the one that it was given to, at most 1; None where it is the same."""
    saved: Kept[float | None] = None
    """What it cost when it was first given, in US dollars, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswerLookedFor(NoticeContent, guard="cache-passed-by"):
    """No kept answer was looked for: the call is in a conversation, or the question could not be embedded."""

    agent: Kept[str]
    why: Blanked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReminded(NoticeContent, guard="reminder"):
    """People are told again of a question that is still open."""

    question: Kept[str]
    to: Kept[str]
    n: Kept[int]
    """How often by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardActed(NoticeContent):
    """A guard objected to a value, or repaired it."""

    guard: Kept[str]
    """As the name of a rule: `guard:NAME`."""
    place: Kept[str]
    """`input`, `output`, `tool_input`, `tool_output` or `model_input`."""
    did: Kept[str]
    """`repaired`, `refused` or `asked`."""
    reason: Blanked[str]
    step: Kept[str | None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(NoticeContent):
    """What any other rule wants to have recorded."""

    guard: Kept[str]
    said: Dropped[Mapping[str, Json]] = field(default_factory=empty(dict[str, Json]))
    """Further fields. A redaction leaves of them what it leaves of fields of these names elsewhere."""

    def body(self) -> dict[str, Json]:
        """Return it as JSON: the fields beside the guard."""
        return {"guard": self.guard, **self.said}

    @classmethod
    def read(cls, body: Mapping[str, Json]) -> Self:
        """Return what a stored notice says."""
        said = {name: value for name, value in body.items() if name != "guard"}
        return cls(guard=body.get("guard", ""), said=said)


SHAPES: Mapping[str, type[NoticeContent]] = {
    shape.constant["guard"]: shape
    for shape in (
        RunQuarantined, RunDiscarded, PolicyDecided, DelegationDenied, BreakerMoved, HealthChanged, LoopFound,
        BoundExceeded, DoubtCorrected, AnswerTakenFromCache, NoAnswerLookedFor, QuestionReminded,
    )
}  # fmt: skip
"""Those that say nothing but one rule's, by its guard."""


def notice_shape(body: Mapping[str, Json]) -> type[NoticeContent]:
    """Return the class that a notice is of."""
    guard: str = body.get("guard", "")
    return GuardActed if guard_in(guard) is not None else SHAPES.get(guard, Notice)
