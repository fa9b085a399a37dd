"""The limiter: never above the rate in any window, never idle while somebody waits and fits, and fair."""

from hypothesis import given
from hypothesis import strategies as st

from podium.dispatch.limiter import AGEING, Entry, Limiter, Place
from podium.model.limit import Limit

PER = 10.0
Arrival = tuple[float, int, int, float]
"""Seconds since the one before, tokens, priority, and how long it takes."""

arrivals = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0, 4.0, 10.0, 25.0]),
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
        self.ends: list[float] = []
        self.most_running = 0

    def run(self, arrivals: list[Arrival]) -> None:
        at = 0.0
        for who, (pause, tokens, priority, takes) in enumerate(arrivals):
            at += pause
            self.advance(at)
            self.arrived[who] = at, tokens, priority, takes
            entry = self.limiter.enter(at, tokens)
            if entry is None:
                self.limiter.queue(who, at, tokens, priority=priority)
                self.pump()
            else:
                self.let_in(who)
        self.advance(None)

    def advance(self, until: float | None) -> None:
        while True:
            due = [end for end in self.ends if until is None or end <= until]
            following = self.limiter.next_at(self.now) if self.limiter.waiting else None
            times = [*due, *([] if following is None or (until is not None and following > until) else [following])]
            if not times:
                break
            self.now = max(self.now, min(times))
            for _ in [end for end in self.ends if end <= self.now]:
                self.limiter.leave()
            self.ends = [end for end in self.ends if end > self.now]
            self.pump()
        self.now = self.now if until is None else until

    def pump(self) -> None:
        for who, _ in self.limiter.admit(self.now):
            self.let_in(who)

    def let_in(self, who: int) -> None:
        _, tokens, _, takes = self.arrived[who]
        self.admitted.append((self.now, who, tokens))
        self.ends.append(self.now + takes)
        self.most_running = max(self.most_running, sum(end > self.now for end in self.ends) or 1)


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


def test_whoever_gives_up_frees_the_place() -> None:
    limiter: Limiter[str] = Limiter(Limit(concurrency=1))
    assert limiter.enter(0.0) is not None
    first: Place[str] = limiter.queue("a", 0.0)
    limiter.queue("b", 0.0)
    limiter.give_up(first)
    limiter.leave()
    assert [who for who, _ in limiter.admit(1.0)] == ["b"]


def test_what_was_not_used_is_free_again_and_what_was_too_much_counts() -> None:
    limiter: Limiter[str] = Limiter(Limit(tokens=10, per=PER))
    entry = limiter.enter(0.0, 10)
    assert isinstance(entry, Entry)
    assert limiter.enter(0.0, 5) is None
    limiter.settle(entry, 5)
    assert limiter.enter(0.0, 5) is not None
    limiter.settle(entry, 50)
    assert limiter.next_at(0.0, 1) == PER
