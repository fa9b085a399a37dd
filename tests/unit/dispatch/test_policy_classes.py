"""Rules about classes of tools: what was declared of them, and that one of which nothing was is in none."""

from collections.abc import Mapping
from typing import Any

import pytest

from podium.agents.frameworks.effects import ToolEffects, tool_cards
from podium.dispatch.rules.policy.request import PolicyRequest
from podium.dispatch.rules.policy.words import TOOL, USE_TOOL, USER
from podium.errors import UsageError
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.policy import Allowed, Denied, PolicyDecision
from podium.model.step import tool_id
from podium.model.tool import known_tool
from tests.unit.dispatch.test_policy_rules import EVERYTHING, Court

EFFECTS: Mapping[str, Any] = {
    "look": "read_only", "pay": ToolEffects(effects="once", capabilities=["money", "mail"]), "tidy": "idempotent",
    "inner/look": ToolEffects(read_only=True),
}  # fmt: skip
CLERK = Card(name="clerk", tools=tool_cards(EFFECTS, {"new": {"type": "object"}}), capabilities=frozenset({"desk"}))


def use(text: str, tool: str) -> PolicyDecision:
    court = Court(text)
    scope = court.judge.scope(CLERK, USE_TOOL, TOOL, tool_id("clerk", tool))
    call = Call(run="r", key="0", agent="clerk", version="1", input="hello", principal="ada", callers=("desk",))
    sent: Json = {"tool": tool, "arguments": {}}
    asked = PolicyRequest.of_tool(
        CLERK, scope, call, (USER, "ada"), ("desk",), tool=known_tool(CLERK.tools, tool), sent=sent, granted={}
    )
    return court.judge.decide(asked)


@pytest.mark.parametrize(
    ("when", "allowed"),
    [
        ("resource.read_only", {"look", "inner/look"}),
        ('resource.capabilities.contains("money")', {"pay"}),
        ('resource in Capability::"mail"', {"pay"}),
        ('resource.effects == "idempotent"', {"look", "tidy", "inner/look"}),
        ('resource has effects && resource.effects == "once"', {"pay"}),
        ("!resource.read_only", {"pay", "tidy", "new", "unheard_of"}),
        ('resource in Capability::"desk"', {"look", "pay", "tidy", "new", "unheard_of", "inner/look"}),
    ],
)
def test_a_permit_of_a_class_allows_the_tools_that_are_declared_to_be_of_it(when: str, allowed: set[str]) -> None:
    text = f'permit(principal, action == Action::"tool", resource) when {{ {when} }};'
    tools = [*EFFECTS, "new", "unheard_of"]
    assert {tool for tool in tools if isinstance(use(text, tool), Allowed)} == allowed


def test_a_rule_that_forbids_by_effects_forbids_a_tool_that_declares_none() -> None:
    text = EVERYTHING + 'forbid(principal, action == Action::"tool", resource) when { resource.effects == "once" };'
    assert isinstance(use(text, "tidy"), Allowed)
    for tool in ("pay", "new"):
        assert isinstance(use(text, tool), Denied)


def test_what_changes_nothing_cannot_happen_once() -> None:
    with pytest.raises(UsageError, match="has no effect that happens `once`"):
        ToolEffects(effects="once", read_only=True)


def test_capabilities_are_names() -> None:
    with pytest.raises(UsageError, match=r"ToolEffects\(capabilities=…\) is 'money'; expected names"):
        ToolEffects(capabilities="money")
