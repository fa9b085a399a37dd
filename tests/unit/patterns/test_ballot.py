"""The counting of votes, against a brute-force count of all that could still be voted."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import comb

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podium.patterns.parts.ballot import (
    BallotOutcome,
    BallotRules,
    Count,
    Decided,
    DecisionRule,
    Tied,
    Undecided,
    certainty,
    exact,
    key_of,
)
from tests.examples import examples
from tests.unit.patterns.brute_count import Plain, Vote, brute

KNOWN = ("A", "B", "C")
NEW = ("X", "Y")
"""Options that nobody has voted for yet: two, since votes for them may be split."""


def plainly(outcome: BallotOutcome, rules: BallotRules) -> Plain:
    match outcome:
        case Decided():
            return outcome.option
        case Tied():
            return tuple(sorted(outcome.options)) if rules.tie == "ask" else None
        case Undecided():
            return None


def endings(count: Count) -> Iterator[Plain]:
    """Give what would come of every way in which the open seats can vote."""
    options = count.rules.options or (*KNOWN, *NEW)
    for rest in product((*options, None), repeat=len(count.open)):
        votes = {**count.votes, **dict(zip(count.open, rest, strict=True))}
        yield brute([votes[seat] for seat in range(len(votes))], count.weights, count.rules)


rules = st.builds(
    BallotRules,
    decide=st.sampled_from(["majority", "plurality", "unanimous"]) | st.sampled_from([0.3, 0.4, 0.5, 0.6, 2 / 3, 1.0]),
    tie=st.sampled_from(["none", "first", "ask"]),
    quorum=st.integers(1, 4),
    options=st.sampled_from([None, KNOWN[:2], KNOWN]),
)
equal = st.just(Fraction(1))
weight = st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(1, 2), Fraction(2), Fraction(3)])


@st.composite
def part_counted(draw: st.DrawFn, weights: st.SearchStrategy[Fraction] = equal | weight) -> Count:
    """A count in which up to three seats, in any places, have not voted yet."""
    told = draw(rules)
    votes = draw(st.lists(st.sampled_from([*(told.options or KNOWN), None]), max_size=6))
    order = draw(st.permutations(range(len(votes) + draw(st.integers(0, 3)))))
    return Count(
        rules=told,
        weights=[draw(weights) for _ in order],
        votes=dict(zip(order, votes, strict=False)),
    )


@given(part_counted())
@settings(max_examples=examples(300))
def test_an_outcome_is_certain_exactly_if_whatever_is_still_voted_comes_to_the_same(count: Count) -> None:
    found, certain = set(endings(count)), count.certain()
    assert (certain is not None) == (len(found) == 1)
    if certain is not None:
        assert {plainly(certain, count.rules)} == found


@given(part_counted(weights=equal))
def test_no_decision_can_be_had_with_fewer_votes_than_the_fewest(count: Count) -> None:
    options, fewest = count.rules.options or (*KNOWN, *NEW), count.fewest()
    assert fewest <= len(count.open)
    for votes in product((*options, None), repeat=max(0, fewest - 1)):
        more = dict(zip(count.open, votes, strict=False))
        after = Count(rules=count.rules, weights=count.weights, votes={**count.votes, **more})
        assert not isinstance(after.certain(), Decided) or isinstance(count.certain(), Decided)


@st.composite
def elections(draw: st.DrawFn) -> tuple[BallotRules, Sequence[Fraction], Sequence[Vote], Sequence[int]]:
    """Rules, weights and votes by seat, and the order in which the votes come in."""
    told = draw(rules)
    votes = draw(st.lists(st.sampled_from([*(told.options or KNOWN), None]), min_size=1, max_size=12))
    weights = [draw(equal | weight) for _ in votes]
    return told, weights, votes, draw(st.permutations(range(len(votes))))


@given(elections())
def test_stopping_as_soon_as_it_is_certain_decides_what_a_count_of_all_votes_decides(
    election: tuple[BallotRules, Sequence[Fraction], Sequence[Vote], Sequence[int]],
) -> None:
    told, weights, votes, order = election
    count = Count(rules=told, weights=weights, votes={})
    for seat in order:
        if count.certain() is not None:
            break
        count = count.plus(seat, votes[seat])
    outcome = count.certain()
    assert outcome is not None
    assert plainly(outcome, told) == brute(votes, weights, told)


@given(st.integers(0, 40), st.integers(0, 40))
def test_certainty_is_the_regularised_incomplete_beta_function_at_one_half(leader: int, others: int) -> None:
    a, b = leader + 1, others + 1
    powers = [comb(b - 1, k) * Fraction((-1) ** k, a + k) for k in range(b)]  # of x^(a-1) (1-x)^(b-1), expanded
    above = sum(term * (1 - Fraction(1, 2 ** (a + k))) for k, term in enumerate(powers))
    assert certainty(leader, others) == above / sum(powers)


def test_four_votes_of_four_are_what_settles_it_with_a_confidence_of_95_percent() -> None:
    count = Count(rules=BallotRules(confidence=0.95), weights=[Fraction(1)] * 15, votes={})
    assert count.fewest() == 4
    assert [certainty(3, 0), certainty(4, 0)] == [Fraction(15, 16), Fraction(31, 32)]


def agreement(told: BallotRules, options: Sequence[str], seats: int) -> Fraction:
    """Return how often adaptive stopping decides what the full count decides, over crowds of every kind.

    The shares of the options in a crowd are uniformly distributed, so that after counts n the next vote is for option k
    with probability (n_k + 1) / (n + options): no crowd has to be drawn, all of them are added up exactly.
    """

    @cache
    def later(counts: tuple[int, ...], stopped: str | None) -> Fraction:
        seen = [option for option, n in zip(options, counts, strict=True) for _ in range(n)]
        count = Count(rules=told, weights=[Fraction(1)] * seats, votes=dict(enumerate(seen)))
        if stopped is None and isinstance(outcome := count.settled(), Decided):
            return later(counts, outcome.option)
        if len(seen) == seats:
            return Fraction(plainly(count.outcome(), told) == stopped)
        return sum(
            (
                Fraction(n + 1, len(seen) + len(options)) * later((*counts[:k], n + 1, *counts[k + 1 :]), stopped)
                for k, n in enumerate(counts)
            ),
            Fraction(),
        )

    return later((0,) * len(options), None)


@pytest.mark.parametrize("decide", ["majority", "plurality"])
@pytest.mark.parametrize(
    ("options", "confidence"), [(2, 0.8), (2, 0.9), (2, 0.95), (2, 0.99), (3, 0.9), (3, 0.95), (3, 0.99)]
)
def test_adaptive_stopping_agrees_with_the_full_count_at_least_as_often_as_the_confidence_says(
    confidence: float, decide: DecisionRule, options: int
) -> None:
    agrees = agreement(BallotRules(decide=decide, confidence=confidence), KNOWN[:options], seats=15)
    assert exact(confidence) <= agrees < 1


@given(st.lists(st.sampled_from(KNOWN), min_size=1, max_size=15), st.sampled_from([0.6, 0.8, 0.95, 0.99]))
@example(["A"] * 15, 0.95)
def test_once_settled_a_count_stays_settled_while_the_leader_gains(votes: Sequence[str], confidence: float) -> None:
    told = BallotRules(decide="plurality", confidence=confidence)
    count = Count(rules=told, weights=[Fraction(1)] * (len(votes) + 3), votes=dict(enumerate(votes)))
    if isinstance(outcome := count.settled(), Decided):
        assert count.plus(len(votes), outcome.option).settled() == outcome


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}), (-0.0, 0)],
)
def test_equal_json_is_one_option(one: object, other: object) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, "1"), ([1, 2], [2, 1]), ("a", "A")])
def test_different_json_is_not(one: object, other: object) -> None:
    assert key_of(one) != key_of(other)


def test_weights_are_counted_as_the_decimal_fractions_as_which_they_are_written() -> None:
    weights = [exact(0.1), exact(0.2), exact(0.3)]
    count = Count(rules=BallotRules(decide="plurality"), weights=weights, votes={0: "A", 1: "A", 2: "B"})
    assert count.outcome() == Tied(options=("A", "B"))


def test_where_the_most_votes_win_two_of_three_are_what_settles_it_whether_or_not_the_options_are_known() -> None:
    for options in (None, ('"a"', '"b"')):
        count = Count(rules=BallotRules(decide="plurality", options=options), weights=[Fraction(1)] * 3, votes={})
        assert count.fewest() == 2
