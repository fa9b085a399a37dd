"""The steps of an agent that is asked beside the answer of another one's call: to summarize what was said."""

from collections.abc import Callable, Mapping

from podium.model.conversation import OpenTurn
from podium.model.json import Json
from podium.model.steps import Steps
from podium.model.streams.transient import RequestStarted

TellSent = Callable[[Json], Json]
"""Returns how a request that was sent is recorded."""


class StepsApart:
    """Steps of a call for another agent than the one that answers it.

    They are recorded, paid and bounded as all steps of the call. What the agent writes is not streamed, since readers
    would take it for the answer; it has no turn in the conversation; and its requests are told under its own name.
    """

    def __init__(self, steps: Steps, agent: str, told: TellSent = lambda sent: sent) -> None:
        self.epoch = steps.epoch
        self.memory = steps.memory
        self.budgeted = steps.budgeted
        self.prices = steps.prices
        self.once = steps.once
        self.once_allowed = steps.once_allowed
        self.ask = steps.ask
        self.call = steps.call
        self.note = steps.note
        self.conversation: OpenTurn | None = None
        self._steps = steps
        self._agent = agent
        self._told = told

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt of the call, or of the step one is in."""
        return self._steps.idempotency_key

    @property
    def granted(self) -> Mapping[str, Json]:
        """What people said who allowed the step one is in."""
        return self._steps.granted

    def tell_sent(self, sent: Callable[[str], Json], kept: Callable[[], None] | None = None) -> None:
        """Say, inside a step, what it sends, and that this agent does."""
        self._steps.tell_sent(lambda place: self._of_agent(self._told(sent(place))), kept)

    def emit(self, chunk: Json) -> None:
        """Stream that a model is asked, and nothing of what it writes."""
        if isinstance(chunk, RequestStarted):
            self._steps.emit(chunk)

    def _of_agent(self, sent: Json) -> Json:
        """Return a request with the name of the agent, where it is its own and says who asks."""
        return sent if sent.get("agent", "?") else {**sent, "agent": self._agent}
