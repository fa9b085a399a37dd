"""What becomes of a wish to set something aside: it is, or it may wait, or there is no room for it."""

from podium.model.budget import Amount, BudgetState
from podium.model.budget_ids import run_of_budget, share_of_run
from podium.store.journaling.books import Books
from podium.store.journaling.budgets import amounts_of, is_carved, reserve
from podium.store.journaling.escrows import could_recall
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import Amounts, Transaction
from podium.store.operations import Committed, CommitVerdict, Reserve


class Reserving:
    """Sets aside for runs, and writes down who waits."""

    __slots__ = ("_books", "_result", "_standings", "_transaction")

    def __init__(self, transaction: Transaction, books: Books, standings: Standings, result: Committed) -> None:
        self._transaction = transaction
        self._books = books
        self._standings = standings
        self._result = result

    def carry_out(self, wanted: Reserve, run: str, parent: str | None) -> CommitVerdict:
        """Set an amount aside for a run, or say what is in its way: escrows, calls in flight, or what is settled."""
        if is_carved(self._books, wanted.id):
            return CommitVerdict.DUPLICATE
        scarce = reserve(self._books, wanted.run, wanted)
        if wanted.waits:
            self._transaction.delete_wait(wanted.id)
        if scarce is None:
            return CommitVerdict.OK
        self._result.scarce[wanted.id] = scarce
        if wanted.escrow:
            return CommitVerdict.SCARCE
        amount = wanted.amount.under(next(line.limits for line in wanted.lines if line.id == scarce.id))
        if could_recall(self._books, scarce, amount):
            self._result.recallable.add(wanted.id)
            return CommitVerdict.SCARCE
        coming = self._books.in_flight(scarce.id, wanted.behind)
        self._result.coming[wanted.id] = Amount(usd=coming[0], tokens=coming[1], calls=coming[2])
        if wanted.waits and self._may_fit(scarce, amounts_of(amount), coming):
            holds = [*wanted.behind, *self._shares_up_to(scarce.id, run, parent)]
            if holds:
                self._transaction.insert_wait(wanted.id, wanted.run, wanted.epoch, holds)
            self._result.waiting.add(wanted.id)
        return CommitVerdict.SCARCE

    def _may_fit(self, scarce: BudgetState, amounts: Amounts, coming: Amounts) -> bool:
        """Whether there would be room if all that may come back did, what escrows hold included."""
        limits, escrows = scarce.limits, self._books.escrows_held(scarce.id)
        spent, reserved = amounts_of(scarce.spent), amounts_of(scarce.reserved)
        for place, limit in enumerate((limits.usd, limits.tokens, limits.calls)):
            left = spent[place] + reserved[place] - coming[place] - escrows[place]
            if limit is not None and amounts[place] and left + amounts[place] > limit:
                return False
        return True

    def _shares_up_to(self, budget: str, run: str, parent: str | None) -> list[str]:
        """Return the shares, in this budget or one below it, that come back only after the run has ended."""
        shares: list[str] = []
        owner = run_of_budget(budget)
        while run != owner and parent is not None:
            if self._books.reservation(share_of_run(run)) is not None:
                shares.append(share_of_run(run))
            above = self._standings.of(parent)
            run, parent = parent, None if above is None else above.parent
        return shares
