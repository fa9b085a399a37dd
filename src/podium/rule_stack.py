"""The rules of an app: everything that the way of a call passes through, made from the settings."""

from collections.abc import Callable, Sequence

from podium.config import Config
from podium.dispatch.alarm import Ring
from podium.dispatch.condition import Conditions
from podium.dispatch.dispatcher import Dispatcher, RunMiddleware
from podium.dispatch.registry import Registry
from podium.dispatch.rules.allow import WithinAllowLists
from podium.dispatch.rules.batch import Batches
from podium.dispatch.rules.breaker.rule import Breakers
from podium.dispatch.rules.budget.prices import Prices
from podium.dispatch.rules.budget.rule import Budgets
from podium.dispatch.rules.cache import Cache, Keeper
from podium.dispatch.rules.delegation.rule import Delegated
from podium.dispatch.rules.guards.named import NamedGuards
from podium.dispatch.rules.guards.rule import Guards
from podium.dispatch.rules.health.checks import HealthChecks
from podium.dispatch.rules.health.rule import Healthy
from podium.dispatch.rules.limit.rule import LimitRule
from podium.dispatch.rules.limit.share import Sharing
from podium.dispatch.rules.loops.rule import NoLoops
from podium.dispatch.rules.policy.loading import load_judge
from podium.dispatch.rules.policy.request import SERVER, PolicyRequest
from podium.dispatch.rules.policy.rule import Policy
from podium.dispatch.rules.policy.words import OPERATION, REQUEST
from podium.dispatch.rules.timeout import timeout
from podium.dispatch.rules.trust.rule import Trusting
from podium.dispatch.rules.trust.standings import Trusts
from podium.in_threads import in_thread
from podium.model.agent import AnyAgent, Card
from podium.model.clock import Clock, SystemClock
from podium.model.guard import Guard, GuardSettings
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied
from podium.model.principal import Principal
from podium.model.rules import ruled
from podium.services.store_time import StoreTime
from podium.store.protocol import Store


class RuleStack:
    """The rules that hold for every call of an app, and what they know."""

    def __init__(
        self, config: Config, store: Store, clock: Clock, *, ring: Ring, keep: Keeper, changed: Callable[[], None],
        worker: Callable[[], str],
    ) -> None:  # fmt: skip
        """Make them; `changed` is told when a breaker or the health of an agent changed.

        `worker` tells under which name this process drives runs.
        """
        time = self.time = _store_time(store, clock)
        self.registry = Registry()
        self.trusts = Trusts(store.evidence, clock)
        self.breakers = Breakers(time, changed, store.states)
        self.checks = HealthChecks(time, changed, store.states)
        self.conditions = Conditions(self.checks, self.breakers)
        self.judge = load_judge(config.policy, cards=self.card, trust=self.trusts.of, clock=clock)
        """Who decides what may be."""
        self._judge_of_requests = None if config.policy.file is None else self.judge
        self._guards = NamedGuards(config.guards, self._make_guard)
        self._guards.require(name for rules in config.agents.values() for name in rules.guards or ())
        keeps = config.compensations == "as_registered"
        self._allow = WithinAllowLists(lambda name: (self.card(name) or ruled(Card(name=name), config.agents)).allow)
        delegated = Delegated(store.delegations, clock, keeps=keeps)
        policy = Policy(self.judge, delegated.acting, keeps=keeps)
        trusting = Trusting(self.trusts, wanted=self.judge.reads_trust)
        guards = Guards(self._guards)
        budgets = Budgets(config.budgets, clock)
        limits = self._limits = LimitRule(config.limits, clock, ring, _sharing(store, worker, clock, ring, time))
        self.dispatcher = Dispatcher(
            self.registry,
            [
                delegated.calls, self._allow.calls, trusting.fresh, policy.calls, trusting.observed,
                budgets.ahead(guards.judges_input), guards.calls,
                NoLoops(config.loops, config.max_depth).calls, Cache(store.answers, clock, keep).calls, budgets.calls,
                Prices(config.prices).calls, limits.calls, Healthy(self.checks).calls, self.breakers.calls, timeout,
                Batches(clock, ring).calls,
            ],
            [delegated.steps, self._allow.steps, policy.steps, guards.steps, budgets.steps, limits.steps],
            of_runs=RunMiddleware([trusting.fresh, policy.calls], [guards.calls], [delegated.calls]),
            rules=config.agents,
            bounded=bool(config.budgets) or config.limits.tokens,
            is_available=self.conditions.is_available,
            replaces=bool(config.monitor),
        )  # fmt: skip
        self.dispatcher.look = self.conditions.look
        self.dispatcher.cancelled = limits.forget
        self.dispatcher.bars = [self._allow, policy]
        self.dispatcher.permits = policy if keeps else None

    def add(self, agents: Sequence[AnyAgent]) -> bool:
        """Make agents known by name; whether any is new. Raises ConfigError, before that, for guards not known."""
        for agent in agents:
            self._guards.require(agent.card.guards)
        new = [agent for agent in agents if self.registry.add(agent)]
        if new:
            self.judge.forget()
            self._allow.forget()
        return bool(new)

    def objection(self, operation: str, principal: Principal, about: Json) -> str | None:
        """Return why the policies do not let a user ask a server for an operation; None where they do.

        A rule that asks a person first is a no: nobody can be asked while a request waits.
        """
        if self._judge_of_requests is None:
            return None
        scope = self._judge_of_requests.scope(SERVER, REQUEST, OPERATION, operation)
        match self._judge_of_requests.decide(PolicyRequest.of_operation(scope, principal, about)):
            case Denied(_, reason):
                return reason
            case Asks(rule, to, _, _):
                return f"{rule} has {to} asked first, and nobody can be asked while a request waits"
            case Allowed():
                return None

    def drain(self) -> None:
        """Have no call wait for room in memory from now on: the worker stops, and they wait on disk."""
        self._limits.drain()

    async def close(self) -> None:
        """Leave other processes what this one had its share of."""
        await self._limits.close()

    def card(self, name: str) -> Card | None:
        """Return the card of an agent, as the rules of the configuration fill it in, if it is registered."""
        return self.dispatcher.card(self.registry.get(name)) if self.registry.knows(name) else None

    def cards(self) -> Sequence[Card]:
        """Return the cards of all agents that are registered, as the rules of the configuration fill them in."""
        registry = self.registry
        return [self.dispatcher.card(registry.get(each.name, each.version)) for each in registry.cards()]

    def _make_guard(self, name: str, settings: GuardSettings) -> Guard:
        from podium.guards.making import make_guard  # most programs have none

        return make_guard(name, settings, self.registry.get)


def _store_time(store: Store, clock: Clock) -> StoreTime:
    """Return the time that processes have in common; a clock that a program hands in is taken at its word."""
    if store.states is None or not isinstance(clock, SystemClock):
        return StoreTime(clock)
    return StoreTime(clock, store.states.time)


def _sharing(
    store: Store, worker: Callable[[], str], clock: Clock, ring: Ring, time: StoreTime
) -> Sharing | None:  # fmt: skip
    """Return how limits are shared with other processes; None where no other can open the store."""
    if store.states is None:
        return None
    return Sharing(store.states, worker, lambda other: in_thread(store.workers.is_fenced, other), clock, ring, time)
