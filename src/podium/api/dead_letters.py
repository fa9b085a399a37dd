"""Dead letters: runs that failed or were quarantined, and what was tried in them."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, moment
from podium.api.runs import RunBody
from podium.model.failure_cause import FailureCause
from podium.model.json import Json

if TYPE_CHECKING:
    from podium.operations.requeue import Requeued
    from podium.reports.dead_letters import DeadCall, DeadLetter, Discarded


class TriedBody(ApiBody):
    """One attempt that did not work."""

    at: Moment
    kind: FailureCause
    error: str
    traceback: Annotated[str, Field(description="Where the error came from, as far as that is recorded.")]


class DeadCallBody(ApiBody):
    """A call that made its run fail."""

    key: str
    agent: str
    version: str
    kind: FailureCause
    error: str
    attempts: int
    input: Json
    tried: list[TriedBody]

    @classmethod
    def of(cls, call: "DeadCall") -> Self:
        """Return a call that failed as others see it."""
        return cls(
            key=call.key, agent=call.agent, version=call.version, kind=call.kind, error=call.error,
            attempts=call.attempts, input=call.input,
            tried=[
                TriedBody(at=moment(each.at), kind=each.kind, error=each.error, traceback=each.traceback)
                for each in call.tried
            ],
        )  # fmt: skip


class DiscardedBody(ApiBody):
    """That nobody will see to it any more."""

    by: str
    reason: str
    at: Moment

    @classmethod
    def of(cls, said: "Discarded") -> Self:
        """Return who discarded a dead letter, and why."""
        return cls(by=said.by, reason=said.why, at=moment(said.at))


class DeadLetterBody(ApiBody):
    """A run that failed or was quarantined."""

    run: RunBody
    failed_at: Moment
    kind: FailureCause
    error: str
    traceback: Annotated[str, Field(description="Where the error came from, as far as that is recorded.")]
    calls: Annotated[list[DeadCallBody], Field(description="Those that made it fail; none where its own code did.")]
    discarded: DiscardedBody | None

    @classmethod
    def of(cls, letter: "DeadLetter") -> Self:
        """Return a dead letter as others see it."""
        return cls(
            run=RunBody.of(letter.run), failed_at=moment(letter.at), kind=letter.kind, error=letter.error,
            traceback=letter.traceback, calls=[DeadCallBody.of(each) for each in letter.calls],
            discarded=None if letter.discarded is None else DiscardedBody.of(letter.discarded),
        )  # fmt: skip


class RequeueGiven(ApiInput):
    """Which dead letters are to go on from what failed."""

    runs: Annotated[list[str], Field(description="The ids of their runs.", min_length=1, max_length=1_000)]


class RequeuedBody(ApiBody):
    """What became of one of them."""

    run: str
    requeued: bool
    error: Annotated[str, Field(description="Why not; empty where it goes on.")]

    @classmethod
    def of(cls, done: "Requeued") -> Self:
        """Return what became of a dead letter."""
        return cls(run=done.run, requeued=not done.error, error=done.error)
