"""Commits that fail because of one operation."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import run_sync
from podium.errors import StoreUnavailable, Unwritable
from podium.services.isolation import commit_apart
from podium.store.asking import Expire
from podium.store.operations import Committed, CommitVerdict, Operation, Placed, Write

RUNS = st.integers(0, 4)


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[Operation], set[int]]:
    """Return operations of runs and of others, and which of them cannot be stored."""
    runs = draw(st.lists(st.none() | RUNS, max_size=30))
    bad = draw(st.sets(st.integers(0, max(0, len(runs) - 1)))) if runs else set[int]()
    return [Expire(f"q{n}") if run is None else Write(run, n) for n, run in enumerate(runs)], bad


class Log:
    """Commits whole or not at all, as a store does."""

    def __init__(self, bad: set[int], fails_at: int | None = None) -> None:
        self.bad = bad
        self.fails_at = fails_at
        self.done: list[int] = []
        self.commits = 0

    async def commit(self, operations: Sequence[Operation]) -> Committed:
        self.commits += 1
        if self.commits == self.fails_at:
            raise StoreUnavailable("the disk is full")
        places = [place(each) for each in operations]
        if any(each in self.bad for each in places):
            raise Unwritable("no")
        self.done += places
        committed = Committed([CommitVerdict.OK] * len(places))
        committed.placed += [Placed(each, 0) for each in places]
        return committed


def place(operation: Operation) -> int:
    assert isinstance(operation, Write | Expire)
    return operation.epoch if isinstance(operation, Write) else int(operation.question[1:])


@given(batches())
def test_everything_is_carried_out_in_order_but_what_cannot_be_stored_and_what_its_run_wants_after_it(
    batch: tuple[list[Operation], set[int]],
) -> None:
    operations, bad = batch
    log = Log(bad)
    answers, committed = run_sync(commit_apart(log.commit, operations))
    refused, wanted = set[int](), list[int]()
    for n, operation in enumerate(operations):
        run = operation.run if isinstance(operation, Write) else None
        if n in bad or run in refused:
            assert isinstance(answers[n], Unwritable)
            if run is not None:
                refused.add(run)
        else:
            assert answers[n] is CommitVerdict.OK
            wanted.append(n)
    assert log.done == wanted
    assert [each.n for each in committed.placed] == wanted


@given(batches(), st.integers(1, 12))
def test_where_the_store_fails_on_the_way_each_is_told_what_really_became_of_it(
    batch: tuple[list[Operation], set[int]], fails_at: int
) -> None:
    operations, bad = batch
    log = Log(bad, fails_at)
    answers, _ = run_sync(commit_apart(log.commit, operations))
    assert len(answers) == len(operations)
    assert [n for n, answer in enumerate(answers) if answer is CommitVerdict.OK] == log.done


@pytest.mark.parametrize("n", [1, 2, 100, 1_000])
def test_one_bad_operation_of_many_costs_few_commits(n: int) -> None:
    log = Log({n // 2})
    run_sync(commit_apart(log.commit, [Expire(f"q{each}") for each in range(n)]))
    assert log.commits <= 2 * n.bit_length() + 1
