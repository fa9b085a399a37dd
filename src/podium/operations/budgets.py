"""What people add to the budgets of runs that stopped for want of it."""

from collections.abc import Iterable

from podium.errors import NotPossible
from podium.model.budget import Amount, BudgetLimits
from podium.model.fact import Fact
from podium.model.facts.notices import Notice

_RAISED = "budget-raised"
_PARTS = ("usd", "tokens", "calls")
_WORDS = {"usd": "dollars", "tokens": "tokens", "calls": "calls"}


def raising(run: str, limits: BudgetLimits | None, more: Amount, *, by: str, why: str) -> Notice:
    """Return the fact that says what is added to a run's own budget; raises NotPossible where it has no such limit."""
    if limits is None:
        raise NotPossible(
            f"run {run} has no budget of its own: raise that of the run which started it, where it has one, or in the "
            "settings those of tenants, agents and the day."
        )
    added = {name: getattr(more, name) for name in _PARTS if getattr(more, name)}
    for name in added:
        if getattr(limits, name) is None:
            raise NotPossible(f"the budget of run {run} does not bound {_WORDS[name]}: there is nothing to raise.")
    return Notice(guard=_RAISED, said={**added, "by": by, "why": why})


def raised_since(limits: BudgetLimits, facts: Iterable[Fact]) -> BudgetLimits:
    """Return the limits of a budget as it was started with, with all that was added since."""
    raised = [fact.content.said for fact in facts if isinstance(fact.content, Notice) and fact.content.guard == _RAISED]
    known = {name: getattr(limits, name) for name in _PARTS}
    return BudgetLimits(
        **{
            name: None if most is None else most + sum(each.get(name, 0) for each in raised)
            for name, most in known.items()
        }
    )
