"""The errors of Podium with the kind of failure that each of them is."""

from collections.abc import Callable, Mapping

from podium import errors
from podium.model.retry import FailureKind

_BUG, _FINAL, _REFUSED = FailureKind.BUG, FailureKind.FINAL, FailureKind.REFUSED

_SAME: Mapping[FailureKind, tuple[str, ...]] = {
    _BUG: (
        "UsageError", "ConfigError", "UnknownAgent", "UnknownRun", "UnknownQuestion", "UnknownConversation",
        "UnknownWebhook", "NotVerified", "NotSignedIn", "TooManyRequests",
        "ServerError", "ServerUnavailable", "ProviderAway",
        "AlreadyAnswered", "NotPossible", "NotAllowed", "OtherEmbedder", "WrongLoop", "TokenRefused", "PatternError",
        "StoreError", "NotAStore", "StoreDamaged", "StoreUnavailable", "StoreLost", "MoveInDoubt", "StoreMoved",
        "Unwritable", "StoreBusy",
        "WorkerFailed", "WorkflowError", "WrongBranch", "NotAwaitable", "NotAwaited", "CalledDirectly",
        "CallError", "RunError", "RunBlocked", "AgentError",
    ),
    _FINAL: ("QuestionExpired", "TeamError", "NoDecision", "Deadlock", "BoundReached", "PingPong", "GateClosed",
             "RunCancelled"),
    _REFUSED: ("CallRefused",),
    FailureKind.VALIDATION: ("InvalidValue", "InvalidTransition", "PlanRefused", "BadAnswer"),
    FailureKind.REFUSAL: ("Refusal", "ContextTooLong"),
    FailureKind.TRANSPORT: ("NotDone", "TransportFailed", "TooFew"),
    FailureKind.RATE: ("RateLimited", "CallFailed", "RunFailed"),
}  # fmt: skip

KINDS: Mapping[str, FailureKind] = {name: kind for kind, names in _SAME.items() for name in names}
"""By the name of the class. Those that pass on what others failed with are made of such a failure."""


def denied(rule: str = "policy:no") -> errors.CallRefused:
    """Return the refusal of a rule."""
    return errors.CallRefused("not allowed", rule=rule, key="0")


def called(kind: FailureKind) -> errors.CallFailed:
    """Return the failure of a call."""
    return errors.CallFailed("it failed", kind=kind, type="Anything", key="0")


def undecided(*failures: Exception) -> errors.NoDecision:
    """Return the error of a team whose members failed so."""
    return errors.NoDecision("nobody is left", failures=failures)


_MADE: Mapping[str, Callable[[], Exception]] = {
    "CallFailed": lambda: called(FailureKind.RATE),
    "RunFailed": lambda: errors.RunFailed("it failed", run="run_1", kind="rate"),
    "CallRefused": denied,
    "TooFew": lambda: errors.TooFew("too few", [errors.TransportFailed("away")]),
    "Deadlock": lambda: errors.Deadlock("they wait", circle=("a", "b")),
    "InvalidTransition": lambda: errors.InvalidTransition("no such event", state="s", allowed=()),
    "ContextTooLong": lambda: errors.ContextTooLong("too long", tokens=2, window=1),
    "RunError": lambda: errors.RunError("it has none", run="run_1"),
    "RunBlocked": lambda: errors.RunBlocked("blocked", run="run_1"),
    "RunCancelled": lambda: errors.RunCancelled("cancelled", run="run_1"),
}


def made(name: str) -> errors.PodiumError:
    """Return an error of a class, which is about no call."""
    own = _MADE.get(name)
    error = getattr(errors, name)("as told") if own is None else own()
    assert isinstance(error, errors.PodiumError)
    error.keys = ()
    return error


_AWAY, _SLOW = errors.TransportFailed("away"), TimeoutError()

ORIGINS: list[tuple[Exception, FailureKind]] = [
    *((called(kind), kind) for kind in FailureKind),
    *((errors.RunFailed("it failed", run="run_1", kind=kind), kind) for kind in FailureKind),
    (errors.RunFailed("by an older release", run="run_1"), _BUG),
    (denied("guard:pii"), _REFUSED),
    (denied("allow"), _REFUSED),
    (denied("approval"), _REFUSED),
    (denied("budget:run_1"), _FINAL),
    (denied("limit:minute"), _FINAL),
    (errors.GateClosed("ann said no", by=("ann",)), _REFUSED),
    (errors.GateClosed("it did not pass"), _FINAL),
    (undecided(_AWAY, _AWAY), FailureKind.TRANSPORT),
    (undecided(_AWAY, denied()), FailureKind.TRANSPORT),
    (undecided(_AWAY, errors.BoundReached("used up")), FailureKind.TRANSPORT),
    (undecided(_AWAY, _SLOW), _BUG),
    (undecided(denied(), denied()), _REFUSED),
    (undecided(denied(), errors.BoundReached("used up")), _FINAL),
    (undecided(denied("budget:run_1")), _FINAL),
    (undecided(undecided(denied()), denied()), _REFUSED),
    (errors.NoDecision("it chose Q").about("0"), FailureKind.VALIDATION),
    (errors.BoundReached("used up").about("0"), _FINAL),
    (errors.BoundReached("tasks failed", failures=[_SLOW]), FailureKind.TIMEOUT),
    (errors.TooFew("wanted 2", [denied(), _SLOW]), FailureKind.TIMEOUT),
    (errors.TooFew("wanted 2", [denied(), denied()]), _REFUSED),
    (errors.TooFew("wanted 2 of none", []), _FINAL),
    (ExceptionGroup("both", [denied(), _AWAY]), FailureKind.TRANSPORT),
    (ExceptionGroup("both", [_SLOW, _AWAY]), _BUG),
]
