"""What a reader gets and what it is told to have missed are together all that there was, wherever it was cut off."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.model.streams.book import KeptEvent, KeptEvents
from podium.model.streams.numbers import place_of_number, told_number, transient_number
from podium.services.streams.feed import Feed
from podium.services.streams.gaps import Gaps


def number_of(nth: int, *, facts: int = 5, epochs: int = 0) -> int:
    number = transient_number(facts, epochs, nth)
    assert number is not None
    return number


def event(nth: int, *, epoch: int = 1, facts: int = 5) -> KeptEvent:
    return KeptEvent(number_of(nth, facts=facts), epoch, b"{}" * (1 + nth % 7))


@dataclass
class Reading:
    """What one reader got."""

    seen: list[int]
    lost: int = 0
    unknown: bool = False

    def look(self, gaps: Gaps, kept: KeptEvents | None) -> None:
        if kept is None:
            return
        for each in kept.events:
            self.count(gaps.lost(each))
            self.seen.append(each.number)
        self.count(gaps.lost_at_the_end(kept))

    def count(self, lost: int | None) -> None:
        self.unknown = self.unknown or lost is None
        self.lost += max(lost or 0, 0)


@given(
    total=st.integers(1, 60), unheard=st.integers(0, 60), most=st.integers(1, 70), cut=st.integers(0, 60),
    looks=st.lists(st.integers(0, 60), max_size=4),
)  # fmt: skip
def test_two_readings_are_all_there_was(total: int, unheard: int, most: int, cut: int, looks: list[int]) -> None:
    """The first one had everything up to the cut; the second looks now and then while a small feed overflows."""
    unheard, cut = min(unheard, total), min(cut, total)
    feed = Feed(most_events=most)
    feed.begin(1, number_of(unheard) if unheard else 0)
    gaps, reading = Gaps(), Reading([])
    after = number_of(cut) if cut else 0
    gaps.resume(after, 1)
    for nth in range(unheard + 1, total + 1):
        feed.add(event(nth))
        if nth in looks and nth >= cut:
            reading.look(gaps, feed.after(max([after, *reading.seen])))
    reading.look(gaps, feed.after(max([after, *reading.seen])))
    assert not reading.unknown
    assert reading.lost + len(reading.seen) == total - cut
    assert reading.seen == sorted(set(reading.seen))


@given(before=st.integers(0, 20), later=st.integers(0, 20), kept_from=st.integers(0, 40))
def test_a_reader_that_had_a_fact_last_is_told_of_what_followed_it(before: int, later: int, kept_from: int) -> None:
    """`before` events came before the fact, `later` ones after it, and those from `kept_from` on are kept."""
    after, total = told_number(5, 0), before + later
    events = [event(nth, facts=5 if nth <= before else 6) for nth in range(kept_from + 1, total + 1)]
    last = number_of(total, facts=6) if total else 0
    found = [each for each in events if each.number > after]
    earlier = [each for each in events if each.number <= after]
    kept = KeptEvents(1, last, found, earlier[-1] if earlier else None)
    gaps, reading = Gaps(), Reading([])
    gaps.resume(after, 1)
    gaps.connect(kept)
    reading.look(gaps, kept)
    if not reading.unknown:
        assert reading.lost + len(reading.seen) == later
    if earlier:
        assert not reading.unknown
        assert len(reading.seen) == later


def test_a_reader_of_now_is_told_of_nothing_that_was_before() -> None:
    gaps = Gaps()
    assert gaps.lost(event(7)) == 0
    assert gaps.lost(event(10)) == 2


def test_what_an_ownership_told_that_has_not_said_how_much_that_was_is_unknown() -> None:
    gaps = Gaps()
    gaps.resume(0, 0)
    assert gaps.lost(event(1)) == 0
    assert gaps.lost(event(3, epoch=2)) is None
    assert gaps.lost(event(4, epoch=2)) == 0
    assert gaps.lost_at_the_end(KeptEvents(3, number_of(0), [])) is None
    assert gaps.lost(event(1, epoch=3)) == 0


def test_what_an_ownership_told_that_says_how_much_that_was_is_counted() -> None:
    gaps = Gaps()
    gaps.resume(0, 0)
    assert gaps.lost(event(2)) == 1
    assert gaps.lost(end(5)) == 3
    assert gaps.lost(end(0, epoch=2)) == 0
    assert gaps.lost(event(3, epoch=3)) == 2
    assert gaps.is_unknown(None, 3)
    assert gaps.lost(end(3, epoch=3)) == 0
    assert not gaps.is_unknown(None, 3)
    assert gaps.is_unknown(None, 4)


def end(told: int, *, epoch: int = 1) -> KeptEvent:
    return KeptEvent(number_of(told + 1), epoch, b"")


def test_numbers_grow_with_facts_then_with_owners_then_with_events() -> None:
    numbers = [
        told_number(4, 0), told_number(4, 1), number_of(1), number_of(2), number_of(1, epochs=1),
        number_of(1, epochs=7), told_number(5, 0), number_of(1, facts=6),
    ]  # fmt: skip
    assert numbers == sorted(set(numbers))
    assert all(place_of_number(number).number == number for number in numbers)
    assert number_of(3, facts=1 << 23) < 1 << 53


@pytest.mark.parametrize(("epochs", "nth"), [(31, 1), (0, 1 << 24)])
def test_what_cannot_be_numbered_is_not_streamed(epochs: int, nth: int) -> None:
    assert transient_number(5, epochs, nth) is None
    assert transient_number(5, min(epochs, 30), min(nth, (1 << 24) - 1)) is not None


def test_a_feed_keeps_no_more_bytes_than_it_may() -> None:
    feed = Feed(most_bytes=100)
    feed.begin(1, 0)
    for nth in range(1, 50):
        feed.add(KeptEvent(number_of(nth), 1, b"x" * 30))
    kept = feed.after(0)
    assert kept is not None
    assert [each.number for each in kept.events] == [number_of(nth) for nth in (47, 48, 49)]
    assert feed.trim == number_of(46)


async def test_what_comes_while_a_reader_looks_is_not_waited_for() -> None:
    feed = Feed()
    seen = feed.rings
    assert not await feed.wait(0.0, since=seen)
    feed.committed()  # while it reads what there was
    assert await feed.wait(1e6, since=seen)
