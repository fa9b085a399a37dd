"""Names of rules that say more than which rule it is: `guard:NAME`, `budget:ID`, `limit:ID`."""

_GUARD = "guard:"
_BUDGET = "budget:"

UNPRICED = f"{_BUDGET}unpriced"
"""Refuses what has a budget in dollars and no known price."""
DEPTH = f"{_BUDGET}depth"
"""Refuses a workflow that would be too many workflows deep."""
FAN_OUT = f"{_BUDGET}fan_out"
"""Refuses a join of too many branches."""

APPROVAL = "approval"
"""Asks on behalf of the agent, or the tool, that says itself that a person has to allow what it does."""

CONVERSATION = "conversation"
"""Refuses a turn in a conversation in which another one has it, where nobody wants to wait, or would wait for ever."""

_SCARCE = ("budget", "limit")


def guard_rule(name: str) -> str:
    """Return the name of the rule that a guard is."""
    return f"{_GUARD}{name}"


def guard_in(rule: str) -> str | None:
    """Return the name of the guard that a rule is, if it is one."""
    return rule[len(_GUARD) :] if rule.startswith(_GUARD) else None


def budget_rule(budget: str) -> str:
    """Return the name of the rule that a budget makes, by the id of the budget."""
    return f"{_BUDGET}{budget}"


def budget_in(rule: str) -> str | None:
    """Return the id of the budget that makes a rule, if one does."""
    return rule[len(_BUDGET) :] if rule.startswith(_BUDGET) else None


def is_scarce(rule: str) -> bool:
    """Whether a rule says that there is not enough of something: what other rules refuse, nobody else may do either."""
    return rule.partition(":")[0] in _SCARCE
