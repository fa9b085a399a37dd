"""Budgets: what is set aside before it is spent, so that no number of concurrent calls can spend more than there is."""

import sqlite3

from podium.model.budget import Amount, BudgetState, Limits
from podium.store.codec import decode, encode
from podium.store.protocol import RaiseBudget, Reserve, Settle
from podium.store.sqlite.rows import Row
from podium.store.sqlite.sql import statement

_NOTHING = Amount()


def open_budget(connection: sqlite3.Connection, budget: str, limits: Limits) -> None:
    """Make a budget, or give it other limits."""
    connection.execute(statement("budget_open"), (budget, limits.usd, limits.tokens, limits.calls))


def reserve(connection: sqlite3.Connection, run: int, wanted: Reserve) -> BudgetState | None:
    """Set an amount aside in every budget; where one has no room nothing is, and that one is returned."""
    taken: list[tuple[str, Amount]] = []
    for line in wanted.lines:
        if line.configured:
            open_budget(connection, line.id, line.limits)
        part = wanted.amount.under(line.limits)
        fits = connection.execute(statement("budget_reserve"), (line.id, part.usd, part.tokens, part.calls)).rowcount
        if not fits:
            for budget, amount in taken:
                _settle(connection, budget, amount, _NOTHING, in_doubt=False)
            return state_of(connection.execute(statement("budget_get"), (line.id,)).fetchone())
        taken.append((line.id, part))
    parts = [[budget, part.usd, part.tokens, part.calls] for budget, part in taken]
    connection.execute(statement("reservation_insert"), (wanted.id, run, encode(parts).decode()))
    return None


def settle(connection: sqlite3.Connection, settled: Settle) -> None:
    """Turn what was set aside into what was spent; a second time nothing happens."""
    row = connection.execute(statement("reservation_take"), (settled.id,)).fetchone()
    if row is None:
        return
    for budget, usd, tokens, calls in decode(row[0]):
        spent = settled.spent
        if spent is None:
            spent = Amount(usd=usd, tokens=tokens, calls=calls)
        counted = Amount(
            usd=spent.usd if usd else 0, tokens=spent.tokens if tokens else 0, calls=spent.calls if calls else 0
        )
        _settle(connection, budget, Amount(usd=usd, tokens=tokens, calls=calls), counted, in_doubt=settled.in_doubt)


def settle_run(connection: sqlite3.Connection, number: int, run_id: str) -> None:
    """Settle all that a run that has ended still holds, at its bound, and give back what is left of its share."""
    for (reservation,) in connection.execute(statement("reservations_of_run"), (number,)).fetchall():
        child = reservation.removeprefix("share:")
        if child == reservation:
            settle(connection, Settle(reservation, None, in_doubt=True))
        elif connection.execute(statement("run_number"), (child,)).fetchone() is None:
            settle(connection, Settle(reservation, _NOTHING))  # it was never started
    share = share_of(run_id)
    if connection.execute(statement("reservation_has"), (share,)).fetchone() is not None:
        own = state_of(connection.execute(statement("budget_get"), (f"run:{run_id}",)).fetchone())
        settle(connection, Settle(share, own.spent))
        connection.execute(statement("budget_close"), (f"run:{run_id}",))


def raise_budget(connection: sqlite3.Connection, raised: RaiseBudget) -> None:
    """Add to a budget's limits."""
    by = raised.by
    connection.execute(statement("budget_raise"), (raised.id, by.usd, by.tokens, by.calls))


def share_of(run_id: str) -> str:
    """Return the id of the reservation that a child run's budget was carved out by."""
    return f"share:{run_id}"


def state_of(row: Row) -> BudgetState:
    """Return how a budget stands, from a row of `budget_get` or `budgets_list`."""
    return BudgetState(
        id=row[0], limits=Limits(usd=row[1], tokens=row[2], calls=row[3]),
        reserved=Amount(usd=row[4], tokens=row[5], calls=row[6]),
        spent=Amount(usd=row[7], tokens=row[8], calls=row[9]), in_doubt=row[10],
    )  # fmt: skip


def _settle(connection: sqlite3.Connection, budget: str, reserved: Amount, spent: Amount, *, in_doubt: bool) -> None:
    connection.execute(
        statement("budget_settle"),
        (budget, reserved.usd, reserved.tokens, reserved.calls, spent.usd, spent.tokens, spent.calls,
         spent.usd if in_doubt else 0),
    )  # fmt: skip
