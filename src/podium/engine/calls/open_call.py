"""A call that is under way: its agent, its fallbacks, and how much time it has."""

from collections.abc import Callable
from dataclasses import dataclass

from podium.dispatch.dispatcher import Target
from podium.engine.calls.options import CallOptions, Fallbacks
from podium.engine.calls.turn_of_call import TurnOfCall
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.caller import Caller
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import CallProgress
from podium.errors import Blocked, MissingAgent, UnknownAgent
from podium.model.agent import AnyAgent, Card
from podium.model.call import Call
from podium.model.fallback import FallbackValue
from podium.model.json import Json, is_object
from podium.model.retry import Retry
from podium.model.told import Told

MakeCall = Callable[[str, str, Target, Json, Caller], Primitive[Json]]
"""Makes a call below another one, of its key, the key of the step that asks, the agent, the input and the caller."""


@dataclass(slots=True, kw_only=True)
class OpenCall:
    """A call that is under way."""

    active: ActiveRun
    branch: BranchTask
    path: str
    """The path of the context that asks."""
    key: str
    agent: AnyAgent
    """The agent that was asked first."""
    card: Card
    """Its card, as the rules of the configuration fill it in."""
    input: Json
    options: CallOptions
    caller: Caller
    progress: CallProgress
    deadline: float | None
    resumed: bool
    """Whether the journal knows of it from an earlier drive."""
    allowed_before: bool = False
    """Whether it is a compensation that the rules allowed when it was registered."""
    registered_by: tuple[str, ...] = ()
    """Of a compensation that they judge when it is called: the workflows on the way to where it was registered."""
    below: MakeCall
    """Makes a call below it, that one of its steps asks for."""
    since: float = 0.0
    """The time of the last thing that happened before it: what an inline workflow begins with, in each attempt."""
    turn: TurnOfCall | None = None
    """What its agent has of the conversation in which it is called."""
    told: Told | None = None
    """What its input tells, where that is heard as messages."""

    @property
    def fallbacks(self) -> Fallbacks:
        """The agents or values that come after the agent, in order."""
        named = self.options.fallback
        return self.card.fallback if named is None else named

    @property
    def inline_key(self) -> str:
        """The key under which an inline workflow records what it does in this attempt."""
        attempt = self.progress.attempt
        return self.progress.goes_on or (self.key if attempt == 1 else f"{self.key}.r{attempt}")

    def retry_of(self, agent: AnyAgent) -> Retry:
        """Return how often an agent is tried: as the call says, or else its card."""
        return self.options.retry or self.card_of(agent).retry

    def present(self) -> AnyAgent | FallbackValue:
        """Return the agent to ask now, or the fallback that takes its place; raises Blocked."""
        index = self.progress.fallback_index
        if not index:
            return self.agent
        if index > len(self.fallbacks):
            raise Blocked(f"call {self.key}: it had come to fallback {index}; now there are {len(self.fallbacks)}")
        target = self.fallbacks[index - 1]
        if isinstance(target, FallbackValue):
            return target
        try:
            return self.active.runtime.dispatcher.route(target)[0]
        except UnknownAgent as error:
            raise MissingAgent(f"call {self.key}: {error}") from error

    def card_of(self, agent: AnyAgent) -> Card:
        """Return the card of the agent, or of a fallback, as the configuration fills it in."""
        return self.card if agent is self.agent else self.active.runtime.dispatcher.card(agent)

    def timeout_of(self, agent: AnyAgent) -> float | None:
        """Return the seconds for one attempt: as the call says, or else the agent's card."""
        seconds = self.options.timeout
        return self.card_of(agent).timeout if seconds is None else seconds

    def request(self, agent: AnyAgent) -> Call:
        """Return what the agent is handed for this attempt."""
        run, progress, card, seconds = self.active.run, self.progress, agent.card, self.options.timeout
        if seconds is None:
            seconds = self.card.timeout if agent is self.agent else self.card_of(agent).timeout
        if self.deadline is not None:
            left = max(0.0, self.deadline - self.active.runtime.clock.now())
            seconds = left if seconds is None else min(seconds, left)
        return Call(
            run=run.id, key=self.key, agent=card.name, version=card.version, input=self.handed(agent),
            attempt=progress.attempt, lineage=progress.lineage, timeout=seconds, tenant=run.tenant,
            principal=run.principal, root=run.root, priority=run.priority, deadline=self.deadline,
            callers=self.caller.callers, granted=progress.granted, feedback=progress.feedback,
            conversation=None if self.turn is None else self.turn.name, allowed_before=self.allowed_before,
            registered_by=self.registered_by, told=self.told,
        )  # fmt: skip

    def handed(self, agent: AnyAgent | FallbackValue) -> Json:
        """Return the input, with what was wrong with the last answer where the agent finds that in it."""
        accept, feedback = self.options.accept, self.progress.feedback
        if not feedback or accept is None or accept.remark is None or agent is not self.agent:
            return self.input
        return {**self.input, accept.remark: feedback} if is_object(self.input) else self.input
