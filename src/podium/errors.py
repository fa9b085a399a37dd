"""Everything that can go wrong in Podium.

PodiumError
├── UsageError                  a mistake of whoever calls: one clear sentence, no traceback in the CLI
│   ├── ConfigError
│   ├── UnknownAgent
│   ├── UnknownRun
│   ├── UnknownQuestion
│   ├── InvalidValue            a value that does not fit its type
│   ├── AlreadyAnswered
│   ├── NotPossible             the run's state does not allow it
│   ├── NotAllowed              the principal has no role that may do this
│   ├── WrongLoop               the app was opened in another event loop or thread
│   ├── TokenRefused            a delegation's token is forged, void, used up, or for something else
│   └── PatternError            a pattern was given agents, rules or bounds that do not fit
├── StoreError
│   ├── NotAStore               a file, but not ours
│   ├── StoreDamaged
│   ├── StoreUnavailable        read-only, full, missing folder
│   ├── Unwritable              one thing that cannot be stored; whatever else was to be stored with it is
│   └── StoreBusy               another process writes; whoever may wait tries again
├── WorkerFailed                a service of this process's worker failed: its runs were handed back
├── WorkflowError               a mistake in a workflow's code
│   ├── WrongBranch
│   └── NotAwaitable
├── CallError                   raised in a workflow where a call did not give a value
│   ├── CallFailed
│   ├── CallRefused
│   ├── TooFew                  fewer branches gave a value than the quorum
│   └── QuestionExpired
├── TeamError                   raised by a pattern whose agents came to no result
│   ├── NoDecision
│   ├── Deadlock
│   ├── BoundReached
│   ├── PingPong
│   ├── InvalidTransition
│   ├── GateClosed
│   └── PlanRefused
├── RunError                    raised to whoever awaits a run's result
│   ├── RunFailed
│   ├── RunCancelled
│   └── RunBlocked
└── AgentError                  for agents to raise: says what sort of failure it is
    ├── NotDone
    ├── RateLimited
    ├── TransportFailed
    ├── Refusal
    └── BadAnswer

asyncio.CancelledError
└── CallCancelled               raised in a workflow at the call at which it was cancelled

Interrupt (BaseException)       passes through agents untouched; nobody but the engine catches it
├── Suspended                   a step has to wait; the agent runs again later
├── Forbidden                   a rule refuses a step, and with it the call
├── Blocked                     the run cannot go on with this code
│   ├── MissingAgent            an agent is not registered
│   ├── TooManyFacts            as many as the settings allow
│   └── Diverged                the code asks for something else than the journal has
└── Evicted                     this process no longer drives the run
"""

import asyncio
from typing import Any, ClassVar


class PodiumError(Exception):
    """An error of Podium. `code` is stable and is its page in the documentation."""

    code: ClassVar[str] = "podium"


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


class UnknownQuestion(UsageError):
    """The store has no such question."""

    code = "unknown-question"


class InvalidValue(UsageError):
    """A value does not fit the type that was declared for it."""

    code = "invalid-value"


class AlreadyAnswered(UsageError):
    """The question was answered, expired or withdrawn before."""

    code = "already-answered"


class NotPossible(UsageError):
    """The state of the run does not allow what was asked."""

    code = "not-possible"


class NotAllowed(UsageError):
    """The principal has no role that may do this, whatever it is done to."""

    code = "not-allowed"


class WrongLoop(UsageError):
    """An app or handle was used in another event loop or thread than the one it was opened in; nothing was done."""

    code = "wrong-loop"


class TokenRefused(UsageError):
    """A token is not ours, void, used up, or not for what was asked."""

    code = "token-refused"


class PatternError(UsageError):
    """A pattern was given agents, rules or bounds that do not fit."""

    code = "pattern"


class StoreError(PodiumError):
    """The store cannot do its work."""

    code = "store"


class NotAStore(StoreError):
    """The file is not a Podium store, or of a newer Podium."""

    code = "not-a-store"


class StoreDamaged(StoreError):
    """The file is a Podium store, but its content is damaged."""

    code = "store-damaged"


class StoreUnavailable(StoreError):
    """The file cannot be opened, read or written now."""

    code = "store-unavailable"


class Unwritable(StoreError):
    """One operation cannot be stored, by what it holds. Only its sender is told; all others are carried out."""

    code = "unwritable"


class StoreBusy(StoreError):
    """Another process holds the write lock."""

    code = "store-busy"


class WorkerFailed(PodiumError):
    """A service of this process's worker failed, so it drives nothing any more: its runs were handed back.

    Other processes take them up; so does this one once the app is opened anew.
    """

    code = "worker-failed"


class WorkflowError(PodiumError):
    """The code of a workflow does something that could not be replayed."""

    code = "workflow"


class WrongBranch(WorkflowError):
    """A context was used from another task than the one it belongs to."""

    code = "wrong-branch"


class NotAwaitable(WorkflowError):
    """`gather`, `race`, `map` or `select` was given something else than calls and branches of this context."""

    code = "not-awaitable"


class CallError(PodiumError):
    """A call of a workflow gave no value."""

    code = "call"


class CallFailed(CallError):
    """The agent failed, and no attempt is left."""

    code = "call-failed"

    def __init__(self, message: str, *, kind: str, type: str, key: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.type = type
        self.key = key


class CallRefused(CallError):
    """A rule forbade the call."""

    code = "call-refused"

    def __init__(self, message: str, *, rule: str, key: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.key = key


class TooFew(CallError):
    """Fewer branches gave a value than were wanted."""

    code = "too-few"

    def __init__(self, message: str, failures: list[Exception]) -> None:
        super().__init__(message)
        self.failures = failures


class QuestionExpired(CallError):
    """Nobody answered in time, and no default was given."""

    code = "question-expired"


class TeamError(PodiumError):
    """Agents that work together came to no result."""

    code = "team"


class NoDecision(TeamError):
    """A vote, a panel or a judge decided nothing: a tie, too few votes, nobody left to choose from."""

    code = "no-decision"


class Deadlock(TeamError):
    """Agents wait for each other in a circle."""

    code = "deadlock"

    def __init__(self, message: str, *, circle: tuple[str, ...]) -> None:
        super().__init__(message)
        self.circle = circle


class BoundReached(TeamError):
    """The agents used up their rounds, calls, hops or turns without coming to an end."""

    code = "bound-reached"


class PingPong(TeamError):
    """Two agents hand the work back and forth, and nothing is added to it."""

    code = "ping-pong"


class InvalidTransition(TeamError):
    """The state does not allow what was asked; `allowed` are the events that it knows."""

    code = "invalid-transition"

    def __init__(self, message: str, *, state: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.state = state
        self.allowed = allowed


class GateClosed(TeamError):
    """A gate, or a person, did not let an output pass."""

    code = "gate-closed"


class PlanRefused(TeamError):
    """A plan has a circle, an unknown agent, or a task that waits for what nobody makes."""

    code = "plan-refused"


class RunError(PodiumError):
    """A run gave no result."""

    code = "run"

    def __init__(self, message: str, *, run: str, key: str = "") -> None:
        super().__init__(message)
        self.run = run
        self.key = key
        """In a workflow, where its result was awaited."""


class RunFailed(RunError):
    """The run ended with a failure."""

    code = "run-failed"


class RunCancelled(RunError):
    """The run was cancelled."""

    code = "run-cancelled"


class RunBlocked(RunError):
    """The run cannot go on with this code; nothing of it is lost."""

    code = "run-blocked"


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


class CallCancelled(asyncio.CancelledError):
    """Raised in a workflow at the call at which it was cancelled. Clean up, then let it pass."""


class Interrupt(BaseException):
    """Passes through every agent and workflow up to the engine."""


class Suspended(Interrupt):
    """A step has to wait for an answer or a time; then the agent runs again over its recorded steps."""

    def __init__(self, ask: Any, step: str, rule: str | None = None) -> None:
        super().__init__(f"step {step} has to wait")
        self.ask = ask
        self.step = step
        self.rule = rule


class Forbidden(Interrupt):
    """A rule refuses a step, and with it the call."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


class Blocked(Interrupt):
    """The run cannot go on with this code; nothing of it is lost."""


class MissingAgent(Blocked):
    """An agent that the run calls is not registered."""


class TooManyFacts(Blocked):
    """The run has as many facts as the settings allow."""


class Diverged(Blocked):
    """The code and the journal do not agree."""

    def __init__(self, key: str, recorded: str, now: str) -> None:
        super().__init__(
            f"call {key}: the journal has {recorded}, the code now asks for {now}. "
            "Nothing is lost: bring the old code back, or move the run with `podium runs repin`."
        )
        self.key = key


class Evicted(Interrupt):
    """This process no longer drives the run; whatever it still does is not recorded."""
