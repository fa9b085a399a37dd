"""Who is recruited: a pure choice."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import NoDecision
from podium.model.agent import Card
from podium.model.track_record import TrackRecord
from podium.patterns.parts.recruiting import Offer, offers_of, recruited


def record(agent: str, done: int, failed: int = 0, *, version: str = "1", **more: float) -> TrackRecord:
    return TrackRecord(agent=agent, version=version, calls=done + failed, done=done, failed=failed, **more)


def names(*cards: Card, records: tuple[TrackRecord, ...] = ()) -> list[str]:
    return [offer.card.name for offer in offers_of(cards, records)]


def test_the_most_reliable_comes_first() -> None:
    records = (record("a", 5, 5), record("b", 9, 1))
    assert names(Card(name="a"), Card(name="b"), records=records) == ["b", "a"]


def test_one_never_asked_stands_between_one_that_works_and_one_that_fails() -> None:
    records = (record("bad", 0, 1), record("good", 1))
    assert names(Card(name="bad"), Card(name="new"), Card(name="good"), records=records) == ["good", "new", "bad"]


def test_a_long_good_record_counts_for_more_than_a_short_one() -> None:
    records = (record("short", 2), record("long", 90, 2))
    assert names(Card(name="short"), Card(name="long"), records=records) == ["long", "short"]


def test_of_equally_reliable_ones_the_cheapest_comes_first_by_its_mean_or_else_by_its_card() -> None:
    records = (record("a", 3, usd=0.5), record("b", 3), record("c", 3, usd=0.1))
    assert names(Card(name="a"), Card(name="b", usd=0.2), Card(name="c", usd=9.0), records=records) == ["c", "b", "a"]


def test_then_the_fastest_and_then_the_first_by_name() -> None:
    records = (record("a", 3, seconds=2.0), record("b", 3, seconds=1.0), record("c", 3, seconds=1.0))
    assert names(Card(name="c"), Card(name="a"), Card(name="b"), records=records) == ["b", "c", "a"]


def test_the_newest_version_counts_with_its_own_record() -> None:
    found = offers_of([Card(name="a", version="2"), Card(name="a", version="1")], [record("a", 9, version="1")])
    assert [(offer.card.version, offer.rate) for offer in found] == [("2", 0.5)]


def offers(**able: str) -> dict[str, list[Offer]]:
    """Return who offers what: `writing="ann bob"`, the best first by name."""
    return {each: [Offer(Card(name=name)) for name in who.split()] for each, who in able.items()}


def team(found: Mapping[str, list[Offer]], size: int) -> dict[str, list[str]]:
    return {each.agent: each.capabilities for each in recruited(found, size)}


def test_the_best_is_recruited_for_each_capability_and_one_may_have_several() -> None:
    assert team(offers(read="ann bob", draw="bob", count="ann"), 2) == {"ann": ["read", "count"], "bob": ["draw"]}


def test_a_team_that_would_be_too_large_is_made_of_those_who_can_do_most() -> None:
    assert team(offers(read="ann zoe", draw="bob zoe"), 2) == {"ann": ["read"], "bob": ["draw"]}
    assert team(offers(read="ann zoe", draw="bob zoe"), 1) == {"zoe": ["read", "draw"]}


def test_a_team_that_stays_too_large_is_no_decision() -> None:
    with pytest.raises(NoDecision, match=r"read, draw take 2 agents \(ann, bob\), and size=1. Allow more"):
        recruited(offers(read="ann", draw="bob"), 1)


def test_the_reason_is_a_sentence_with_the_figures() -> None:
    known = [Offer(Card(name="ann"), record("ann", 8, 1, usd=0.02, seconds=3.14)), Offer(Card(name="bob"))]
    (why,) = [each.why for each in recruited({"read": known}, 1)]
    assert why == "8 of 9 calls worked (counted as 82%), $0.02 a call, 3.1 s a call: number 1 of 2 for read."
    (why,) = [each.why for each in recruited({"read": known[1:]}, 1)]
    assert why == "was not asked before: number 1 of 1 for read."


@st.composite
def known(draw: st.DrawFn) -> dict[str, list[Offer]]:
    """Return agents with records, and who of them offers what."""
    figures = st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([None, 0.1, 0.2]))
    who = draw(st.dictionaries(st.sampled_from("abcdef"), st.none() | figures, min_size=1))
    records = [record(name, each[0], each[1]) for name, each in who.items() if each is not None]
    cards = [Card(name=name, usd=each[2] if each else None) for name, each in who.items()]
    needs = st.lists(st.sampled_from(cards), min_size=1, unique_by=lambda card: card.name)
    return {each: offers_of(draw(needs), records) for each in draw(st.sets(st.sampled_from("xyz"), min_size=1))}


@given(known(), st.integers(1, 3))
def test_every_capability_is_covered_by_one_who_offers_it_and_the_team_is_not_too_large(
    found: dict[str, list[Offer]], size: int
) -> None:
    try:
        chosen = recruited(found, size)
    except NoDecision:
        assert len({each[0].card.name for each in found.values()}) > size
        return
    assert len(chosen) <= size
    assert sorted(each for recruit in chosen for each in recruit.capabilities) == sorted(found)
    for recruit in chosen:
        for each in recruit.capabilities:
            assert recruit.agent in [offer.card.name for offer in found[each]]


@given(known())
def test_with_room_for_all_nobody_better_is_left_out(found: dict[str, list[Offer]]) -> None:
    for recruit in recruited(found, 9):
        for each in recruit.capabilities:
            mine = next(offer for offer in found[each] if offer.card.name == recruit.agent)
            assert all((mine.rate, -mine.usd) >= (other.rate, -other.usd) for other in found[each])
