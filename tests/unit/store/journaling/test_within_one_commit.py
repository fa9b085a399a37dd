"""What operations of one commit make of each other, whatever may wait until its end."""

from podium.model.audit import Pruning
from podium.model.budget import Amount, BudgetLimits, BudgetLine
from podium.model.fact import FactKind
from podium.model.run import RunState, Signal
from podium.store.journaling.appending import Salts
from podium.store.operations import (
    Committed,
    CommitVerdict,
    Draw,
    FinishRun,
    HandBack,
    OpenBudget,
    Operation,
    Park,
    Prune,
    Redact,
    Reserve,
    Send,
    Settle,
    Start,
    TakeSignal,
    Write,
)
from podium.testing.contracts.hand import fact, new_run
from tests.unit.store.journaling.dicts import DictBackend

OK, STALE, AWAKE, ENDED = CommitVerdict.OK, CommitVerdict.STALE, CommitVerdict.AWAKE, CommitVerdict.ENDED
DAY = BudgetLine(id="day", limits=BudgetLimits(usd=100))
OPENED = Reserve(
    run=1, epoch=1, id="carved", lines=[], amount=Amount(), fact=fact(), opens=OpenBudget("day", DAY.limits)
)
END = FinishRun(RunState.DONE, "", 2.0, None)


class Committing:
    """A worker on a store with one run that it drives."""

    def __init__(self) -> None:
        self.backend = DictBackend(Salts())
        self.backend.tables.workers.add("w")
        self.commit(Start(new_run("r"), drive=True))

    def commit(self, *operations: Operation) -> Committed:
        return self.backend.commit("w", operations)

    @property
    def run(self) -> RunState:
        return self.backend.tables.runs[1].state


def signal(id: str = "s") -> Signal:
    return Signal(id, "user", "go", 1, 2.0)


def test_a_run_that_a_signal_came_for_is_not_parked() -> None:
    one = Committing()
    done = one.commit(Send("r", signal()), Write(1, 1, [fact()], [], Park(0, None)))
    assert (done.verdicts, one.run) == ([OK, AWAKE], RunState.RUNNING)
    assert [each.id for each in done.deliveries[1].signals] == ["s"]


def test_a_run_is_parked_once_what_came_was_seen() -> None:
    one = Committing()
    assert one.commit(Send("r", signal()), Write(1, 1, [fact()], [], Park(1, None))).verdicts == [OK, OK]
    assert one.run is RunState.PARKED


def test_a_parked_run_is_woken_once() -> None:
    one = Committing()
    done = one.commit(Write(1, 1, [fact()], [], Park(0, None)), Send("r", signal()), Send("r", signal("other")))
    assert ([each.n for each in done.placed], one.run) == ([1], RunState.READY)


def test_a_signal_that_comes_twice_is_told_apart() -> None:
    one = Committing()
    done = one.commit(Send("r", signal()), Send("r", signal()))
    assert (done.verdicts, one.backend.tables.runs[1].wake) == ([OK, CommitVerdict.DUPLICATE], 1)


def test_a_signal_is_taken_that_came_just_before() -> None:
    one = Committing()
    done = one.commit(Send("r", signal()), Write(1, 1, [fact()], [TakeSignal("s")]))
    assert (done.deliveries[1].wake, done.deliveries[1].signals) == (1, [])


def test_an_ended_run_takes_no_more() -> None:
    one = Committing()
    ended = Write(1, 1, [fact(FactKind.ENDED)], [], END)
    done = one.commit(ended, Send("r", signal()), Write(1, 1, [fact()]), HandBack(1))
    assert done.verdicts == [OK, CommitVerdict.ENDED, STALE, STALE]


def test_a_run_is_handed_back_once_and_not_written_after() -> None:
    one = Committing()
    done = one.commit(HandBack(1), HandBack(1), Write(1, 1, [fact()]), Send("r", signal()))
    assert (done.verdicts, done.deliveries) == ([OK, STALE, STALE, OK], {})


def test_a_stale_write_between_two_good_ones_does_not_break_the_chain() -> None:
    one = Committing()
    done = one.commit(Write(1, 1, [fact()]), Write(1, 0, [fact()]), Write(1, 1, [fact()], [], END))
    assert done.verdicts == [OK, STALE, OK]
    assert one.backend.tables.runs[1].head[0] == len(one.backend.tables.facts) == 3


def test_a_run_is_redacted_in_the_commit_that_ends_it() -> None:
    one = Committing()
    one.commit(Write(1, 1, [fact()]))
    ended = Write(1, 1, [fact(FactKind.ENDED)], [], END)
    redacted = Redact(run="r", epoch=1, left=[(0, b"{}"), (2, b"{}")], reason="", fact=fact(FactKind.REDACTED))
    assert one.commit(ended, redacted).verdicts == [OK, OK]
    assert [each.body for each in one.backend.tables.facts.values()][::2] == [b"{}", b"{}"]
    assert [entry.facts for entry in one.backend.tables.ledger] == [3, 4]


def test_a_signal_that_came_in_the_commit_that_redacts_is_deleted_too() -> None:
    one = Committing()
    redacted = Redact(run="r", epoch=1, left=[(0, b"{}")], reason="", fact=fact(FactKind.REDACTED))
    assert one.commit(Send("r", signal()), Write(1, 1, [fact()], [], END), redacted).verdicts == [OK, OK, OK]
    assert one.backend.tables.signals == {}


def pruning(one: Committing) -> Pruning:
    head = one.backend.tables.runs[1].head
    return Pruning(run="r", facts=head[0], head=head[1], state="done", at=1.0, by="ann", why="old", signature=None)


def test_a_run_that_is_pruned_is_stale_for_who_follows_in_the_same_commit_and_gone_after_it() -> None:
    one = Committing()
    one.commit(Write(1, 1, [fact()], [], END))
    gone = Prune([(1, pruning(one))])
    redacted = Redact(run="r", epoch=1, left=[(0, b"{}")], reason="", fact=fact(FactKind.REDACTED))
    assert one.commit(gone, redacted, gone, Send("r", signal())).verdicts == [OK, STALE, STALE, ENDED]
    tables = one.backend.tables
    assert (tables.runs, tables.facts, [each.run for each in tables.pruned.values()]) == ({}, {}, ["r"])
    assert [(entry.state, entry.facts) for entry in tables.ledger] == [("done", 2), ("pruned", 2)]


def test_a_run_that_was_changed_since_it_was_seen_is_not_pruned() -> None:
    one = Committing()
    one.commit(Write(1, 1, [fact()], [], END))
    seen = pruning(one)
    redacted = Redact(run="r", epoch=1, left=[(0, b"{}")], reason="", fact=fact(FactKind.REDACTED))
    assert one.commit(redacted, Prune([(1, seen)]), Prune([(2, seen)])).verdicts == [OK, STALE, STALE]
    assert one.commit(Prune([(2, pruning(one))])).verdicts == [OK]


def test_the_number_of_a_run_that_was_pruned_is_not_given_again() -> None:
    one = Committing()
    one.commit(Write(1, 1, [fact()], [], END))
    one.commit(Prune([(1, pruning(one))]))
    one.commit(Start(new_run("r"), drive=False))
    assert list(one.backend.tables.runs) == [2]


def test_what_is_drawn_is_out_of_the_escrow_before_this_is_given_back() -> None:
    one = Committing()
    one.commit(OPENED)
    held = Reserve(run=1, epoch=1, id="e", lines=[DAY], amount=Amount(usd=10), fact=fact(), escrow=True)
    rest = Reserve(run=1, epoch=1, id="b", lines=[DAY], amount=Amount(usd=90), fact=fact())
    assert one.commit(held, rest).verdicts == [OK, OK]
    drawn = Draw(id="d", escrow="e", lines=[DAY], amount=Amount(usd=4), spent=Amount(usd=3))
    done = one.commit(Write(1, 1, [fact()], [drawn, Settle("e", None, in_doubt=True)]))
    budget = one.backend.tables.budgets["day"]
    assert (done.drawn_on, budget.spent[0], budget.in_doubt, budget.reserved[0]) == ({"e"}, 10, 7, 90)
