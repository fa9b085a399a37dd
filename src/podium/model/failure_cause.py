"""What a run can have failed of."""

from enum import StrEnum

from podium.model.retry import FailureKind


class FailureCause(StrEnum):
    """What a run can have died of: what a call can fail with, and more."""

    RATE = FailureKind.RATE
    TIMEOUT = FailureKind.TIMEOUT
    """Of a call, or of the run itself."""
    TRANSPORT = FailureKind.TRANSPORT
    REFUSAL = FailureKind.REFUSAL
    VALIDATION = FailureKind.VALIDATION
    BUG = FailureKind.BUG
    FINAL = FailureKind.FINAL
    """A team came to its end without a result, or nobody answered in time."""
    REFUSED = FailureKind.REFUSED
    """A rule or a person said no."""
    CHILD = "child"
    """A child run failed, which is a dead letter of its own, and goes on with this one."""
    WORKFLOW = "workflow"
    """The workflow's own code raised."""
    QUARANTINED = "quarantined"
    """It killed its processes."""
