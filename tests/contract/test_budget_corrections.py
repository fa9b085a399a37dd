"""What an operator gives back: no more than is in doubt, once for a record, and not out of what is a child's still."""

from dataclasses import replace

from podium.model.budget import Amount, BudgetLimits, BudgetLine, BudgetState
from podium.model.fact import FactKind
from podium.store.corrections import BudgetCorrection, CorrectBudgets
from podium.store.operations import CommitVerdict, Reserve, Settle
from podium.store.protocol import BudgetQuery
from podium.store.sqlite.store import SqliteStore
from podium.testing.contracts.hand import Hand, fact, new_run

DAY = BudgetLine(id="day", limits=BudgetLimits(usd=100), configured=True)
CALLS = BudgetLine(id="agent:a", limits=BudgetLimits(calls=100), configured=True)


def correcting(id: str, *parts: BudgetCorrection) -> CorrectBudgets:
    return CorrectBudgets(parts=parts, record=replace(new_run(id), facts=[fact(FactKind.ENDED)]))


def reserved(hand: Hand, run: int, id: str, usd: int) -> None:
    wanted = Reserve(
        run=run, epoch=1, id=id, lines=[DAY, CALLS], amount=Amount(usd=usd, calls=1), fact=fact(FactKind.RESERVED)
    )
    assert hand.verdict(wanted) is CommitVerdict.OK


def state(hand: Hand, budget: str = "day") -> BudgetState:
    [found] = hand.told(hand.store.budgets(BudgetQuery(prefix=budget))).items
    return found


def booked(hand: Hand, budget: str = "day") -> tuple[int, int]:
    return state(hand, budget).spent.usd, state(hand, budget).in_doubt


def test_no_more_is_given_back_than_is_in_doubt_and_that_once_for_a_record() -> None:
    hand = Hand(SqliteStore(":memory:"))
    run = hand.start(new_run("r"))
    reserved(hand, run, "a", 50)
    hand.write(run, fact(FactKind.SETTLED), effects=[Settle("a", Amount(usd=50, calls=1), doubt=30)])
    assert booked(hand) == (50, 30)
    part = BudgetCorrection(budget="day", usd=20)
    assert hand.verdict(correcting("c0", part)) is CommitVerdict.OK
    assert booked(hand) == (30, 10)
    assert hand.verdict(correcting("c0", part)) is CommitVerdict.DUPLICATE
    assert booked(hand) == (30, 10)
    assert hand.verdict(correcting("c1", part)) is CommitVerdict.OK
    assert booked(hand) == (20, 0)
    hand.close()


def test_what_bounds_no_dollars_has_none_to_give_back() -> None:
    hand = Hand(SqliteStore(":memory:"))
    run = hand.start(new_run("r"))
    reserved(hand, run, "a", 50)
    hand.write(run, fact(FactKind.SETTLED), effects=[Settle("a", None, in_doubt=True)])
    gone = BudgetCorrection(budget="run:pruned", usd=50)
    parts = (BudgetCorrection(budget="agent:a", usd=50), gone, BudgetCorrection(budget="day", usd=50))
    assert hand.verdict(correcting("c", *parts)) is CommitVerdict.OK
    assert (booked(hand), booked(hand, "agent:a")) == ((0, 0), (0, 0))
    assert state(hand, "agent:a").spent == Amount(calls=1)
    hand.close()


def test_what_is_the_share_of_a_child_still_is_not_given_back_above_it() -> None:
    hand = Hand(SqliteStore(":memory:"))
    run = hand.start(new_run("r"))
    reserved(hand, run, "a", 30)
    hand.write(run, fact(FactKind.SETTLED), effects=[Settle("a", None, in_doubt=True)])
    reserved(hand, run, "share:r.0", 40)
    assert (
        hand.verdict(correcting("c0", BudgetCorrection(budget="day", usd=20, shares=["share:r.0"]))) is CommitVerdict.OK
    )
    assert booked(hand) == (30, 30)
    hand.write(run, fact(FactKind.SETTLED), effects=[Settle("share:r.0", Amount(usd=10, calls=1), doubt=10)])
    assert (
        hand.verdict(correcting("c1", BudgetCorrection(budget="day", usd=10, shares=["share:r.0"]))) is CommitVerdict.OK
    )
    assert booked(hand) == (30, 30)
    hand.close()
