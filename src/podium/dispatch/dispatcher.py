"""Finds who does a call, and has it done under the rules that apply."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import cast

from podium.dispatch.invoke import invoke
from podium.dispatch.registry import Registry
from podium.dispatch.router import choose
from podium.model.agent import AnyAgent, Steps
from podium.model.call import Call
from podium.model.outcome import Outcome
from podium.model.task import Choice, Task

Handler = Callable[[Call, Steps], Awaitable[Outcome]]
"""Does a call of one agent."""

Middleware = Callable[[AnyAgent, Handler], Handler]
"""Wraps the handler of an agent, or returns it as it is where its rule does not apply."""

Target = AnyAgent | str | Task
"""Who is to do a call: an agent, a registered name, or whoever offers a capability."""


INLINE = "inline"
"""The kind of an agent that exists for one call only, such as the function of `ctx.once`."""


class Dispatcher:
    """Who does it, under which rules. Middleware is folded once per agent."""

    def __init__(self, registry: Registry, middleware: Sequence[Middleware]) -> None:
        self.registry = registry
        self._middleware = tuple(middleware)
        self._handlers: dict[int, Handler] = {}

    def route(self, target: Target) -> tuple[AnyAgent, Choice | None]:
        """Return the agent for a call, and why where it was chosen; raises UnknownAgent."""
        if id(target) in self._handlers:
            return cast("AnyAgent", target), None
        if isinstance(target, str):
            return self.registry.get(target), None
        if isinstance(target, Task):
            choice = choose(target, self.registry.cards(target.capability))
            return self.registry.get(choice.name, choice.version), choice
        if _lasts(target):
            self.registry.add(target)
        return target, None

    def dispatch(self, agent: AnyAgent, call: Call, steps: Steps) -> Awaitable[Outcome]:
        """Have a call done."""
        handler = self._handlers.get(id(agent))
        return self._fold(agent)(call, steps) if handler is None else handler(call, steps)

    def _fold(self, agent: AnyAgent) -> Handler:
        handler: Handler = partial(invoke, agent)
        for wrap in reversed(self._middleware):
            handler = wrap(agent, handler)
        if _lasts(agent):
            self._handlers[id(agent)] = handler  # the registry keeps the agent alive, so its id stays its own
        return handler


def _lasts(agent: AnyAgent) -> bool:
    """Whether an agent belongs into the registry."""
    return agent.card.kind != INLINE and not agent.card.anonymous
