"""Questions about budgets: people are asked once about one budget, however many calls wait for their answer."""

from collections.abc import Sequence
from typing import Protocol


class SharedQuestionsTransaction(Protocol):
    """What a transaction is asked about questions whether a budget may be raised.

    One of those that are open is shown to people, the lead; the others stand behind it, and are not shown.
    """

    def insert_budget_question(self, id: str, run: int, budget: str, lead: str) -> None:
        """Note that a question of a run, which is in the inbox, is about a budget; its own lead is shown."""
        ...

    def shown_question(self, budget: str, to: str, at: float) -> str | None:
        """Return the oldest question about a budget that these people are shown, open and not over at a time."""
        ...

    def lead_of(self, question: str) -> str | None:
        """Return the lead of a question; None for one that is not about a budget."""
        ...

    def questions_behind(self, lead: str) -> Sequence[str]:
        """Return the open questions behind a lead, oldest first."""
        ...

    def show_next(self, lead: str) -> str | None:
        """Have the oldest open question behind a lead shown in its place, as the lead of all that stood behind that.

        Returns it; None where there is none.
        """
        ...

    def take_raise(self, question: str) -> bool:
        """Say that the answer to a question's lead raises its budget now; False where it has done so before.

        One that nothing is noted of was asked by an older version, of its call alone: its answer raises.
        """
        ...
