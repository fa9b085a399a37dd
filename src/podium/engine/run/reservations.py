"""What a run may spend: set aside before, settled afterwards, and counted as spent where nobody can tell."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask, Cancel
from podium.engine.run.budget_queues import BudgetPlace
from podium.engine.run.progress import approved
from podium.errors import Evicted, StoreError
from podium.model.budget import Amount, BudgetLimits, BudgetLine, Reservation, Scarcity, nano
from podium.model.budget_ids import budget_of_run, run_of_budget
from podium.model.facts.money import AmountReserved, settled
from podium.model.question import PersonAnswer
from podium.model.rule_names import budget_in
from podium.services.isolation import CommitAnswer
from podium.store.inserting import NewFact
from podium.store.operations import Committed, CommitVerdict, Effect, RaiseBudget, Reserve, Settle, StopWaiting

_NOTHING = Amount()
_LOOKS = 5
"""So often what would have room but for escrows is tried again: those of a process that is dead do not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An amount that is to be set aside for a call, a step of it, or a child run."""

    key: str
    amount: Amount
    lines: Sequence[BudgetLine]
    share: str | None = None
    """Its id, if it is the share of a child run."""
    behind: Sequence[str] = ()
    """What is set aside for those inside which it is wanted: it comes back only after this has its answer."""
    until: float | None = None
    """When it is of no use any more."""
    by: str = ""
    """For whom, where that is not the agent of the call that was asked first."""


async def reserve(
    active: ActiveRun, branch: BranchTask, wish: Wish, held: Callable[[], Awaitable[None]] | None = None
) -> Reservation | Scarcity:
    """Set an amount aside, in the store or covered by an escrow there; or say which budget has no room for it.

    What has no room only because of what is in flight waits for that, up to a time. `held` waits, as one that has
    nothing under way, until the run is let go, as its worker stops.
    """
    if wish.share is None and (drawn := active.escrows.draw(wish.key, wish.amount, wish.lines, wish.by)) is not None:
        return drawn
    trying = _Trying(active, branch, wish, held or active.gate.held_back)
    try:
        found = await trying.found()
    finally:
        trying.end()
    if isinstance(found, Scarcity) and active.trace is not None:
        active.trace.refused(wish.key, wish.amount, found.state.id)
    return found


class _Trying:
    """Tries to set an amount aside until it is, or until it is settled that there is no room for it."""

    __slots__ = ("_active", "_branch", "_held", "_looks", "_name", "_place", "_queues", "_waits", "_wish")

    def __init__(self, active: ActiveRun, branch: BranchTask, wish: Wish, held: Callable[[], Awaitable[None]]) -> None:
        self._active = active
        self._branch = branch
        self._wish = wish
        self._held = held
        self._queues = active.runtime.recalls.queues
        self._name = wish.share or active.runtime.ids.new("b")
        self._place: BudgetPlace | None = None
        self._looks = 0
        self._waits = False
        """Whether the store may have it among those who wait."""

    async def found(self) -> Reservation | Scarcity:
        """Return what came of it."""
        queues = self._queues
        if not self._presses and (crowded := queues.crowded(self._wish.lines)) is not None:
            await self._turn(self._join(crowded), queues.turned)
        while True:
            seen = queues.turned
            last = queues.max_wait <= 0 or (self._place is not None and self._place.late)
            found = await _set_aside(self._active, self._name, self._wish, waits=not last)
            if isinstance(found, Reservation):
                self._waits = False
                return found
            self._waits = found.waits and self._presses
            if found.recallable and self._looks < _LOOKS:
                await self._recall(found.state.id)
            elif not found.waits:
                return found
            else:
                await self._turn(self._join(found.state.id), seen)

    def end(self) -> None:
        """Wait no more."""
        if self._place is not None:
            self._queues.leave(self._place)
        if self._waits and not self._active.closed:
            self._active.journal.act([StopWaiting(self._name)])

    @property
    def _presses(self) -> bool:
        """Whether others may wait for what it holds: those inside whose calls it is, or the share of its run."""
        root = budget_of_run(self._active.run.root)
        own = (line.id for line in self._active.lines if run_of_budget(line.id) is not None)
        return bool(self._wish.behind) or any(each != root for each in own)

    def _join(self, budget: str) -> BudgetPlace:
        if self._place is None:
            self._place = self._queues.join(
                budget, presses=self._presses, until=self._wish.until,
                cancelled=lambda: self._branch.cancel is Cancel.REQUESTED,
            )  # fmt: skip
        self._queues.move(self._place, budget)
        return self._place

    async def _turn(self, place: BudgetPlace, seen: int) -> None:
        if not self._queues.draining:
            await self._queues.turn(place, seen)
        if self._queues.draining:
            await self._held()

    async def _recall(self, budget: str) -> None:
        """Have escrows given back that are in the way."""
        self._looks += 1
        recalls = self._active.runtime.recalls
        if not recalls.give_back(budget):
            await recalls.looked()


async def _set_aside(active: ActiveRun, name: str, wish: Wish, *, waits: bool) -> Reservation | Scarcity:
    """Set an amount aside with a commit that is waited for; or return who has no room, and what is in the way."""
    key, amount, lines = wish.key, wish.amount, wish.lines
    answer: asyncio.Future[tuple[CommitVerdict, Committed]] = asyncio.get_running_loop().create_future()
    at = active.journal.count_fact()
    reservation = Reservation(name, amount, at, tuple(line.id for line in lines))

    def on_verdict(verdict: CommitAnswer, committed: Committed) -> None:
        if not answer.done():
            if isinstance(verdict, StoreError):
                answer.set_exception(verdict)
            else:
                answer.set_result((verdict, committed))
        elif verdict is CommitVerdict.OK and not active.closed:
            settle(active, key, reservation, _NOTHING)  # whoever wanted it was cancelled meanwhile: nothing was spent

    fact = reserved(name, key, amount, lines, at, by=wish.by)
    wanted = Reserve(
        run=active.n, epoch=active.run.epoch, id=name, lines=lines, amount=amount, fact=fact, behind=wish.behind,
        waits=waits,
    )  # fmt: skip
    active.journal.reserve(wanted, on_verdict)
    if wish.share is None:
        active.escrows.ask(key, amount, lines)
    active.journal.hurry()
    try:
        verdict, committed = answer.result() if answer.done() else await answer
    except asyncio.CancelledError:
        if answer.done() and not answer.cancelled() and answer.result()[0] is CommitVerdict.OK:
            settle(active, key, reservation, _NOTHING)  # cancelled between the commit and this line: nothing was spent
        raise
    match verdict:
        case CommitVerdict.OK | CommitVerdict.DUPLICATE:
            _follow(active, verdict, fact)
            return reservation
        case CommitVerdict.SCARCE:
            return Scarcity(
                committed.scarce[name], coming=committed.coming.get(name, _NOTHING),
                recallable=name in committed.recallable, waits=name in committed.waiting,
            )  # fmt: skip
        case _:
            raise Evicted


def _follow(active: ActiveRun, verdict: CommitVerdict, fact: NewFact) -> None:
    """Have the observer told of what is set aside; a share of a child run that was set aside before was told then."""
    if active.trace is not None and verdict is CommitVerdict.OK:
        active.trace.committed([fact])


def settle(
    active: ActiveRun,
    key: str,
    reservation: Reservation,
    spent: Amount,
    *,
    doubt: int = 0,
    untold: int | None = None,
    by: str = "",
) -> None:
    """Record what was spent of what was set aside; a run that is no longer ours is settled by whoever has it.

    `doubt` and `untold` are as `RuleSteps.settle` says; `by` says who spent it, as that of a fact.
    """
    if active.closed or active.escrows.settle(reservation, spent, in_doubt=bool(doubt)):
        return
    if doubt:
        untold = doubt if untold is None else untold
        said = settled(reservation.id, spent, in_doubt=True, doubt=doubt, untold=untold, by=by)
    else:
        said = settled(reservation.id, spent)
    active.journal.append(said, key, effects=[Settle(reservation.id, spent, doubt=doubt)])
    active.runtime.recalls.queues.changed(reservation.budgets)


def reserved(id: str, key: str, amount: Amount, lines: Sequence[BudgetLine], at: float, *, by: str = "") -> NewFact:
    """Return the fact that says that an amount is set aside."""
    budgets = tuple(line.id for line in lines)
    said = AmountReserved(
        reservation=id, usd=amount.usd, tokens=amount.tokens, calls=amount.calls, budgets=budgets, by=by
    )
    return NewFact.saying(said, key, at)


def share_of(limits: BudgetLimits, spent: Amount = _NOTHING) -> Amount:
    """Return what has to be set aside for a budget that is carved out of another, less what is spent of it already."""
    return Amount(
        usd=max(0, (limits.usd or 0) - spent.usd), tokens=max(0, (limits.tokens or 0) - spent.tokens),
        calls=max(0, (limits.calls or 0) - spent.calls),
    )  # fmt: skip


def carved_from(lines: Sequence[BudgetLine], share: BudgetLimits) -> list[BudgetLine]:
    """Return the budgets that a share has to be set aside in."""
    masked = [replace(line, limits=line.limits.also_in(share)) for line in lines]
    return [line for line in masked if line.limits]


def raised_by(rule: str, answers: Sequence[PersonAnswer], question: str) -> list[Effect]:
    """Return what an answer to a budget's question changes: its limits, by what the person added."""
    budget = budget_in(rule)
    if budget is None or not approved(answers):
        return []
    said = answers[0].value
    by = Amount(usd=nano(said.get("usd", 0)), tokens=said.get("tokens", 0), calls=said.get("calls", 0))
    return [RaiseBudget(budget, by, question)]
