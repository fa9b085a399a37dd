"""What agents raise to say what sort of failure it is."""

from podium.errors.base import PodiumError


class AgentError(PodiumError):
    """An agent raises one of these to say what sort of failure it is."""

    code = "agent"


class NotDone(AgentError):
    """The effect definitely did not happen: it may be tried again without a question."""

    code = "not-done"


class RateLimited(AgentError):
    """The other side wants us to slow down."""

    code = "rate-limited"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TransportFailed(AgentError):
    """The other side could not be reached, or the connection broke."""

    code = "transport-failed"


class Refusal(AgentError):
    """The agent will not do it."""

    code = "refusal"


class BadAnswer(AgentError):
    """The agent answered with something that does not fit its declared output."""

    code = "bad-answer"
