"""What people add to the budgets of runs that stopped for want of it."""

from collections.abc import Iterable

from podium.errors import NotPossible
from podium.model.budget import Amount, BudgetLimits
from podium.model.fact import Fact
from podium.model.facts.notices import Notice
from podium.model.json import Json

_RAISED = "budget-raised"
_PARTS = ("usd", "tokens", "calls")
_WORDS = {"usd": "dollars", "tokens": "tokens", "calls": "calls"}


def raising(
    run: str, limits: BudgetLimits | None, more: Amount, *, by: str, why: str, once: str | None = None
) -> Notice:
    """Return the fact that says what is added to a run's own budget; raises NotPossible where it has no such limit.

    `once` names it, so that it is found where the same is asked for again.
    """
    if limits is None:
        raise NotPossible(
            f"run {run} has no budget of its own: raise that of the run which started it, where it has one, or in the "
            "settings those of tenants, agents and the day."
        )
    added = _added(more)
    for name in added:
        if getattr(limits, name) is None:
            raise NotPossible(f"the budget of run {run} does not bound {_WORDS[name]}: there is nothing to raise.")
    named = {} if once is None else {"once": once}
    return Notice(guard=_RAISED, said={**added, "by": by, "why": why, **named})


def was_raised(facts: Iterable[Fact], once: str, more: Amount) -> bool:
    """Whether a budget was raised under this name; raises NotPossible where that was by something else."""
    for said in _raised(facts):
        if said.get("once") == once:
            if {name: said[name] for name in _PARTS if name in said} != _added(more):
                raise NotPossible("the budget was raised by another amount under this name: use another name.")
            return True
    return False


def _added(more: Amount) -> dict[str, int]:
    return {name: getattr(more, name) for name in _PARTS if getattr(more, name)}


def _raised(facts: Iterable[Fact]) -> list[Json]:
    return [fact.content.said for fact in facts if isinstance(fact.content, Notice) and fact.content.guard == _RAISED]


def raised_since(limits: BudgetLimits, facts: Iterable[Fact]) -> BudgetLimits:
    """Return the limits of a budget as it was started with, with all that was added since."""
    raised = _raised(facts)
    known = {name: getattr(limits, name) for name in _PARTS}
    return BudgetLimits(
        **{
            name: None if most is None else most + sum(each.get(name, 0) for each in raised)
            for name, most in known.items()
        }
    )
