"""Mistakes of whoever calls: one clear sentence each, no traceback on the command line."""

from podium.errors.base import PodiumError


class UsageError(PodiumError):
    """Whoever called made a mistake that they can mend."""

    code = "usage"


class ConfigError(UsageError):
    """A setting is missing, unknown or of the wrong type."""

    code = "config"


class UnknownAgent(UsageError):
    """Nobody of that name, version or capability is registered."""

    code = "unknown-agent"


class UnknownRun(UsageError):
    """The store has no such run."""

    code = "unknown-run"


class UnknownConversation(UsageError):
    """The store has no such conversation."""

    code = "unknown-conversation"


class UnknownQuestion(UsageError):
    """The store has no such question."""

    code = "unknown-question"


class UnknownWebhook(UsageError):
    """There is no such webhook, or no such delivery of one."""

    code = "unknown-webhook"


class NotVerified(UsageError):
    """What came as a webhook was not sent, or not in time, by whoever has its secret."""

    code = "not-verified"


class InvalidValue(UsageError):
    """A value does not fit the type that was declared for it, or would not come back as it was handed over."""

    code = "invalid-value"

    def __init__(self, message: str, *, lossy: bool = False) -> None:
        super().__init__(message)
        self.lossy = lossy
        """Whether it fits, but a part of it would be lost, or be another."""


class AlreadyAnswered(UsageError):
    """The question was answered, expired or withdrawn before."""

    code = "already-answered"


class NotPossible(UsageError):
    """The state of the run does not allow what was asked."""

    code = "not-possible"


class OtherEmbedder(UsageError):
    """The memory has vectors of another embedder, which cannot be compared."""

    code = "other-embedder"


class NotAllowed(UsageError):
    """The principal has no role that may do this, whatever it is done to."""

    code = "not-allowed"


class NotSignedIn(UsageError):
    """Whoever asks the server said nothing by which they are known."""

    code = "not-signed-in"


class TooManyRequests(UsageError):
    """Whoever asks the server asks too often; it is told when the next request fits."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderAway(PodiumError):
    """The provider by which people and programs sign in cannot be asked, or is not the one that the settings name."""

    code = "provider-away"


class WrongLoop(UsageError):
    """An app or handle was used in another event loop or thread than the one it was opened in; nothing was done."""

    code = "wrong-loop"


class TokenRefused(UsageError):
    """A token is not ours, void, used up, or not for what was asked."""

    code = "token-refused"


class PatternError(UsageError):
    """A pattern was given agents, rules or bounds that do not fit.

    Where it is about a rule in CEL, `rule` is its text, and `at` how many characters stand before what is wrong.
    """

    code = "pattern"

    def __init__(self, message: str, *, rule: str = "", at: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.at = at
