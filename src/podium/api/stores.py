"""The store as a whole: how large it is, what is deleted of it, and whether it is as it was written."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium import lazy
from podium.api.body import ApiBody, ApiInput, Moment, moment
from podium.model.audit import Audit
from podium.model.run import ENDED_STATES, RunState

if TYPE_CHECKING:
    from podium.facade.process_reports import StoreReport
    from podium.operations.pruner import Pruned
    from podium.operations.upkeep import Compacted
    from podium.reports import outside
else:
    outside = lazy.module("podium.reports.outside")


class StoreBody(ApiBody):
    """Where the store is, how much room it takes, and what is in it."""

    address: Annotated[str, Field(description="Without a password.")]
    bytes: Annotated[int, Field(description="On the disk.")]
    free: Annotated[int, Field(description="Of these, what was deleted and is used again.")]
    log: Annotated[int, Field(description="Bytes in the write-ahead log beside it.")]
    runs: Annotated[dict[RunState, int], Field(description="How many there are of each state that any has.")]

    @classmethod
    def of(cls, report: "StoreReport") -> Self:
        """Return the store as others see it."""
        size = report.size
        return cls(address=report.address, bytes=size.data, free=size.free, log=size.log, runs=dict(report.runs))


class CompactedBody(ApiBody):
    """How many bytes the store took before, and takes now."""

    before: int
    after: int

    @classmethod
    def of(cls, done: "Compacted") -> Self:
        """Return how much smaller the store is."""
        return cls(before=done.before.data + done.before.log, after=done.after.data + done.after.log)


_Age = Annotated[
    float | str, Field(description="Seconds, or such as `12h` or `90d`: only what ended longer ago.", examples=["90d"])
]


class RetainGiven(ApiInput):
    """Which runs are redacted."""

    older_than: _Age
    reason: Annotated[str, Field(description="It is recorded.")] = "retention"


class RedactedRunsBody(ApiBody):
    """How many runs were redacted."""

    redacted: int


class PruneGiven(ApiInput):
    """Which runs are deleted, each with all that it started."""

    older_than: _Age
    states: Annotated[tuple[RunState, ...], Field(description="Only runs that are so.")] = ENDED_STATES
    dry_run: Annotated[bool, Field(description="Tell what would be deleted, and delete nothing.")] = False
    reason: Annotated[str, Field(description="It is recorded.")] = "retention"


class FamilyBody(ApiBody):
    """A run that was deleted, with all that it started."""

    run: str
    workflow: str
    state: RunState
    ended_at: Moment
    runs: int
    bytes: int


class PrunedBody(ApiBody):
    """What was deleted, or would be."""

    dry_run: bool
    runs: int
    bytes: int
    states: dict[RunState, int]
    families: list[FamilyBody]

    @classmethod
    def of(cls, done: "Pruned", *, dry_run: bool) -> Self:
        """Return what was deleted."""
        families = [
            FamilyBody(run=each.run, workflow=each.workflow, state=each.state, ended_at=moment(each.ended_at),
                       runs=each.runs, bytes=each.bytes)
            for each in done.families
        ]  # fmt: skip
        return cls(dry_run=dry_run, runs=done.runs, bytes=done.bytes, states=done.states, families=families)


class AuditFaultBody(ApiBody):
    """Something that does not hold."""

    where: str
    what: str


class OutsideBody(ApiBody):
    """What no audit of the store proves, and why that is no loss."""

    what: str
    columns: list[str]
    reason: str


class AuditBody(ApiBody):
    """Whether the store is as it was written."""

    faults: list[AuditFaultBody]
    unproved: Annotated[list[str], Field(description="What cannot be told, and what it would take.")]
    runs: int
    redacted: int
    pruned: int
    entries: int
    sealed: Annotated[int, Field(description="Entries up to the last seal that holds.")]
    outside: list[OutsideBody]

    @classmethod
    def of(cls, found: Audit) -> Self:
        """Return what an audit found."""
        return cls(
            faults=[AuditFaultBody(where=each.where, what=each.what) for each in found.faults],
            unproved=found.unproved, runs=found.runs, redacted=found.redacted, pruned=found.pruned,
            entries=found.entries, sealed=found.sealed,
            outside=[
                OutsideBody(what=each.what, columns=list(each.columns), reason=each.why) for each in outside.OUTSIDE
            ],
        )  # fmt: skip
