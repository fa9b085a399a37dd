"""What agents raise to say what sort of failure it is."""

from podium.errors.base import PodiumError


class AgentError(PodiumError):
    """An agent raises one of these to say what sort of failure it is.

    `not_done` says that its effect definitely did not happen: nothing is paid, and it may be tried again.
    `retry_after` says for how many seconds the other side wants to be left alone, where it said so.
    """

    code = "agent"
    not_done: bool = False

    def __init__(self, message: str, *, retry_after: float | None = None, not_done: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.not_done = not_done


class NotDone(AgentError):
    """The effect definitely did not happen: it may be tried again without a question."""

    code = "not-done"

    def __init__(self, message: str) -> None:
        super().__init__(message, not_done=True)


class RateLimited(AgentError):
    """The other side wants us to slow down: nothing is paid, unless it had `begun` on what it was asked."""

    code = "rate-limited"

    def __init__(
        self, message: str, *, retry_after: float | None = None, not_done: bool = False, begun: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after, not_done=not_done)
        self.begun = begun


class TransportFailed(AgentError):
    """The other side could not be reached, or the connection broke."""

    code = "transport-failed"


class Refusal(AgentError):
    """The agent will not do it."""

    code = "refusal"


class ContextTooLong(Refusal):
    """What a model would be sent does not fit into its window, whatever rules leave out; nothing was sent."""

    code = "context-too-long"

    def __init__(self, message: str, *, tokens: int, window: int) -> None:
        super().__init__(message, not_done=True)
        self.tokens = tokens
        """How many it would be."""
        self.window = window
        """How many there may be."""


class BadAnswer(AgentError):
    """The agent answered with something that does not fit its declared output."""

    code = "bad-answer"
