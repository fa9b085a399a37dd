"""Budgets and reservations in a transaction on PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from podium.model.budget import Amount, BudgetLimits, BudgetState
from podium.store.codec import decode, encode_as_is
from podium.store.journaling.transaction import Amounts, BudgetChange, Limits, ReservationRow
from podium.store.postgres.columns import Ints, Texts
from podium.store.postgres.conversing import PostgresConversing
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.statements import Row

_NOTHING = (0, 0, 0)


@dataclass(slots=True)
class _Budget:
    """A budget whose row this transaction has locked: each list has dollars, tokens and calls."""

    limits: list[int | None]
    reserved: list[int]
    spent: list[int]
    in_doubt: int
    wanted: list[int]

    def change(self, change: BudgetChange) -> bool:
        """Make a change if there is room for it (`Transaction.change_budgets`)."""
        _, reserved, spent, in_doubt, room = change
        if not room:
            self.in_doubt += in_doubt
            self.reserved = [a + b for a, b in zip(self.reserved, reserved, strict=True)]
            self.spent = [a + b for a, b in zip(self.spent, spent, strict=True)]
            return True
        reserves = spent == _NOTHING
        added = reserved if reserves else spent
        if not all(self._has_room(part, added[part], room, beside=room > 1 or not reserves) for part in range(3)):
            return False
        if reserves:
            self.reserved = [a + b for a, b in zip(self.reserved, added, strict=True)]
            self.wanted = [a if a > b else 0 for a, b in zip(self.wanted, added, strict=True)]
        else:
            self.spent = [a + b for a, b in zip(self.spent, added, strict=True)]
        return True

    def _has_room(self, part: int, added: int, room: int, *, beside: bool) -> bool:
        limit = self.limits[part]
        if limit is None or not added:
            return True
        wanted = self.wanted[part] if beside else 0
        return self.spent[part] + self.reserved[part] + added * room + wanted <= limit

    def row(self, id: str) -> Sequence[object]:
        """Return the values of `budgets_write`."""
        return (id, *self.limits, *self.reserved, *self.spent, self.in_doubt, *self.wanted)


class PostgresMoney(PostgresConversing):
    """The statements about money of a write transaction.

    Budgets are locked in the order of their ids when they are first asked for, and counted here until something else is
    asked: a group that sets aside a thousand times asks once, and of what it sees nothing changes before its commit.
    """

    __slots__ = ("_budgets", "_changed", "_named")

    def __init__(self, statements: PostgresStatements, named: Collection[str]) -> None:
        """`named` are budgets that are going to be asked for."""
        super().__init__(statements)
        self._named = named
        self._budgets: dict[str, _Budget | None] = {}
        self._changed: dict[str, None] = {}

    def write_budgets(self) -> None:
        """Have the budgets that were changed written with what is sent next."""
        if self._changed:
            self._gathered.add("budgets_write", [self._row(each) for each in self._changed])
            self._changed = {}

    def budget(self, id: str) -> BudgetState | None:
        """Return how a budget stands."""
        found = self._locked([id])[id]
        if found is None:
            return None
        usd, tokens, calls = found.limits
        return BudgetState(
            id=id, limits=BudgetLimits(usd=usd, tokens=tokens, calls=calls), reserved=_amount(found.reserved),
            spent=_amount(found.spent), in_doubt=found.in_doubt,
        )  # fmt: skip

    def open_budget(self, id: str, limits: Limits) -> None:
        """Give a budget these limits; one that is not there is added."""
        known = self._budgets.get(id)
        if known is not None:
            known.limits = list(limits)
            self._changed[id] = None
            return
        self._budgets.pop(id, None)
        self._ask.send("budget_open", id, *limits)

    def raise_budget(self, id: str, by: Amounts) -> None:
        """Add to the limits of a budget; no limit stays none."""
        found = self._locked([id])[id]
        if found is not None:
            found.limits = [None if a is None else a + b for a, b in zip(found.limits, by, strict=True)]
            self._changed[id] = None

    def change_budgets(self, changes: Sequence[BudgetChange]) -> Sequence[bool]:
        """Make those changes, in order and each by itself, for which there is room; returns which were made."""
        budgets = self._locked([change.id for change in changes])
        return [self._change(budgets[change.id], change) for change in changes]

    def reserve_budgets(self, changes: Sequence[BudgetChange]) -> int:
        """Make changes in the same way up to the first for which there is no room; returns how many were made."""
        budgets = self._locked([change.id for change in changes])
        for made, change in enumerate(changes):
            if not self._change(budgets[change.id], change):
                return made
        return len(changes)

    def want_budget(self, id: str, amounts: Amounts) -> None:
        """Write down that so much is wanted of a budget, if no more is."""
        found = self._locked([id])[id]
        if found is not None:
            found.wanted = [max(a, b) for a, b in zip(found.wanted, amounts, strict=True)]
            self._changed[id] = None

    def reservations(self, ids: Collection[str]) -> Sequence[ReservationRow]:
        """Return reservations."""
        return [_reservation(row) for row in self._ask.all("reservations_get", Texts(ids))]

    def reservations_of(self, runs: Collection[int]) -> Sequence[ReservationRow]:
        """Return the reservations of runs."""
        return [_reservation(row) for row in self._ask.all("reservations_of_runs", Ints(runs))]

    def insert_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Add reservations."""
        values = [(row.id, row.run, encode_as_is(row.parts).decode(), int(row.escrow)) for row in rows]
        self._gathered.add("reservations_insert", values)

    def change_reservations(self, rows: Sequence[ReservationRow]) -> None:
        """Write the parts of reservations anew."""
        self._ask.send(
            "reservations_change", Texts(row.id for row in rows),
            Texts(encode_as_is(row.parts).decode() for row in rows),
        )  # fmt: skip

    def delete_reservations(self, ids: Sequence[str]) -> None:
        """Delete reservations."""
        self._ask.send("reservations_delete", Texts(ids))

    def take_reservation(self, id: str) -> ReservationRow | None:
        """Delete a reservation and return it; None where it is not there."""
        row = self._ask.one("reservation_take", id)
        return None if row is None else _reservation(row)

    def escrows_held(self, budget: str) -> Amounts:
        """Return what escrows hold of a budget, together."""
        row = self._ask.one("escrows_held", budget)
        assert row is not None  # it is a sum
        return row[0], row[1], row[2]

    def in_flight(self, budget: str, without: Collection[str]) -> tuple[int, int, int]:
        """Return what is set aside in a budget and may come back by itself."""
        values = {"budget": budget, "without": Texts(without)}
        row = self._ask.named("reservations_in_flight", values).fetchone()
        assert row is not None  # it is a sum
        return row[0], row[1], row[2]

    def insert_wait(self, id: str, run: int, epoch: int, holds: Sequence[str]) -> None:
        """Write down that a call waits for room that holds these reservations."""
        self._ask.send("budget_wait_insert", id, run, epoch, Texts(holds))

    def delete_wait(self, id: str) -> None:
        """Forget a wait."""
        self._ask.send("budget_wait_delete", id)

    def _locked(self, ids: Collection[str]) -> dict[str, _Budget | None]:
        """Return budgets as they stand, which nobody else changes before the commit."""
        budgets = self._budgets
        if any(each not in budgets for each in ids):
            wanted = sorted({*ids, *self._named} - budgets.keys())
            self._named = ()
            found = self._ask.all("budgets_lock", Texts(wanted))
            budgets.update(dict.fromkeys(wanted))
            budgets.update({row[0]: _budget(row) for row in found})
        return budgets

    def _change(self, budget: _Budget | None, change: BudgetChange) -> bool:
        made = budget is not None and budget.change(change)
        if made:
            self._changed[change.id] = None
        return made

    def _row(self, id: str) -> Sequence[object]:
        found = self._budgets[id]
        assert found is not None  # it was changed
        return found.row(id)


def _budget(row: Row) -> _Budget:
    return _Budget(list(row[1:4]), list(row[4:7]), list(row[7:10]), row[10], list(row[11:14]))


def _amount(parts: Sequence[int]) -> Amount:
    usd, tokens, calls = parts
    return Amount(usd=usd, tokens=tokens, calls=calls)


def _reservation(row: Row) -> ReservationRow:
    return ReservationRow(row[0], row[1], [tuple(part) for part in decode(row[2].encode())], row[3])
