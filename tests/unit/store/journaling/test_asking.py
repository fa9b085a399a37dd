"""How often a store is asked: over a network each question is a way there and back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from podium.model.budget import Amount, BudgetLimits, BudgetLine
from podium.model.fact import FactKind
from podium.model.run import RunState, Signal
from podium.store.inserting import NewRun
from podium.store.journaling.appending import Salts
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.journaling.transaction import Transaction
from podium.store.operations import (
    CommitVerdict,
    Draw,
    FinishRun,
    OpenBudget,
    Operation,
    Reserve,
    Send,
    Settle,
    Spawn,
    Start,
    Tell,
    Write,
)
from podium.testing.contracts.hand import fact, new_run
from tests.unit.store.journaling.dicts import DictTransaction
from tests.unit.store.journaling.tables import Tables

RUNS = 40
DAY = BudgetLine(id="day", limits=BudgetLimits(usd=1_000_000))
OPENED = Reserve(
    run=1, epoch=1, id="carved", lines=[], amount=Amount(), fact=fact(), opens=OpenBudget("day", DAY.limits)
)


class Counting:
    """A transaction that counts what it is asked; what gives nothing back may wait, and is no question."""

    def __init__(self, transaction: Transaction, asked: Counter[str]) -> None:
        self._transaction = transaction
        self._asked = asked

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._transaction, name)

        def counted(*args: Any) -> Any:
            answer = method(*args)
            if answer is not None:
                self._asked[name] += 1
            return answer

        return counted


class Backend:
    """Commits, and counts."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.tables.workers.add("w")

    def commit(self, *operations: Operation) -> Counter[str]:
        asked: Counter[str] = Counter()
        counting: Any = Counting(DictTransaction(self.tables), asked)
        result = CommitTransaction(counting, "w", {}, Salts()).perform(operations)
        assert set(result.verdicts) == {CommitVerdict.OK}
        return asked


def child(n: int) -> NewRun:
    return replace(new_run(f"r.{n}", parent="r"), limits=BudgetLimits(usd=10))


def end(n: int) -> Write:
    return Write(n, 1, [fact(FactKind.ENDED)], [], FinishRun(RunState.DONE, "", 2.0, {"value": 1}))


def signal(n: int) -> Signal:
    return Signal(f"s{n}", "user", "go", 1, 2.0)


GROUPS: dict[str, Callable[[int], Operation]] = {
    "writes": lambda n: Write(n + 2, 1, [fact()], []),
    "large payloads": lambda n: Write(n + 2, 1, [fact(payload=b'"' + bytes([65 + n]) * 40_000 + b'"')], []),
    "starts": lambda n: Start(new_run(f"new{n}"), drive=True),
    "ends": lambda n: end(n + 2),
    "signals": lambda n: Send(f"r.{n}", signal(n)),
    "told": lambda n: Write(n + 2, 1, [fact()], [Tell("r", signal(n))]),
    "spawns": lambda n: Write(n + 2, 1, [fact()], [Spawn(new_run(f"new{n}", parent=f"r.{n}"))]),
    "drawn": lambda n: Write(n + 2, 1, [fact()], [Draw(id=f"d{n}", escrow="e", lines=[DAY], amount=Amount(usd=1))]),
    "settled": lambda n: Write(n + 2, 1, [fact()], [Settle(f"d{n}", Amount(usd=1))]),
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_asks_no_more_than_two(group: str) -> None:
    asked: list[Counter[str]] = []
    for size in (2, RUNS):
        backend = Backend()
        backend.commit(Start(new_run("r"), drive=True))
        backend.commit(OPENED)
        backend.commit(*(Start(child(n), drive=True) for n in range(RUNS)))
        if group == "settled":
            backend.commit(*(GROUPS["drawn"](n) for n in range(RUNS)))
        asked.append(backend.commit(*(GROUPS[group](n) for n in range(size))))
    assert asked[0] == asked[1]
    assert sum(asked[1].values()) <= 10
