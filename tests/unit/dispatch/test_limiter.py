"""The limiter: never above the rate in any window, never idle while somebody waits and fits, and fair."""

import heapq
from collections import Counter
from itertools import count
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from podium.dispatch.rules.limit.limiter import AGEING, HOLD, LimitEntry, Limiter
from podium.dispatch.rules.limit.line import QueuePlace
from podium.model.limit import Limit

PER = 10.0
Arrival = tuple[float, int, int, float]
"""Seconds since the one before, tokens, priority, and how long it takes."""

arrivals = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.25, 1.0, 4.0, 10.0, 25.0]),
        st.integers(0, 6),
        st.integers(-2, 2),
        st.sampled_from([0.0, 1.0, 7.0]),
    ),
    max_size=40,
)
limits = st.builds(
    Limit, concurrency=st.one_of(st.none(), st.integers(1, 4)), requests=st.one_of(st.none(), st.integers(1, 5)),
    tokens=st.one_of(st.none(), st.integers(4, 12)), per=st.just(PER),
)  # fmt: skip


class Day:
    """Plays arrivals on a clock that jumps from one thing to the next."""

    def __init__(self, limit: Limit) -> None:
        self.limiter: Limiter[int] = Limiter(limit)
        self.limit = limit
        self.now = 0.0
        self.admitted: list[tuple[float, int, int]] = []
        """When, who, and how many tokens."""
        self.arrived: dict[int, tuple[float, int, int, float]] = {}
        self.ends: list[tuple[float, LimitEntry]] = []
        self.most_running = 0

    def run(self, arrivals: list[Arrival]) -> None:
        at = 0.0
        for who, (pause, tokens, priority, takes) in enumerate(arrivals):
            at += pause
            self.advance(at)
            self.arrived[who] = at, tokens, priority, takes
            entry = self.limiter.acquire(at, tokens)
            if entry is None:
                self.limiter.queue(who, at, tokens, priority=priority)
                self.pump()
            else:
                self.let_in(who, entry)
        self.advance(None)

    def advance(self, until: float | None) -> None:
        while True:
            due = [end for end, _ in self.ends if until is None or end <= until]
            following = self.limiter.next_at(self.now) if self.limiter.waiting else None
            times = [*due, *([] if following is None or (until is not None and following > until) else [following])]
            if not times:
                break
            self.now = max(self.now, min(times))
            for _, entry in [each for each in self.ends if each[0] <= self.now]:
                self.limiter.leave(entry, self.now)
            self.ends = [each for each in self.ends if each[0] > self.now]
            self.pump()
        self.now = self.now if until is None else until

    def pump(self) -> None:
        for who, entry in self.limiter.admit(self.now):
            self.let_in(who, entry)

    def let_in(self, who: int, entry: LimitEntry) -> None:
        _, tokens, _, takes = self.arrived[who]
        self.admitted.append((self.now, who, tokens))
        self.limiter.begin(entry, self.now)
        self.ends.append((self.now + takes, entry))
        self.most_running = max(self.most_running, sum(end > self.now for end, _ in self.ends) or 1)


def played(limit: Limit, arrivals: list[Arrival]) -> Day:
    day = Day(limit)
    day.run(arrivals)
    return day


@given(limits, arrivals)
def test_in_no_window_is_there_more_than_the_limit(limit: Limit, arrivals: list[Arrival]) -> None:
    day = played(limit, arrivals)
    for at, _, _ in day.admitted:
        within = [tokens for when, _, tokens in day.admitted if at <= when < at + PER]
        assert limit.requests is None or len(within) <= limit.requests
        assert limit.tokens is None or sum(within) <= limit.tokens or sum(each > 0 for each in within) == 1
    assert limit.concurrency is None or day.most_running <= limit.concurrency


@given(limits, arrivals)
def test_everybody_is_let_in_once(limit: Limit, arrivals: list[Arrival]) -> None:
    day = played(limit, arrivals)
    assert sorted(who for _, who, _ in day.admitted) == list(range(len(arrivals)))


@given(limits, arrivals)
def test_nobody_waits_while_there_is_room(limit: Limit, arrivals: list[Arrival]) -> None:
    """When somebody who waited is let in, an instant earlier there was no room for them."""
    day = played(limit, arrivals)
    for n, (at, who, tokens) in enumerate(day.admitted):
        arrived, _, _, _ = day.arrived[who]
        if at == arrived:
            continue
        earlier = day.admitted[:n]
        window = [(when, each) for when, _, each in earlier if when > at - PER]
        ended_now = any(when + day.arrived[each][3] == at for when, each, _ in earlier)
        left_now = any(when == at - PER for when, _, _ in earlier)
        full = limit.requests is not None and len(window) >= limit.requests
        heavy = limit.tokens is not None and sum(each for _, each in window) + tokens > limit.tokens
        same_moment = any(when == at for when, _, _ in earlier)
        assert ended_now or left_now or full or heavy or same_moment, f"{who} waited from {arrived} to {at} for nothing"


@given(limits, arrivals)
def test_a_later_one_overtakes_only_by_its_priority(limit: Limit, arrivals: list[Arrival]) -> None:
    day = played(limit, arrivals)
    place = {who: n for n, (_, who, _) in enumerate(day.admitted)}
    for who, (arrived, _, priority, _) in day.arrived.items():
        for other, (later, _, theirs, _) in day.arrived.items():
            if later >= arrived and place[other] < place[who]:
                assert later - theirs * AGEING <= arrived - priority * AGEING or later == arrived


@given(arrivals)
def test_of_equal_priority_the_first_comes_first(arrivals: list[Arrival]) -> None:
    day = played(Limit(requests=2, per=PER), [(pause, 0, 0, takes) for pause, _, _, takes in arrivals])
    assert [who for _, who, _ in day.admitted] == list(range(len(arrivals)))


class Week:
    """Plays arrivals of which nobody waits where they came: all are sent away until they are due, and come back."""

    def __init__(self, limit: Limit, lateness: list[float], shortest: float) -> None:
        self.limiter: Limiter[int] = Limiter(limit)
        self.lateness = lateness
        self.shortest = shortest
        """Seconds for which one is away at least."""
        self.places: dict[int, QueuePlace[int]] = {}
        self.admitted: dict[int, tuple[float, int]] = {}
        self.sent = Counter[int]()

    def run(self, arrivals: list[Arrival]) -> None:
        at, order, coming = 0.0, count(), list[tuple[float, int, int]]()
        for who, (pause, _, _, _) in enumerate(arrivals):
            at += pause
            heapq.heappush(coming, (at, next(order), who))
        while coming:
            now, _, who = heapq.heappop(coming)
            if (back := self.come(who, now, arrivals[who])) is not None:
                late = self.lateness[len(self.sent) % len(self.lateness)]
                heapq.heappush(coming, (back + late, next(order), who))

    def come(self, who: int, now: float, arrival: Arrival) -> float | None:
        _, tokens, priority, _ = arrival
        if who in self.places:
            self.limiter.come_back(self.places[who], who)
        elif (entry := self.limiter.acquire(now, tokens)) is not None:
            self.let_in(who, now, entry)
            return None
        else:
            self.places[who] = self.limiter.queue(who, now, tokens, priority=priority)
        for each, entry in self.limiter.admit(now):
            self.let_in(each, now, entry)
        if who in self.admitted:
            return None
        self.sent[who] += 1
        due = max(self.limiter.forecast(now, self.places[who]), now + self.shortest)
        self.limiter.send_away(self.places[who], due)
        return due

    def let_in(self, who: int, now: float, entry: LimitEntry) -> None:
        self.admitted[who] = now, entry.tokens
        self.limiter.leave(entry, now)


def begun(limiter: Limiter[Any], now: float, tokens: int = 0) -> LimitEntry | None:
    """Have something admitted that begins at once."""
    entry = limiter.acquire(now, tokens)
    if entry is not None:
        limiter.begin(entry, now)
    return entry


def admitted(limiter: Limiter[str], now: float) -> list[str]:
    """Return those whose turn has come; what they do begins at once."""
    found = limiter.admit(now)
    for _, entry in found:
        limiter.begin(entry, now)
    return [who for who, _ in found]


punctual = st.just([0.0])
more_or_less = st.lists(st.sampled_from([0.0, 0.25, HOLD - 1, HOLD + 1, 90.0]), min_size=1, max_size=5)
rates = st.builds(
    Limit, requests=st.integers(1, 4), tokens=st.one_of(st.none(), st.integers(4, 12)), per=st.just(PER)
)  # fmt: skip


def week(limit: Limit, arrivals: list[Arrival], lateness: list[float], *, shortest: float = 1.0) -> Week:
    played = Week(limit, lateness, shortest)
    played.run(arrivals)
    return played


@given(rates, arrivals, more_or_less)
def test_whoever_was_sent_away_is_let_in_and_no_window_has_too_much(
    limit: Limit, arrivals: list[Arrival], lateness: list[float]
) -> None:
    admitted = week(limit, arrivals, lateness).admitted
    assert sorted(admitted) == list(range(len(arrivals)))
    for at, _ in admitted.values():
        within = [tokens for when, tokens in admitted.values() if at <= when < at + PER]
        assert limit.requests is not None
        assert len(within) <= limit.requests
        assert limit.tokens is None or sum(within) <= limit.tokens or sum(each > 0 for each in within) == 1


@given(st.integers(1, 4), arrivals)
@example(1, [(0.0, 0, 0, 0.0), (0.25, 0, 0, 0.0), (4.0, 0, 0, 0.0), (25.0, 0, 0, 0.0), (0.0, 0, 0, 0.0)])
def test_whoever_was_sent_away_comes_back_once_and_loses_no_turn_to_newcomers(
    requests: int, arrivals: list[Arrival]
) -> None:
    """One who is away longer than their turn takes, since that is the shortest absence, delays whoever is next."""
    equal = [(pause, 0, 0, 0.0) for pause, _, _, _ in arrivals]
    played = week(Limit(requests=requests, per=PER), equal, [0.0], shortest=0.0)
    times = [played.admitted[who][0] for who in range(len(equal))]
    assert times == sorted(times)
    assert not played.sent or max(played.sent.values()) == 1


def test_room_is_kept_for_whoever_is_due_but_not_for_ever() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    assert begun(limiter, 0.0) is not None
    limiter.send_away(limiter.queue("away", 1.0), PER)
    assert begun(limiter, PER) is None
    limiter.queue("here", PER)
    assert admitted(limiter, PER) == []
    assert limiter.next_at(PER) == PER + HOLD
    assert admitted(limiter, PER + HOLD) == ["here"]


def test_whoever_comes_too_late_still_goes_before_those_who_came_after_them() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    late = limiter.queue("late", 1.0)
    limiter.send_away(late, PER)
    limiter.queue("here", PER)
    admitted(limiter, PER + HOLD)
    limiter.queue("next", PER + HOLD)
    limiter.come_back(late, "late")
    assert admitted(limiter, 2 * PER + HOLD) == ["late"]


def test_whoever_waits_is_let_in_though_more_urgent_ones_never_cease_to_come() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    limiter.queue("plain", 0.0)
    order: list[str] = []
    for n in range(1, 10):
        limiter.queue(f"urgent {n}", n * PER, priority=3)
        order += admitted(limiter, n * PER)
    assert order.index("plain") == 2


def test_what_did_not_take_place_leaves_room() -> None:
    limiter: Limiter[str] = Limiter(Limit(concurrency=1, requests=1, tokens=10, per=PER))
    entry = begun(limiter, 0.0, 10)
    assert entry is not None
    limiter.withdraw(entry)
    assert begun(limiter, 0.0, 10) is not None


def test_the_urgent_are_foreseen_to_go_first() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    waiting = [limiter.queue("plain", 0.0), limiter.queue("plain", 0.0)]
    urgent = limiter.queue("urgent", 1.0, priority=1)
    assert limiter.forecast(1.0, urgent) == PER
    assert [limiter.forecast(1.0, each) for each in waiting] == [2 * PER, 3 * PER]


def test_a_wait_for_an_end_is_foreseen_from_how_long_others_took() -> None:
    limiter: Limiter[str] = Limiter(Limit(concurrency=1))
    entry = begun(limiter, 0.0)
    assert entry is not None
    limiter.leave(entry, 30.0)
    begun(limiter, 30.0)
    first, second = limiter.queue("a", 30.0), limiter.queue("b", 30.0)
    assert [limiter.forecast(30.0, each) for each in (first, second)] == [60.0, 90.0]


def test_tokens_are_foreseen_by_what_is_usually_used_of_a_bound() -> None:
    limiter: Limiter[str] = Limiter(Limit(tokens=100, per=PER))
    for _ in range(100):
        entry = begun(limiter, 0.0, 50)
        assert entry is not None
        limiter.count_used(entry, 0)
    begun(limiter, 0.0, 100)
    waiting = [limiter.queue("a", 0.0, 50) for _ in range(20)]
    assert limiter.forecast(0.0, waiting[-1]) == PER


def test_whoever_gives_up_frees_the_place() -> None:
    limiter: Limiter[str] = Limiter(Limit(concurrency=1))
    entry = begun(limiter, 0.0)
    assert entry is not None
    first: QueuePlace[str] = limiter.queue("a", 0.0)
    limiter.queue("b", 0.0)
    limiter.give_up(first)
    limiter.leave(entry, 1.0)
    assert admitted(limiter, 1.0) == ["b"]


def test_what_was_not_used_is_free_again_and_what_was_too_much_counts() -> None:
    limiter: Limiter[str] = Limiter(Limit(tokens=10, per=PER))
    entry = begun(limiter, 0.0, 10)
    assert isinstance(entry, LimitEntry)
    assert begun(limiter, 0.0, 5) is None
    limiter.count_used(entry, 5)
    assert begun(limiter, 0.0, 5) is not None
    limiter.count_used(entry, 50)
    limiter.queue("waits", 0.0, 1)
    assert limiter.next_at(0.0) == PER


def test_whoever_comes_back_early_and_is_sent_away_once_more_has_one_place_still() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    place = limiter.queue("away", 1.0)
    limiter.send_away(place, PER)
    limiter.come_back(place, "away")
    limiter.send_away(place, PER)
    assert begun(limiter, PER) is None
    limiter.come_back(place, "away")
    assert admitted(limiter, PER) == ["away"]
    assert admitted(limiter, 2 * PER) == []
    assert begun(limiter, 2 * PER) is not None


def test_no_room_is_kept_at_a_time_to_which_nobody_comes_back_any_more() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    place = limiter.queue("away", 1.0)
    limiter.send_away(place, PER)
    limiter.come_back(place, "away")
    limiter.send_away(place, 2 * PER)
    assert begun(limiter, PER) is not None


def test_whoever_comes_too_late_is_counted_among_those_who_wait_again() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    begun(limiter, 0.0)
    late = limiter.queue("late", 1.0)
    limiter.send_away(late, PER)
    now = PER + HOLD + 1
    assert admitted(limiter, now) == []
    assert begun(limiter, now) is not None
    limiter.come_back(late, "late")
    new = limiter.queue("new", now)
    assert [limiter.forecast(now, each) for each in (late, new)] == [now + PER, now + 2 * PER]


def test_what_was_admitted_and_begins_late_counts_from_when_it_begins() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    entry = limiter.acquire(0.0)
    assert entry is not None
    limiter.queue("next", 0.0)
    assert admitted(limiter, 5 * PER) == []
    assert limiter.next_at(5 * PER) is None  # nobody knows yet
    limiter.begin(entry, 5 * PER)
    assert limiter.next_at(5 * PER) == 6 * PER
    assert admitted(limiter, 6 * PER - 0.001) == []
    assert admitted(limiter, 6 * PER) == ["next"]


def test_of_two_times_at_which_it_may_have_begun_the_earlier_counts() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=2, per=PER))
    first, second = limiter.acquire(0.0), limiter.acquire(0.0)
    assert first is not None
    assert second is not None
    limiter.begin(first, 3.0)
    limiter.begin(second, 2.0)
    limiter.begin(first, 1.0)
    limiter.begin(second, 9.0)
    limiter.queue("next", 4.0)
    assert limiter.next_at(4.0) == PER + 1.0
    assert admitted(limiter, PER + 1.0) == ["next"]


def test_what_never_began_leaves_room_when_it_is_withdrawn_and_counts_when_it_ends() -> None:
    limiter: Limiter[str] = Limiter(Limit(requests=1, per=PER))
    entry = limiter.acquire(0.0)
    assert entry is not None
    limiter.withdraw(entry)
    entry = limiter.acquire(1.0)
    assert entry is not None
    limiter.leave(entry, 4.0)
    assert limiter.acquire(PER + 1.0) is None
    assert limiter.acquire(PER + 4.0) is not None


@given(limits, arrivals, st.lists(st.sampled_from([0.0, 0.5, 3.0, 12.0]), min_size=1, max_size=5))
def test_in_no_window_does_more_begin_than_the_limit_however_late_it_begins(
    limit: Limit, arrivals: list[Arrival], lateness: list[float]
) -> None:
    limiter: Limiter[int] = Limiter(limit)
    order, coming = count(), list[tuple[float, int, str, LimitEntry | int]]()
    began: list[tuple[float, int]] = []
    at = 0.0
    for who, (pause, _, _, _) in enumerate(arrivals):
        at += pause
        heapq.heappush(coming, (at, next(order), "arrives", who))

    def admit(now: float) -> None:
        for who, entry in limiter.admit(now):
            late = lateness[who % len(lateness)]
            heapq.heappush(coming, (now + late, next(order), "begins", entry))
            heapq.heappush(coming, (now + late + arrivals[who][3], next(order), "ends", entry))
        following = limiter.next_at(now)
        if following is not None:
            heapq.heappush(coming, (following, next(order), "rings", 0))

    rung = 0
    while coming and rung < 10_000:
        now, _, what, whose = heapq.heappop(coming)
        rung += 1
        if isinstance(whose, LimitEntry):
            if what == "begins":
                limiter.begin(whose, now)
                began.append((now, whose.tokens))
            else:
                limiter.leave(whose, now)
        elif what == "arrives":
            limiter.queue(whose, now, arrivals[whose][1], priority=arrivals[whose][2])
        admit(now)
    assert len(began) == len(arrivals)
    for first, _ in began:
        within = [tokens for when, tokens in began if first <= when < first + PER]
        assert limit.requests is None or len(within) <= limit.requests
        assert limit.tokens is None or sum(within) <= limit.tokens or sum(each > 0 for each in within) == 1
