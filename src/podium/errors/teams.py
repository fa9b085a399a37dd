"""What patterns raise whose agents came to no result."""

from collections.abc import Sequence

from podium.errors.base import PodiumError


class TeamError(PodiumError):
    """Agents that work together came to no result.

    `failures` are the errors of members for which there is none, if that is why: another try may help where it may
    help one of them.
    """

    code = "team"
    failures: Sequence[Exception] = ()

    def __init__(self, message: str, *, failures: Sequence[Exception] = ()) -> None:
        super().__init__(message)
        self.failures = failures


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
    """A gate, or a person, did not let an output pass; `by` are the people who said no."""

    code = "gate-closed"

    def __init__(self, message: str, *, by: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.by = tuple(by)


class PlanRefused(TeamError):
    """A plan has a circle, an unknown agent, or a task that waits for what nobody makes."""

    code = "plan-refused"
