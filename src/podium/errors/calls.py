"""What is raised in a workflow, and to whoever awaits the result of a run."""

import asyncio

from podium.errors.base import PodiumError


class WorkflowError(PodiumError):
    """The code of a workflow does something that could not be replayed."""

    code = "workflow"


class WrongBranch(WorkflowError):
    """A context was used from another task than the one it belongs to, or in what a call runs."""

    code = "wrong-branch"


class NotAwaitable(WorkflowError):
    """`gather`, `race`, `map` or `select` was given something else than calls and branches of this context."""

    code = "not-awaitable"


class NotAwaited(WorkflowError):
    """A workflow ended, and something that it asked its context for was never awaited."""

    code = "not-awaited"


class CalledDirectly(WorkflowError):
    """A workflow called an agent as a function, so nothing of it would be recorded."""

    code = "called-directly"


def _note(error: BaseException, recorded: str) -> None:
    """Have a traceback show what is recorded of where an error came from."""
    if recorded:
        error.add_note(f"Recorded:\n{recorded}")


class CallError(PodiumError):
    """A call of a workflow gave no value."""

    code = "call"


class CallFailed(CallError):
    """The agent failed, and no attempt is left."""

    code = "call-failed"

    def __init__(self, message: str, *, kind: str, type: str, key: str, recorded: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.type = type
        self.key = key
        self.keys = (key,)
        self.recorded = recorded
        """What is recorded of where it came from: errors, their causes and the frames that they passed."""
        _note(self, recorded)


class CallRefused(CallError):
    """A rule forbade the call."""

    code = "call-refused"

    def __init__(self, message: str, *, rule: str, key: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.key = key
        self.keys = (key,)


class TooFew(CallError):
    """Fewer branches gave a value than were wanted."""

    code = "too-few"

    def __init__(self, message: str, failures: list[Exception]) -> None:
        super().__init__(message)
        self.failures = failures


class QuestionExpired(CallError):
    """Nobody answered in time, and no default was given."""

    code = "question-expired"


class RunError(PodiumError):
    """A run gave no result."""

    code = "run"

    def __init__(self, message: str, *, run: str, key: str = "") -> None:
        super().__init__(message)
        self.run = run
        self.key = key
        """In a workflow, where its result was awaited."""
        self.keys = (key,) if key else ()


class RunFailed(RunError):
    """The run ended with a failure."""

    code = "run-failed"

    def __init__(self, message: str, *, run: str, key: str = "", recorded: str = "", kind: str = "bug") -> None:
        super().__init__(message, run=run, key=key)
        self.kind = kind
        """What sort of failure it ended with; `bug` where an earlier release did not record that."""
        self.recorded = recorded
        """What is recorded of where it came from: errors, their causes and the frames that they passed."""
        _note(self, recorded)


class RunCancelled(RunError):
    """The run was cancelled."""

    code = "run-cancelled"


class RunBlocked(RunError):
    """The run cannot go on with this code; nothing of it is lost."""

    code = "run-blocked"


class CallCancelled(asyncio.CancelledError):
    """Raised in a workflow at the call at which it was cancelled. Clean up, then let it pass."""
