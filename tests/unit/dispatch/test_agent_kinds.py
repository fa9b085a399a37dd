"""Which rules apply to an agent depends on its kind."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from podium.dispatch.rules.breaker.rule import Breakers
from podium.dispatch.rules.budget.prices import Prices
from podium.dispatch.rules.budget.rule import Budgets
from podium.dispatch.rules.cache import Cache
from podium.dispatch.rules.delegation.rule import Delegated
from podium.dispatch.rules.guards.rule import Guards
from podium.dispatch.rules.limit.rule import LimitRule
from podium.dispatch.rules.loops.rule import NoLoops
from podium.dispatch.rules.policy.default_judge import DefaultJudge
from podium.dispatch.rules.policy.rule import Policy
from podium.dispatch.rules.timeout import timeout
from podium.dispatch.rules.trust.rule import Trusting
from podium.guards.custom import guard
from podium.model.agent import Card
from podium.model.agent_kind import KINDS, AgentKind, kind_of
from podium.model.breaker import Breaker
from podium.model.budget import BudgetSettings
from podium.model.limit import LimitSettings
from podium.model.loops import Loops
from podium.model.prices import PriceSettings
from podium.services.store_time import StoreTime
from podium.testing import DrivenClock

CALLS = {"breaker", "cache", "limit", "timeout"}
"""The rules that apply to a single call of an agent, whoever made it."""
AGENTS = {"budget", "delegation", "guards", "loops", "policy", "prices", "trust"}
"""The rules that apply to agents with a name of their own."""

APPLY: dict[str, set[str]] = {
    "function": CALLS | AGENTS,
    "something new": CALLS | AGENTS,
    "llm": CALLS | AGENTS - {"prices"},
    "human": CALLS | AGENTS - {"loops"},
    "process": CALLS | AGENTS,
    "http": CALLS | AGENTS,
    "memory": CALLS | AGENTS - {"policy"},  # of a memory, reads and writes are decided
    "workflow": AGENTS - {"prices"},  # a budget holds how deep it stands
    "monitor": AGENTS - {"prices"},
    "answers": AGENTS - {"prices"},
    "inline": CALLS,
}


def _applied(card: Card) -> set[str]:
    """Return the rules that wrap the handler of an agent with that card."""
    anything: Any = SimpleNamespace()
    clock = DrivenClock()
    check = guard(lambda value: None, name="check")
    rules: dict[str, Callable[[Card, Any], Any]] = {
        "breaker": Breakers(StoreTime(clock)).calls,
        "budget": Budgets(BudgetSettings(), clock).calls,
        "cache": Cache(anything, clock, anything).calls,
        "delegation": Delegated(anything, clock).calls,
        "guards": Guards(lambda name: check).calls,
        "limit": LimitRule(LimitSettings(), clock, anything).calls,
        "loops": NoLoops(Loops(), 8).calls,
        "policy": Policy(DefaultJudge("boss")).calls,
        "prices": Prices(PriceSettings(cpu_second=1.0)).calls,
        "timeout": timeout,
        "trust": Trusting(anything, wanted=True).observed,
    }
    handler: Any = object()
    return {name for name, rule in rules.items() if rule(card, handler) is not handler}


@pytest.mark.parametrize("kind", APPLY)
def test_the_kind_of_an_agent_decides_which_rules_apply_to_it(kind: str) -> None:
    card = Card(
        name="it", kind=kind, timeout=1.0, concurrency=1, usd=1.0, dangerous=True, breaker=Breaker(), cache=1.0,
        guards=("check",),
    )  # fmt: skip
    assert _applied(card) == APPLY[kind]


def test_every_kind_of_podium_is_in_the_table() -> None:
    assert KINDS.keys() == APPLY.keys() - {"something new"}


def test_a_part_of_its_caller_has_no_rules_of_agents() -> None:
    assert _applied(Card(name="it", anonymous=True, dangerous=True)) == {"budget", "loops", "prices", "timeout"}


def test_an_agent_of_a_new_kind_is_like_a_function() -> None:
    assert kind_of("something new") == AgentKind(name="something new")
    assert kind_of("function") == AgentKind(name="function")


def test_workflows_and_people_do_not_answer_at_once() -> None:
    assert {name for name, kind in KINDS.items() if not kind.answers_at_once} == {
        "workflow", "monitor", "answers", "human",
    }  # fmt: skip
