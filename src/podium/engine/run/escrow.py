"""What a run that spends fast sets aside ahead: what it begins then need not wait for a commit of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from podium.engine.run.run_journal import RunJournal
from podium.engine.run.runtime import Runtime
from podium.model.budget import Amount, BudgetLine, Reservation
from podium.model.empty import empty
from podium.model.facts.content import template
from podium.model.facts.money import AmountReserved, settled
from podium.model.run import Run
from podium.secrets.masking import MASKING
from podium.services.group_commit import CommitBatch
from podium.services.isolation import CommitAnswer
from podium.store.inserting import NewFact
from podium.store.operations import Committed, CommitVerdict, Draw, Reserve, Settle

if TYPE_CHECKING:
    from podium.telemetry.run_trace import RunTrace

_COVERS = 4
"""So many requests of the size of the last one an escrow covers: a crash counts it as spent."""
_QUICK_SECONDS = 0.01
"""What takes longer is not held up by a commit, and needs no escrow."""
_NOTHING = Amount()


_BLANK = "?"
"""Stands for the id of a reservation, with which facts about it begin."""


class _Wording:
    """What facts say of equal amounts in the same budgets, one after the other: only the ids of reservations differ."""

    __slots__ = ("amount", "by", "reserved", "settled")

    def __init__(self, amount: Amount, budgets: tuple[str, ...], by: str) -> None:
        self.amount = amount
        self.by = by
        self.reserved = template(_reserved(_BLANK, amount, budgets, by=by), _BLANK)
        self.settled = template(settled(_BLANK, amount, budgets=budgets), _BLANK)


@dataclass(slots=True)
class Escrow:
    """An amount that is set aside in some budgets, and covers what is drawn on it until that is committed."""

    id: str
    key: str
    amount: Amount
    open: list[tuple[CommitBatch, Amount]] = field(default_factory=empty(list[tuple[CommitBatch, Amount]]))
    """What was drawn, and the commit it goes with."""
    drawn: int = 0
    """So often it was drawn on."""
    seen: int = -1
    """How often that was when somebody looked."""
    wording: _Wording | None = None
    """What was said of the last amount drawn on it."""

    def said_of(self, amount: Amount, budgets: tuple[str, ...], by: str) -> _Wording:
        """Return what facts say of an amount that is drawn on it; masked anew while there is something to mask."""
        known = self.wording
        other = known is None or known.by != by or (known.amount is not amount and known.amount != amount)
        if known is None or other or MASKING.active:
            known = self.wording = _Wording(amount, budgets, by)
        return known

    def covers(self, amount: Amount) -> bool:
        """Whether there is so much left of it."""
        if self.open and self.open[-1][0].done:  # commits end in order
            self.open.clear()
        for batch, drawn in self.open:
            if not batch.done:
                amount += drawn
        return amount.within(self.amount)


class _Drawn(NamedTuple):
    """A reservation that was drawn on an escrow, and is perhaps not committed yet."""

    effect: Draw
    escrow: Escrow
    budgets: tuple[str, ...]
    fact: NewFact
    batch: CommitBatch
    by: str


class Escrows:
    """The escrows of one run, each by the budgets it is held in."""

    def __init__(self, n: int, run: Run, runtime: Runtime, journal: RunJournal, trace: "RunTrace | None") -> None:
        self._trace = trace
        self._n = n
        self._run = run
        self._runtime = runtime
        self._journal = journal
        self._held: dict[tuple[str, ...], Escrow] = {}
        self._asked: dict[tuple[str, ...], Escrow] = {}
        """Those that the next commit sets aside, if there is room for them."""
        self._drawn: dict[str, _Drawn] = {}
        self._quick = False
        """Whether what was last settled had been set aside just before."""

    def draw(self, key: str, amount: Amount, lines: Sequence[BudgetLine], by: str = "") -> Reservation | None:
        """Set an amount aside that an escrow covers, with this loop turn's commit; None where none does."""
        if not self._held:
            return None
        budgets = _budgets(lines)
        escrow = self._held.get(budgets)
        if escrow is None or not escrow.covers(amount):
            return None
        escrow.drawn += 1
        effect = Draw(id=f"{escrow.id}.{escrow.drawn}", escrow=escrow.id, lines=lines, amount=amount)
        said = escrow.said_of(amount, budgets, by).reserved.saying(effect.id)
        at = self._journal.append(said, key, effects=[effect])
        batch = self._runtime.commits.batch
        escrow.open.append((batch, amount))
        self._drawn[effect.id] = _Drawn(effect, escrow, budgets, self._journal.newest, batch, by)
        return Reservation(effect.id, amount, at)

    def settle(self, reservation: Reservation, spent: Amount, *, in_doubt: bool = False) -> bool:
        """Note what a drawn reservation came to in the fact that says it was set aside; False if that is on its way.

        What is in doubt is said by a fact of its own.
        """
        self._learn(quick=self._runtime.clock.now() - reservation.at <= _QUICK_SECONDS)
        drawn = self._drawn.pop(reservation.id, None)
        if in_doubt or drawn is None or drawn.batch is not self._runtime.commits.batch:
            return False
        said = drawn.escrow.said_of(spent, drawn.budgets, drawn.by).settled.saying(reservation.id)
        drawn.effect.spent, drawn.fact.kind, drawn.fact.body = spent, said.fact_kind, said.encoded
        return True

    def ask(self, key: str, amount: Amount, lines: Sequence[BudgetLine]) -> None:
        """Have an escrow set aside with the next commit, where it would have saved the one that is waited for now."""
        budgets = _budgets(lines)
        if not self._quick or budgets in self._asked:
            return
        held, more = self._held.get(budgets), amount.times(_COVERS)
        if held is not None:
            if more.within(held.amount):
                return
            more = more.at_least(held.amount)
        escrow = self._asked[budgets] = Escrow(self._runtime.ids.new("b"), key, more)

        def on_verdict(verdict: CommitAnswer, _: Committed) -> None:
            asked = self._asked.get(budgets) is escrow
            if asked:
                del self._asked[budgets]
            if verdict is CommitVerdict.OK and self._trace is not None:
                self._trace.committed([fact])
            if verdict is not CommitVerdict.OK or self._journal.closed:
                return
            if not asked:
                self._return(escrow)
                return
            if (before := self._held.get(budgets)) is not None:
                self._return(before)
            self._held[budgets] = escrow
            self._runtime.recalls.holders.add(self)

        said = _reserved(escrow.id, more, budgets, escrow=True)
        fact = NewFact.saying(said, key, self._journal.count_fact())
        wanted = Reserve(
            run=self._n, epoch=self._run.epoch, id=escrow.id, lines=lines, amount=more, fact=fact, escrow=True
        )
        self._journal.reserve(wanted, on_verdict)

    def retire(self, escrows: set[str]) -> None:
        """Give back what is left of escrows that something was taken out of: their budgets come to an end."""
        for budgets in [budgets for budgets, escrow in self._held.items() if escrow.id in escrows]:
            self._return(self._held.pop(budgets))

    def give_back(self, budget: str | None = None) -> bool:
        """Give back the escrows in a budget, or all; returns whether there are any."""
        given = False
        for where in (self._held, self._asked):
            for budgets in [budgets for budgets in where if budget is None or budget in budgets]:
                self._return(where.pop(budgets))
                given = True
        return given

    def look(self) -> bool:
        """Give back the escrows that were not used since the last look; returns whether there are others."""
        for budgets, escrow in list(self._held.items()):
            if escrow.seen == escrow.drawn:
                self._return(self._held.pop(budgets))
            escrow.seen = escrow.drawn
        return bool(self._held)

    def _learn(self, *, quick: bool) -> None:
        self._quick = quick
        if not quick and self._held:
            self.give_back()

    def _return(self, escrow: Escrow) -> None:
        if not self._journal.closed:
            effects = [Settle(escrow.id, _NOTHING)]
            self._journal.append(settled(escrow.id, _NOTHING), escrow.key, effects=effects, last=True)


def _reserved(
    id: str, amount: Amount, budgets: tuple[str, ...], *, escrow: bool = False, by: str = ""
) -> AmountReserved:
    return AmountReserved(
        reservation=id,
        usd=amount.usd,
        tokens=amount.tokens,
        calls=amount.calls,
        budgets=budgets,
        escrow=escrow,
        by=by,
    )


def _budgets(lines: Sequence[BudgetLine]) -> tuple[str, ...]:
    return tuple([line.id for line in lines])
