"""Finds the agent for a call, and has it run under the rules that apply."""

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol, cast

from podium.dispatch.invoke import invoke
from podium.dispatch.registry import Registry
from podium.dispatch.router import choose
from podium.model.agent import AnyAgent, Card, members_of, must_be_agent
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.rule_steps import RuleSteps, SpeakingTurn
from podium.model.rules import AgentRules, ruled
from podium.model.step import StepCall
from podium.model.task import Routed, Task

Handler = Callable[[Call, RuleSteps], Awaitable[Outcome]]
"""Does a call of one agent."""

Middleware = Callable[[Card, Handler], Handler]
"""Wraps the handler of an agent with that card, or returns it as it is where its rule does not apply."""

StepHandler = Callable[[StepCall, RuleSteps], Awaitable[Json]]
"""Does a step of one agent's calls."""

StepMiddleware = Callable[[Card, StepHandler], StepHandler]
"""The same for steps. A rule refuses by raising Forbidden, and waits by raising Suspended."""


class RunMiddleware(NamedTuple):
    """The rules for runs: to start or spawn a run is to call its workflow."""

    admitting: Sequence[Middleware]
    """Decide whether it may take place."""
    guarding: Sequence[Middleware]
    """Look at what goes into it and comes out, also when it is taken up again."""
    delegated: Sequence[Middleware] = ()
    """Decide too, if the run was started with a delegation token."""


class Permits(Protocol):
    """A rule that can tell beforehand whether it allows a call."""

    def decides(self, card: Card) -> bool:
        """Whether there is anything to decide about an agent."""
        ...

    async def allows(self, card: Card, call: Call, steps: RuleSteps) -> bool:
        """Whether a call would be let through as it is, by now."""
        ...


class Bars(Protocol):
    """A rule that can tell of an agent, before its input is known, that it refuses all calls of it."""

    async def bars(self, card: Card, call: Call, steps: RuleSteps) -> bool:
        """Whether calls like this one are refused whatever the agent is handed."""
        ...


Target = AnyAgent | str | Task
"""Names the agent for a call: the agent itself, a registered name, or a task for one that offers a capability."""


class Dispatcher:
    """Finds the agent for a call and the rules for it. Middleware is folded once per agent."""

    def __init__(
        self, registry: Registry, middleware: Sequence[Middleware], step_middleware: Sequence[StepMiddleware] = (), *,
        of_runs: RunMiddleware | None = None, rules: Mapping[str, AgentRules] | None = None, bounded: bool = False,
        is_available: Callable[[Card], bool] = lambda _: True, replaces: bool = False,
    ) -> None:  # fmt: skip
        self.registry = registry
        self._middleware = tuple(middleware)
        self._step_middleware = tuple(step_middleware)
        self._of_runs = of_runs or RunMiddleware((), ())
        self.bounded = bounded
        """Whether a budget of the configuration bounds what calls may spend."""
        self._rules = rules or {}
        self._is_available = is_available
        self._replaces = replaces
        """Whether an older version stands in for one that is not available."""
        self.permits: Permits | None = None
        """What compensations are to pass when they are registered; None where they are judged when they are called."""
        self.bars: Sequence[Bars] = ()
        """The rules that can tell whom it is no use to choose."""
        self.look: Callable[[Iterable[Card]], Awaitable[None]] = _nobody_looks
        """Has `is_available` go by what other processes found of these agents, too."""
        self.cancelled: Callable[[str, str], None] = _nobody_is_told
        """Told the run and key of a call that was cancelled, maybe while it waited for a rule and was not under way."""
        self._cards: dict[int, Card] = {}
        self._handlers: dict[int, Handler] = {}
        self._step_handlers: dict[int, StepHandler | None] = {}
        self._run_rules: dict[tuple[int, bool, bool], Handler | None] = {}

    def route(self, target: Target, barred: Container[str] = ()) -> tuple[AnyAgent, Routed | None]:
        """Return the agent for a call, and why if it was chosen: not one that is `barred`; raises UnknownAgent."""
        if id(target) in self._cards:
            return cast("AnyAgent", target), None
        if isinstance(target, str):
            stands_in = self.substitute_version(target) if self._replaces else None
            return self.registry.get(target, stands_in and stands_in.version), stands_in
        if isinstance(target, Task):
            choice = choose(target, self.registry.cards(target.capability), self._is_available, barred)
            return self.registry.get(choice.name, choice.version), choice
        must_be_agent(target)
        if target.card.is_named and self.registry.add(target):
            for each in members_of(target):
                self.registry.add(each)
        return target, None

    def substitute_version(self, name: str) -> Routed | None:
        """Return the newest version that is available, if the newest of all is not; else None."""
        cards = [self.card(agent) for agent in self.registry.versions(name)]
        best = next((card for card in cards if self._is_available(card)), None)
        if best is None or best is cards[0]:
            return None
        return Routed(name, best.version, f"stands in for version {cards[0].version}, which is not available")

    def card(self, agent: AnyAgent) -> Card:
        """Return an agent's card, filled in by the rules of the configuration."""
        card = self._cards.get(id(agent))
        if card is None:
            card = agent.card if agent.card.traits.exists_for_one_call else ruled(agent.card, self._rules)
            if agent.card.is_named and self.registry.has(card.name, card.version):
                self._cards[id(agent)] = card  # the registry keeps the agent alive, so its id stays its own
        return card

    def dispatch(self, agent: AnyAgent, call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
        """Have a call done."""
        handler = self._handlers.get(id(agent))
        return self._fold(agent)(call, steps) if handler is None else handler(call, steps)

    def step_rules(self, agent: AnyAgent) -> StepHandler | None:
        """Return what does a step under the rules for steps, or None where none applies to this agent."""
        if not self._step_middleware:
            return None
        if id(agent) in self._step_handlers:
            return self._step_handlers[id(agent)]
        card, handler = self.card(agent), _do_step
        for wrap in reversed(self._step_middleware):
            handler = wrap(card, handler)
        found = None if handler is _do_step else handler
        if id(agent) in self._cards:
            self._step_handlers[id(agent)] = found
        return found

    def run_rules(self, workflow: AnyAgent, *, admitted: bool, delegated: bool) -> Handler | None:
        """Return what admits a workflow as a run, or None if no rule applies; `admitted`: it was admitted before."""
        if workflow.card.traits.is_internal:
            return None
        known, of_runs = (id(workflow), admitted, delegated), self._of_runs
        if known in self._run_rules:
            return self._run_rules[known]
        own: Handler = partial(invoke, workflow)
        card, handler = self.card(workflow), own
        deciding = () if admitted else (*(of_runs.delegated if delegated else ()), *of_runs.admitting)
        for wrap in reversed((*deciding, *of_runs.guarding)):
            handler = wrap(card, handler)
        found = None if handler is own else handler
        if id(workflow) in self._cards:
            self._run_rules[known] = found
        return found

    def _fold(self, agent: AnyAgent) -> Handler:
        card = self.card(agent)
        handler: Handler = partial(_ask, agent)
        for wrap in reversed(self._middleware):
            handler = wrap(card, handler)
        if id(agent) in self._cards:
            self._handlers[id(agent)] = handler
        return handler


async def _nobody_looks(cards: Iterable[Card]) -> None:
    pass


def _nobody_is_told(run: str, key: str) -> None:
    pass


def _ask(agent: AnyAgent, call: Call, steps: RuleSteps) -> Awaitable[Outcome]:
    turn, steps.begun = steps.turn, True
    return invoke(agent, call, steps) if turn is None else _ask_in_turn(agent, call, steps, turn)


async def _ask_in_turn(agent: AnyAgent, call: Call, steps: RuleSteps, turn: SpeakingTurn) -> Outcome:
    """Have an agent asked that has its turn in a conversation; what it says there goes with its answer."""
    turn.begin(call.input)
    outcome = await invoke(agent, call, steps)
    return replace(outcome, said=turn.said(outcome.value)) if isinstance(outcome, Done) else outcome


async def _do_step(step: StepCall, _steps: RuleSteps) -> Json:
    return await step.body()
