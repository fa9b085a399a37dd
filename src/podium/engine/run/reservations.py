"""What a run may spend: set aside before, settled afterwards, and counted as spent where nobody can tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from podium.engine.run.active_run import ActiveRun
from podium.engine.run.progress import approved
from podium.errors import Evicted, StoreError
from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState, Reservation, nano
from podium.model.facts.money import AmountReserved, settled
from podium.model.question import PersonAnswer
from podium.model.rule_names import budget_in
from podium.services.isolation import CommitAnswer
from podium.store.inserting import NewFact
from podium.store.operations import Committed, CommitVerdict, Effect, RaiseBudget, Reserve, Settle

_NOTHING = Amount()
_LOOKS = 5
"""So often what would have room but for escrows is tried again: those of a process that is dead do not come back."""


async def reserve(
    active: ActiveRun, key: str, amount: Amount, lines: Sequence[BudgetLine], *, id: str | None = None
) -> Reservation | BudgetState:
    """Set an amount aside, in the store or covered by an escrow there; or the budget that has no room for it."""
    if id is None and (drawn := active.escrows.draw(key, amount, lines)) is not None:
        return drawn
    tries = 0
    while True:
        found, recallable = await _set_aside(active, key, amount, lines, id)
        tries += 1
        if isinstance(found, Reservation):
            return found
        if not recallable or tries > _LOOKS:
            if active.trace is not None:
                active.trace.refused(key, amount, found.id)
            return found
        recalls = active.runtime.recalls
        if not recalls.give_back(found.id):
            await recalls.looked()


async def _set_aside(
    active: ActiveRun, key: str, amount: Amount, lines: Sequence[BudgetLine], share: str | None
) -> tuple[Reservation | BudgetState, bool]:
    """Set an amount aside with a commit that is waited for; or return who has no room, and whether escrows take it."""
    name = share or active.runtime.ids.new("b")
    answer: asyncio.Future[tuple[CommitVerdict, Committed]] = asyncio.get_running_loop().create_future()
    at = active.journal.count_fact()
    reservation = Reservation(name, amount, at)

    def on_verdict(verdict: CommitAnswer, committed: Committed) -> None:
        if not answer.done():
            if isinstance(verdict, StoreError):
                answer.set_exception(verdict)
            else:
                answer.set_result((verdict, committed))
        elif verdict is CommitVerdict.OK and not active.closed:
            settle(active, key, reservation, _NOTHING)  # whoever wanted it was cancelled meanwhile: nothing was spent

    fact = reserved(name, key, amount, lines, at)
    wanted = Reserve(run=active.n, epoch=active.run.epoch, id=name, lines=lines, amount=amount, fact=fact)
    active.journal.reserve(wanted, on_verdict)
    if share is None:
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
            return reservation, False
        case CommitVerdict.SCARCE:
            return committed.scarce[name], name in committed.recallable
        case _:
            raise Evicted


def _follow(active: ActiveRun, verdict: CommitVerdict, fact: NewFact) -> None:
    """Have the observer told of what is set aside; a share of a child run that was set aside before was told then."""
    if active.trace is not None and verdict is CommitVerdict.OK:
        active.trace.committed([fact])


def settle(
    active: ActiveRun, key: str, reservation: Reservation, spent: Amount, *, doubt: int = 0, untold: int | None = None
) -> None:
    """Record what was spent of what was set aside; a run that is no longer ours is settled by whoever has it.

    `doubt` and `untold` are as `RuleSteps.settle` says.
    """
    if active.closed or active.escrows.settle(reservation, spent, in_doubt=bool(doubt)):
        return
    if doubt:
        said = settled(reservation.id, spent, in_doubt=True, doubt=doubt, untold=doubt if untold is None else untold)
    else:
        said = settled(reservation.id, spent)
    active.journal.append(said, key, effects=[Settle(reservation.id, spent, doubt=doubt)])


def reserved(id: str, key: str, amount: Amount, lines: Sequence[BudgetLine], at: float) -> NewFact:
    """Return the fact that says that an amount is set aside."""
    budgets = tuple(line.id for line in lines)
    said = AmountReserved(reservation=id, usd=amount.usd, tokens=amount.tokens, calls=amount.calls, budgets=budgets)
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


def raised_by(rule: str, answers: Sequence[PersonAnswer]) -> list[Effect]:
    """Return what an answer to a budget's question changes: its limits, by what the person added."""
    budget = budget_in(rule)
    if budget is None or not approved(answers):
        return []
    said = answers[0].value
    by = Amount(usd=nano(said.get("usd", 0)), tokens=said.get("tokens", 0), calls=said.get("calls", 0))
    return [RaiseBudget(budget, by)]
