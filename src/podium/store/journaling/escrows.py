"""Escrows: what runs set aside ahead, to cover what they begin to spend and have not recorded yet."""

from podium.model.budget import Amount, BudgetState
from podium.store.journaling.books import NOTHING, Books
from podium.store.journaling.budgets import amounts_of, part_of, raise_budget, settle
from podium.store.journaling.transaction import BudgetChange, ReservationRow
from podium.store.operations import ESCROW_ROOM, Draw, RaiseBudget, Settle


def pay(books: Books, run: int, effect: Settle | Draw | RaiseBudget) -> None:
    """Do what a fact says of money."""
    match effect:
        case Settle():
            settle(books, effect)
        case Draw():
            draw(books, run, effect)
        case RaiseBudget():
            if effect.question is None or books.takes_raise(effect.question):
                raise_budget(books, effect)


def draw(books: Books, run: int, drawn: Draw) -> None:
    """Set aside, or count as spent, what an escrow covers."""
    reserved = drawn.spent is None
    amount = drawn.amount if drawn.spent is None else drawn.spent
    changes: list[BudgetChange] = []
    for line in drawn.lines:
        due = amounts_of(amount.under(line.limits))
        given = (due, NOTHING) if reserved else (NOTHING, due)
        changes.append(BudgetChange(line.id, *given, 0, ESCROW_ROOM))
    books.draw(drawn.escrow, changes)
    if reserved:
        books.add(ReservationRow(drawn.id, run, [part_of(line, amount) for line in drawn.lines], escrow=False))


def could_recall(books: Books, scarce: BudgetState, wanted: Amount) -> bool:
    """Whether an amount would fit into a budget without the escrows in it; then these are not renewed before it did."""
    amounts = amounts_of(wanted)
    limits, spent, reserved = scarce.limits, amounts_of(scarce.spent), amounts_of(scarce.reserved)
    held = books.escrows_held(scarce.id)
    for place, limit in enumerate((limits.usd, limits.tokens, limits.calls)):
        used = spent[place] + reserved[place] - held[place]
        if limit is not None and amounts[place] and used + amounts[place] > limit:
            return False
    books.want(scarce.id, amounts)
    return True
