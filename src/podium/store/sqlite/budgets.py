"""Budgets: what is set aside before it is spent, so that no number of concurrent calls can spend more than there is."""

import sqlite3
from dataclasses import astuple

from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState
from podium.model.budget_ids import budget_of_run, run_of_budget, run_of_share, share_of_run
from podium.model.json import Json
from podium.model.run import RunState
from podium.store.codec import decode, encode
from podium.store.operations import ESCROW_ROOM, RaiseBudget, Reserve, Settle
from podium.store.sqlite.rows import Row
from podium.store.sqlite.sql import statement

_NOTHING = Amount()


def open_budget(connection: sqlite3.Connection, budget: str, limits: BudgetLimits) -> None:
    """Make a budget, or give it other limits."""
    connection.execute(statement("budget_open"), (budget, limits.usd, limits.tokens, limits.calls))


def reserve(connection: sqlite3.Connection, run: int, wanted: Reserve) -> BudgetState | None:
    """Set an amount aside in every budget; where one has no room nothing is, and that one is returned."""
    taken: list[tuple[str, Amount]] = []
    for line in wanted.lines:
        if line.configured:
            open_budget(connection, line.id, line.limits)
        part = wanted.amount.under(line.limits)
        asked = (line.id, part.usd, part.tokens, part.calls, ESCROW_ROOM if wanted.escrow else 1)
        if not connection.execute(statement("budget_reserve"), asked).rowcount:
            for budget, amount in taken:
                settle_part(connection, budget, amount, _NOTHING)
            return state_of(connection.execute(statement("budget_get"), (line.id,)).fetchone())
        taken.append((line.id, part))
    parts = [part_of(line, part) for line, (_, part) in zip(wanted.lines, taken, strict=True)]
    connection.execute(statement("reservation_insert"), (wanted.id, run, encode(parts).decode(), wanted.escrow))
    return None


def is_carved(connection: sqlite3.Connection, reservation: str) -> bool:
    """Whether this is the share of a child run, and is set aside already."""
    return run_of_share(reservation) is not None and _parts(connection, reservation) is not None


def settle(connection: sqlite3.Connection, settled: Settle) -> None:
    """Turn what was set aside into what was spent; a second time nothing happens."""
    _settle_parts(connection, settled.id, settled.spent, doubt=None if settled.in_doubt else 0)


def settle_run(connection: sqlite3.Connection, number: int, run_id: str, parent: str | None) -> None:
    """Settle all that a run that has ended still holds, at its bound; what is left of shares is given back.

    A share is given back once the run that has it, and all that this started, have ended.
    """
    for (reservation,) in connection.execute(statement("reservations_of_run"), (number,)).fetchall():
        child = run_of_share(reservation)
        if child is None:
            settle(connection, Settle(reservation, None, in_doubt=True))
        elif child != run_id and not _is_alive(connection, child):
            settle(connection, Settle(reservation, _NOTHING))  # it was never started
    ended = run_id
    while True:
        if (parts := _parts(connection, share_of_run(ended))) is not None:
            if _is_alive(connection, ended):
                return
            own = state_of(connection.execute(statement("budget_get"), (budget_of_run(ended),)).fetchone())
            _settle_parts(connection, share_of_run(ended), _spent_of(own, parts), doubt=own.in_doubt)
            connection.execute(statement("budget_close"), (own.id,))
        if parent is None:
            return
        row = connection.execute(statement("run_ancestry"), (parent,)).fetchone()
        if row is None or not RunState(row[0]).ended:
            return
        ended, parent = parent, row[1]


def raise_budget(connection: sqlite3.Connection, raised: RaiseBudget) -> None:
    """Add to a budget's limits, and to those it was carved out of: what a person adds is new money."""
    by = raised.by
    connection.execute(statement("budget_raise"), (raised.id, by.usd, by.tokens, by.calls))
    run = run_of_budget(raised.id)
    if run is None or (parts := _parts(connection, share_of_run(run))) is None:
        return
    grown: list[list[Json]] = []
    for budget, usd, tokens, calls in parts:
        more = _under(by, usd, tokens, calls)
        raise_budget(connection, RaiseBudget(budget, more))
        less = Amount(usd=-more.usd, tokens=-more.tokens, calls=-more.calls)
        settle_part(connection, budget, less, _NOTHING)
        held = [
            None if each is None else each + of for each, of in zip((usd, tokens, calls), astuple(more), strict=True)
        ]
        grown.append([budget, *held])
    connection.execute(statement("reservation_change"), (share_of_run(run), encode(grown).decode()))


def state_of(row: Row) -> BudgetState:
    """Return how a budget stands, from a row of `budget_get` or `budgets_list`."""
    return BudgetState(
        id=row[0], limits=BudgetLimits(usd=row[1], tokens=row[2], calls=row[3]),
        reserved=Amount(usd=row[4], tokens=row[5], calls=row[6]),
        spent=Amount(usd=row[7], tokens=row[8], calls=row[9]), in_doubt=row[10],
    )  # fmt: skip


def part_of(line: BudgetLine, amount: Amount) -> list[Json]:
    """Return what is set aside in a budget, as it is kept; None is what it does not bound."""
    limits = line.limits
    return [
        line.id, None if limits.usd is None else amount.usd, None if limits.tokens is None else amount.tokens,
        None if limits.calls is None else amount.calls,
    ]  # fmt: skip


def _under(amount: Amount, usd: Json, tokens: Json, calls: Json) -> Amount:
    """Return as much of an amount as counts in a budget of which so much is set aside."""
    return Amount(
        usd=0 if usd is None else amount.usd, tokens=0 if tokens is None else amount.tokens,
        calls=0 if calls is None else amount.calls,
    )  # fmt: skip


def _spent_of(own: BudgetState, parts: list[list[Json]]) -> Amount:
    """Return what was spent of a share since it was carved out: of a run that was retried not for the first time."""
    spent = list[int]()
    for place, name in enumerate(("usd", "tokens", "calls"), 1):
        share = next((part[place] for part in parts if part[place] is not None), None)
        limit, all_spent = getattr(own.limits, name), getattr(own.spent, name)
        spent.append(0 if share is None else max(0, all_spent - (limit - share)))
    return Amount(usd=spent[0], tokens=spent[1], calls=spent[2])


def _parts(connection: sqlite3.Connection, reservation: str) -> list[list[Json]] | None:
    """Return what is set aside under an id, by budget; None where nothing is."""
    row = connection.execute(statement("reservation_get"), (reservation,)).fetchone()
    return None if row is None else decode(row[0])


def _is_alive(connection: sqlite3.Connection, run_id: str) -> bool:
    """Whether a run, or anything that it started, has not ended."""
    return connection.execute(statement("run_is_alive"), (run_id,)).fetchone() is not None


def _settle_parts(connection: sqlite3.Connection, reservation: str, spent: Amount | None, *, doubt: int | None) -> None:
    """Settle a reservation in each of its budgets, at what was spent or its bound; `doubt` None is all of it."""
    row = connection.execute(statement("reservation_take"), (reservation,)).fetchone()
    if row is None:
        return
    for budget, usd, tokens, calls in decode(row[0]):
        held = Amount(usd=usd or 0, tokens=tokens or 0, calls=calls or 0)
        counted = _under(held if spent is None else spent, usd, tokens, calls)
        settle_part(connection, budget, held, counted, doubt=counted.usd if doubt is None else min(doubt, counted.usd))


def settle_part(
    connection: sqlite3.Connection, budget: str, reserved: Amount, spent: Amount, *, doubt: int = 0
) -> None:
    """Turn what is set aside in one budget into what was spent of it."""
    connection.execute(
        statement("budget_settle"),
        (budget, reserved.usd, reserved.tokens, reserved.calls, spent.usd, spent.tokens, spent.calls, doubt),
    )
