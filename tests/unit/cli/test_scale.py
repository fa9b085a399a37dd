"""What is drawn and told of a run costs in proportion to its facts: no list is searched for each of them."""

import gc
import math
import time
from collections.abc import Callable

import pytest

from podium.cli.tree.draw import node_json, plain, render
from podium.cli.tree.facts import as_line, described
from podium.model.fact import Fact, FactKind
from podium.reports.calls.chart import recorded_chart
from podium.reports.calls.tree import tree_of
from tests.unit.cli.facts import Journal, a_run

FEW, MANY = 300, 1_200
ROUNDS = 5
AGAIN = 5
RATIO = 8.0  # 4 where the cost is in proportion, 16 where it goes by the square
LONG = 8_000
SECONDS = 10.0  # for a long run, however busy the machine is; by the square it were minutes


def in_a_row(calls: int) -> list[Fact]:
    journal = Journal()
    for number in range(calls):
        journal.asked(str(number), "work").answered(str(number), usage={"input_tokens": 1, "output_tokens": 1})
    return journal.ended().facts


def side_by_side(calls: int) -> list[Fact]:
    journal = Journal()
    for number in range(calls):
        journal.asked(f"0.{number}.0", "work")
    for number in range(calls):
        journal.answered(f"0.{number}.0")
    return journal.ended().facts


def steps_of_one_call(calls: int) -> list[Fact]:
    journal = Journal().asked("0", "model")
    for number in range(calls):
        key = f"0/1/tool#{number}"
        journal.add(FactKind.INTENT, key, {}).add(FactKind.STEP, key, {"usage": {"input_tokens": 1}})
    return journal.answered("0").ended().facts


def steps_that_are_not_done(calls: int) -> list[Fact]:
    """Every intent of the same step is cleared before the next."""
    journal = Journal().asked("0", "model")
    for _ in range(calls):
        journal.add(FactKind.INTENT, "0/1/tool#0", {}).add(FactKind.INTENT, "0/1/tool#0", {"cleared": True})
    return journal.answered("0").ended().facts


def child_runs(calls: int) -> list[Fact]:
    journal = Journal()
    for number in range(calls):
        journal.add(FactKind.SPAWNED, str(number), {"workflow": "part", "run": f"run_1.{number}"})
    return journal.ended().facts


def workflows_with_a_call_each(calls: int) -> list[Fact]:
    journal = Journal()
    for number in range(calls):
        journal.asked(str(number), "part").asked(f"{number}.0", "work").answered(f"{number}.0").answered(str(number))
    return journal.ended().facts


JOURNALS = (
    in_a_row,
    side_by_side,
    steps_of_one_call,
    steps_that_are_not_done,
    child_runs,
    workflows_with_a_call_each,
)
WAYS: dict[str, Callable[[list[Fact]], object]] = {
    "plain": lambda facts: plain(a_run(), facts),
    "terminal": lambda facts: render(a_run(), facts, width=80),
    "json": lambda facts: node_json(tree_of(facts).root),
    "open": lambda facts: tree_of(facts).open(),
    "chart": lambda facts: recorded_chart(a_run(), facts),
    "facts": lambda facts: [(described(fact), as_line(fact)) for fact in facts],
}


def seconds(way: Callable[[list[Fact]], object], facts: list[Fact]) -> float:
    """Return how much processor time the quickest of some rounds takes, without that of the garbage collector."""
    taken: list[float] = []
    gc.disable()
    try:
        for _ in range(ROUNDS):
            start = time.process_time()
            way(facts)
            taken.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(taken)


@pytest.mark.parametrize(
    "journal",
    [
        pytest.param(each, id=each.__name__, marks=[pytest.mark.system] if n % 2 else [])
        for n, each in enumerate(JOURNALS)
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_four_times_as_many_facts_take_four_times_as_long(way: str, journal: Callable[[int], list[Fact]]) -> None:
    few, many = journal(FEW), journal(MANY)
    quickest = [math.inf, math.inf]
    for _ in range(AGAIN):  # the quickest rounds of a busy machine come late
        quickest = [min(quickest[n], seconds(WAYS[way], facts)) for n, facts in enumerate((few, many))]
        if quickest[1] <= RATIO * quickest[0]:
            return
    raise AssertionError(f"{quickest[1]} s for four times as much as took {quickest[0]} s")


def test_a_long_run_is_drawn_within_seconds() -> None:
    assert seconds(WAYS["plain"], in_a_row(LONG)) <= SECONDS
