"""Ids of budgets, and of what is set aside in them."""

_RUN = "run:"
_SHARE = "share:"


def budget_of_run(run: str) -> str:
    """Return the id of the budget that a run has for itself and all it starts."""
    return f"{_RUN}{run}"


def run_of_budget(budget: str) -> str | None:
    """Return the id of the run that a budget is of; None where it is one of the configuration."""
    return budget[len(_RUN) :] if budget.startswith(_RUN) else None


def budget_of_agent(name: str) -> str:
    """Return the id of the budget of an agent's card."""
    return f"agent:{name}"


def budget_of_tenant(tenant: str) -> str:
    """Return the id of a tenant's budget."""
    return f"tenant:{tenant}"


BUDGET_OF_ALL = "day"
"""The id of the budget of everything together."""


def budget_in_period(budget: str, period: str) -> str:
    """Return the id of a budget for one day or month: each has its own."""
    return f"{budget}/{period}"


def share_of_run(run: str) -> str:
    """Return the id of the reservation out of which a child run's budget is carved."""
    return f"{_SHARE}{run}"


def run_of_share(reservation: str) -> str | None:
    """Return the id of the child run whose share a reservation is; None where it is of a call or step."""
    return reservation[len(_SHARE) :] if reservation.startswith(_SHARE) else None
