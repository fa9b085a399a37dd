"""The budgets and reservations that a transaction changes, in the order of its operations, asked in sets."""

from collections.abc import Collection, Sequence

from podium.errors import InvalidValue
from podium.model.budget import BudgetLimits, BudgetState
from podium.store.journaling.transaction import Amounts, BudgetChange, ReservationRow, Transaction

NOTHING: Amounts = (0, 0, 0)


class Books:
    """Changes budgets and reservations; what can wait is done together, before something is asked or at the end."""

    __slots__ = (
        "_changes", "_draws", "_gone", "_grown", "_last", "_new", "_of_run", "_reservations", "_transaction",
        "drawn_on",
    )  # fmt: skip

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._changes: list[BudgetChange] = []
        self._last: dict[str, int] = {}
        """The places of those changes that one more of the same budget is added to."""
        self._draws: list[tuple[str, int, int]] = []
        """The escrows that cover changes, from one place in the list to another."""
        self.drawn_on: set[str] = set()
        """The escrows that something was taken out of."""
        self._reservations: dict[str, ReservationRow | None] = {}
        self._new: dict[str, None] = {}
        self._grown: dict[str, None] = {}
        """The reservations that the store has with other parts."""
        self._gone: list[str] = []
        self._of_run: dict[int, dict[str, None]] = {}
        """The reservations of runs, as far as all of them are known."""

    # Budgets

    def open(self, budget: str, limits: BudgetLimits) -> None:
        """Make a budget, or give it other limits."""
        self.change_waiting()
        self._transaction.open_budget(budget, (limits.usd, limits.tokens, limits.calls))

    def close(self, state: BudgetState) -> None:
        """Leave no more in a budget than was spent of it; what it does not bound stays so."""
        self.change_waiting()
        limits, spent = state.limits, state.spent
        usd, tokens = None if limits.usd is None else spent.usd, None if limits.tokens is None else spent.tokens
        self._transaction.open_budget(state.id, (usd, tokens, None if limits.calls is None else spent.calls))

    def raise_limits(self, budget: str, by: Amounts) -> None:
        """Add to a budget's limits."""
        self.change_waiting()
        self._transaction.raise_budget(budget, by)

    def takes_raise(self, question: str) -> bool:
        """Whether the answer to a question raises its budget now: once, whoever takes it of those that share it."""
        return self._transaction.take_raise(question)

    def change(self, budget: str, reserved: Amounts, spent: Amounts, *, in_doubt: int = 0) -> None:
        """Add to what is reserved and spent of a budget, whatever it has left."""
        place = self._last.get(budget)
        if place is None:
            self._last[budget] = len(self._changes)
            self._changes.append(BudgetChange(budget, reserved, spent, in_doubt, 0))
            return
        _, (a, b, c), (d, e, f), doubt, _ = self._changes[place]
        reserved = a + reserved[0], b + reserved[1], c + reserved[2]
        spent = d + spent[0], e + spent[1], f + spent[2]
        self._changes[place] = BudgetChange(budget, reserved, spent, doubt + in_doubt, 0)

    def draw(self, escrow: str, changes: Sequence[BudgetChange]) -> None:
        """Make those changes for which there is room; what there is none for is taken out of an escrow then."""
        self._last.clear()
        start = len(self._changes)
        self._changes += changes
        self._draws.append((escrow, start, len(self._changes)))

    def reserve(self, changes: Sequence[BudgetChange]) -> int:
        """Make changes up to the first for which there is no room; returns how many were made."""
        self.change_waiting()
        return self._transaction.reserve_budgets(changes)

    def state(self, budget: str) -> BudgetState | None:
        """Return how a budget stands; None where it is not there."""
        self.change_waiting()
        return self._transaction.budget(budget)

    def want(self, budget: str, amounts: Amounts) -> None:
        """Note that so much was refused, and would have had room but for escrows."""
        self._transaction.want_budget(budget, amounts)

    def change_waiting(self) -> None:
        """Make the changes that wait; what is taken out of escrows for want of room adds others."""
        while self._changes:
            self._last.clear()
            changes, draws, self._changes, self._draws = self._changes, self._draws, [], []
            done = self._transaction.change_budgets(changes)
            for escrow, start, end in draws:
                if not all(done[start:end]):
                    self._take_out(escrow, [changes[place] for place in range(start, end) if not done[place]])

    def _take_out(self, escrow: str, short: Sequence[BudgetChange]) -> None:
        """Take out of an escrow what the room beside it is too small for."""
        self.drawn_on.add(escrow)
        held = self.reservation(escrow)
        left = {} if held is None else {part[0]: part for part in held.parts}
        for budget, reserved, spent, in_doubt, _ in short:
            usd, tokens, calls = left[budget][1:] if budget in left else NOTHING
            due = spent if reserved == NOTHING else reserved
            taken = min(usd or 0, due[0]), min(tokens or 0, due[1]), min(calls or 0, due[2])
            if budget in left:
                left[budget] = (
                    budget, None if usd is None else usd - taken[0], None if tokens is None else tokens - taken[1],
                    None if calls is None else calls - taken[2],
                )  # fmt: skip
            more = reserved[0] - taken[0], reserved[1] - taken[1], reserved[2] - taken[2]
            self.change(budget, more, spent, in_doubt=in_doubt)
        if held is not None:
            self.replace(held._replace(parts=list(left.values())))

    # Reservations

    def load(self, reservations: Collection[str], runs: Collection[int]) -> None:
        """Learn of reservations: of these, and of all that runs have."""
        found: list[ReservationRow] = []
        if runs:
            self._of_run.update({run: {} for run in runs})
            found.extend(self._transaction.reservations_of(runs))
        if reservations:
            self._reservations.update(dict.fromkeys(reservations))
            found.extend(self._transaction.reservations(reservations))
        for row in found:
            self._reservations[row.id] = row
            if row.run in self._of_run:
                self._of_run[row.run][row.id] = None

    def reservation(self, id: str) -> ReservationRow | None:
        """Return a reservation; None where there is none."""
        if self._draws:
            self.change_waiting()  # what is drawn may be taken out of it
        if id not in self._reservations:
            self.load([id], ())
        return self._reservations[id]

    def reservations_of(self, run: int) -> list[str]:
        """Return the ids of the reservations of a run."""
        if run not in self._of_run:
            self._write_reservations()
            self.load((), [run])
        return list(self._of_run[run])

    def escrows_held(self, budget: str) -> Amounts:
        """Return what escrows hold of a budget."""
        self._write_reservations()
        return self._transaction.escrows_held(budget)

    def in_flight(self, budget: str, without: Collection[str]) -> Amounts:
        """Return what is set aside in a budget, beside these reservations and escrows, and may come back."""
        self._write_reservations()
        return self._transaction.in_flight(budget, without)

    def add(self, row: ReservationRow) -> None:
        """Add a reservation."""
        if self._reservations.get(row.id) is not None:
            raise InvalidValue(f"{row.id!r} is set aside already; expected an id that is new")
        self._reservations[row.id] = row
        self._new[row.id] = None
        if row.run in self._of_run:
            self._of_run[row.run][row.id] = None

    def replace(self, row: ReservationRow) -> None:
        """Change the parts of a reservation."""
        self._reservations[row.id] = row
        if row.id not in self._new:
            self._grown[row.id] = None

    def take(self, id: str) -> ReservationRow | None:
        """Take a reservation away and return it; None where there is none."""
        if self._draws:
            self.change_waiting()  # what is drawn may be taken out of it
        if id not in self._reservations:
            self._reservations[id] = None
            return self._transaction.take_reservation(id)
        row = self._reservations[id]
        if row is not None:
            self._reservations[id] = None
            if id in self._new:
                del self._new[id]
            else:
                self._grown.pop(id, None)
                self._gone.append(id)
            self._of_run.get(row.run, {}).pop(id, None)
        return row

    # Writing

    def write(self) -> None:
        """Write what waits."""
        self.change_waiting()
        self._write_reservations()

    def _write_reservations(self) -> None:
        if self._gone:
            self._transaction.delete_reservations(self._gone)
            self._gone = []
        if self._grown:
            self._transaction.change_reservations([self._held(each) for each in self._grown])
            self._grown = {}
        if self._new:
            self._transaction.insert_reservations([self._held(each) for each in self._new])
            self._new = {}

    def _held(self, id: str) -> ReservationRow:
        row = self._reservations[id]
        assert row is not None  # it was added or changed, and not taken away since
        return row
