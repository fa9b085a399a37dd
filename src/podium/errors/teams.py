"""What patterns raise whose agents came to no result."""

from podium.errors.base import PodiumError


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
