"""Escrows: what runs set aside ahead, to cover what they begin to spend and have not recorded yet."""

import sqlite3

from podium.model.budget import Amount, BudgetState
from podium.model.json import Json
from podium.store.codec import decode, encode
from podium.store.operations import ESCROW_ROOM, Draw
from podium.store.sqlite.budgets import part_of, settle_part
from podium.store.sqlite.sql import statement


def draw(connection: sqlite3.Connection, run: int, drawn: Draw) -> bool:
    """Set aside, or count as spent, what an escrow covers; False where something was taken out of the escrow."""
    due, change = (drawn.amount, "budget_reserve") if drawn.spent is None else (drawn.spent, "budget_spend")
    short: list[tuple[str, Amount]] = []
    for line in drawn.lines:
        part = due.under(line.limits)
        wanted = (line.id, part.usd, part.tokens, part.calls, ESCROW_ROOM)
        if not connection.execute(statement(change), wanted).rowcount:
            short.append((line.id, part))
    if drawn.spent is None:
        parts = encode([part_of(line, due) for line in drawn.lines]).decode()
        connection.execute(statement("reservation_insert"), (drawn.id, run, parts, False))
    if short:
        _take_out(connection, drawn, short)
    return not short


def could_recall(connection: sqlite3.Connection, scarce: BudgetState, wanted: Amount) -> bool:
    """Whether an amount would fit into a budget without the escrows in it; then these are not renewed before it did."""
    held = connection.execute(statement("escrows_held"), (scarce.id,)).fetchone()
    limits, spent, reserved = scarce.limits, scarce.spent, scarce.reserved
    for name, of_escrows in zip(("usd", "tokens", "calls"), held, strict=True):
        limit, amount = getattr(limits, name), getattr(wanted, name)
        used = getattr(spent, name) + getattr(reserved, name) - of_escrows
        if limit is not None and amount and used + amount > limit:
            return False
    connection.execute(statement("budget_want"), (scarce.id, wanted.usd, wanted.tokens, wanted.calls))
    return True


def _take_out(connection: sqlite3.Connection, drawn: Draw, short: list[tuple[str, Amount]]) -> None:
    """Take out of an escrow what the room beside it is too small for."""
    row = connection.execute(statement("reservation_get"), (drawn.escrow,)).fetchone()
    parts: list[list[Json]] = [] if row is None else decode(row[0])
    held = {part[0]: part for part in parts}
    for budget, due in short:
        part = held.get(budget, [budget, 0, 0, 0])
        have = Amount(usd=part[1] or 0, tokens=part[2] or 0, calls=part[3] or 0)
        taken = Amount(
            usd=min(have.usd, due.usd), tokens=min(have.tokens, due.tokens), calls=min(have.calls, due.calls)
        )
        for place, name in enumerate(("usd", "tokens", "calls"), 1):
            if part[place] is not None:
                part[place] -= getattr(taken, name)
        if drawn.spent is None:
            more = Amount(usd=taken.usd - due.usd, tokens=taken.tokens - due.tokens, calls=taken.calls - due.calls)
            settle_part(connection, budget, more, Amount())
        else:
            settle_part(connection, budget, taken, due)
    if row is not None:
        connection.execute(statement("reservation_change"), (drawn.escrow, encode(parts).decode()))
