"""What passes through agents and workflows untouched: nobody but the engine catches it."""

from typing import Any


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

    def __init__(self, rule: str, reason: str, *, step: str | None = None, done: bool = False) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason
        self.done = done
        """The step was done: what the rule refuses is its value."""
        self.step = step
        """The place of the step that is refused, once that is known."""


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
