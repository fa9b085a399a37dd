"""What an operator gives back of what budgets count as spent, in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.store.inserting import NewRun


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetCorrection:
    """So much less is spent of a budget, and in doubt; no more than is in doubt there, and nothing without a limit."""

    budget: str
    usd: int
    """In billionths of a US dollar."""
    shares: Sequence[str] = ()
    """The reservations of child runs through which it counts there: while one is open it does not yet."""
    share: str | None = None
    """The reservation that it was carved out with, if it was: once that is settled, nothing more can be had of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectBudgets:
    """Correct budgets. DUPLICATE where the record is there already: somebody else corrected them meanwhile."""

    parts: Sequence[BudgetCorrection]
    record: NewRun
    """Says so, with all of its facts: it is inserted as done, and entered in the ledger, in the same transaction."""
