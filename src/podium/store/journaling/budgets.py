"""Budgets: what is set aside before it is spent, so that no number of concurrent calls can spend more than there is."""

from collections.abc import Sequence

from podium.errors import InvalidValue
from podium.model.budget import Amount, BudgetLine, BudgetState
from podium.model.budget_ids import budget_of_run, run_of_budget, run_of_share, share_of_run
from podium.store.corrections import BudgetCorrection
from podium.store.journaling.books import NOTHING, Books
from podium.store.journaling.standings import Standings
from podium.store.journaling.transaction import Amounts, BudgetChange, BudgetPart, ReservationRow, Transaction
from podium.store.operations import ESCROW_ROOM, RaiseBudget, Reserve, Settle


def amounts_of(amount: Amount) -> Amounts:
    """Return an amount as the books have it."""
    return amount.usd, amount.tokens, amount.calls


def reserve(books: Books, run: int, wanted: Reserve) -> BudgetState | None:
    """Set an amount aside in every budget; where one has no room nothing is, and that one is returned."""
    times = ESCROW_ROOM if wanted.escrow else 1
    changes: list[BudgetChange] = []
    for line in wanted.lines:
        if line.configured:
            books.open(line.id, line.limits)
        due = amounts_of(wanted.amount.under(line.limits))
        changes.append(BudgetChange(line.id, due, NOTHING, 0, times))
    made = books.reserve(changes)
    if made < len(changes):
        for change in changes[:made]:
            books.change(change.id, _negative(change.reserved), NOTHING)
        scarce = books.state(changes[made].id)
        if scarce is None:
            raise InvalidValue(f"nothing can be set aside in {changes[made].id!r}; expected a budget that was opened")
        return scarce
    parts = [part_of(line, wanted.amount) for line in wanted.lines]
    child = run_of_share(wanted.id)
    own = None if child is None else books.state(budget_of_run(child))
    if own is not None:
        parts = _taken_back(books, parts, own)
    books.add(ReservationRow(wanted.id, run, parts, wanted.escrow))
    if wanted.opens is not None:
        books.open(wanted.opens.id, wanted.opens.limits)
    return None


def is_carved(books: Books, reservation: str) -> bool:
    """Whether this is the share of a child run, and is set aside already."""
    return run_of_share(reservation) is not None and books.reservation(reservation) is not None


def settle(books: Books, settled: Settle) -> None:
    """Turn what was set aside into what was spent; a second time nothing happens."""
    spent = None if settled.spent is None else amounts_of(settled.spent)
    _settle_parts(books, settled.id, spent, doubt=None if settled.in_doubt else settled.doubt)


def settle_run(
    books: Books, standings: Standings, transaction: Transaction, n: int, run_id: str, parent: str | None
) -> None:
    """Settle all that a run that has ended still holds, at its bound; what is left of shares is given back.

    A share is given back once the run that has it, and all that this started, have ended.
    """
    for reservation in books.reservations_of(n):
        child = run_of_share(reservation)
        if child is None:
            _settle_parts(books, reservation, None, doubt=None)
        elif books.state(budget_of_run(child)) is None and not transaction.is_alive(child):
            _settle_parts(books, reservation, NOTHING, doubt=0)  # it was never started
    ended = run_id
    while True:
        if (share := books.reservation(share_of_run(ended))) is not None:
            if transaction.is_alive(ended):
                return
            _give_back(books, ended, share)
        above = None if parent is None else standings.of(parent)
        if parent is None or above is None or not above.state.ended:
            return
        ended, parent = parent, above.parent


def _taken_back(books: Books, parts: Sequence[BudgetPart], own: BudgetState) -> list[BudgetPart]:
    """Have what was spent of a share, when it was given back, be set aside once more, with the share of a retried run.

    So it counts once when the share is given back again, as it stands then: some of it may not be in doubt any more.
    """
    grown: list[BudgetPart] = []
    for above, *held in parts:
        counted = _counted(amounts_of(own.spent), held)
        books.change(above, counted, _negative(counted), in_doubt=-min(own.in_doubt, counted[0]))
        usd, tokens, calls = (None if each is None else each + part for each, part in zip(held, counted, strict=True))
        grown.append((above, usd, tokens, calls))
    return grown


def _give_back(books: Books, run: str, share: ReservationRow) -> None:
    """Settle a share at what was spent of it, and close the budget that was carved out with it."""
    own = books.state(budget_of_run(run))
    assert own is not None  # it was opened with the run
    _settle_parts(books, share.id, _spent_of(own, share.parts), doubt=own.in_doubt)
    books.close(own)


def raise_budget(books: Books, raised: RaiseBudget) -> None:
    """Add to a budget's limits, and to those it was carved out of: what a person adds is new money."""
    _raise(books, raised.id, amounts_of(raised.by))


def correct(books: Books, wanted: BudgetCorrection) -> None:
    """Have so much less count as spent that is in doubt, unless it is still set aside as the share of a child run."""
    if any(books.reservation(share) is not None for share in wanted.shares):
        return
    state = books.state(wanted.budget)
    if state is None or state.limits.usd is None:
        return
    usd = min(wanted.usd, state.in_doubt, state.spent.usd)
    books.change(wanted.budget, NOTHING, (-usd, 0, 0), in_doubt=-usd)
    if wanted.share is not None and books.reservation(wanted.share) is None:
        books.raise_limits(wanted.budget, (-usd, 0, 0))  # what it left was given back: nothing more can be had of it


def _raise(books: Books, budget: str, by: Amounts) -> None:
    books.raise_limits(budget, by)
    run = run_of_budget(budget)
    share = None if run is None else books.reservation(share_of_run(run))
    if share is None:
        return
    grown: list[BudgetPart] = []
    for above, *held in share.parts:
        more = _counted(by, held)
        _raise(books, above, more)
        books.change(above, more, NOTHING)
        usd, tokens, calls = (None if each is None else each + part for each, part in zip(held, more, strict=True))
        grown.append((above, usd, tokens, calls))
    books.replace(share._replace(parts=grown))


def part_of(line: BudgetLine, amount: Amount) -> BudgetPart:
    """Return what is set aside in a budget; None is what it does not bound."""
    limits = line.limits
    return (
        line.id, None if limits.usd is None else amount.usd, None if limits.tokens is None else amount.tokens,
        None if limits.calls is None else amount.calls,
    )  # fmt: skip


def _settle_parts(books: Books, reservation: str, spent: Amounts | None, *, doubt: int | None) -> None:
    """Settle a reservation in each of its budgets, at what was spent or its bound; `doubt` None is all of it."""
    taken = books.take(reservation)
    for budget, usd, tokens, calls in () if taken is None else taken.parts:
        held = usd or 0, tokens or 0, calls or 0
        counted = held if spent is None else _counted(spent, (usd, tokens, calls))
        in_doubt = counted[0] if doubt is None else min(doubt, counted[0])
        books.change(budget, _negative(held), counted, in_doubt=in_doubt)


def _negative(amounts: Amounts) -> Amounts:
    usd, tokens, calls = amounts
    return -usd, -tokens, -calls


def _counted(amounts: Amounts, parts: Sequence[int | None]) -> Amounts:
    """Return as much of an amount as counts in a budget of which these parts are set aside."""
    usd, tokens, calls = parts
    return 0 if usd is None else amounts[0], 0 if tokens is None else amounts[1], 0 if calls is None else amounts[2]


def _spent_of(own: BudgetState, parts: Sequence[BudgetPart]) -> Amounts:
    """Return what was spent of a share since it was carved out: of a run that was retried not for the first time."""

    def since(place: int, limit: int | None, spent: int) -> int:
        share = next((int(part[place] or 0) for part in parts if part[place] is not None), None)
        return 0 if share is None or limit is None else max(0, spent - (limit - share))

    limits, spent = own.limits, own.spent
    return since(1, limits.usd, spent.usd), since(2, limits.tokens, spent.tokens), since(3, limits.calls, spent.calls)
