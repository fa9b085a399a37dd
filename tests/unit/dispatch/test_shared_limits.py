"""A limit that several processes have in common: never exceeded in any window, and hardly left unused."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podium.dispatch.rules.limit.gate import Gate, Sent
from podium.dispatch.rules.limit.gate import in_turn as pass_gates
from podium.dispatch.rules.limit.pool import LimitAmounts, Pool, ShareRequest, Used
from podium.dispatch.rules.limit.share import Sharing
from podium.model.call import Call
from podium.model.limit import Limit
from podium.model.outcome import Pending, Until
from podium.services.store_time import StoreTime
from podium.services.timers import Timer, Timers
from podium.testing import DrivenClock
from tests.examples import examples
from tests.unit.dispatch.test_shared_circuit import States

PER = 2.0


@dataclass
class OffClock:
    """The clock of a machine that is ahead, or behind, by so many seconds."""

    clock: DrivenClock
    off: float

    def now(self) -> float:
        return self.clock.now() + self.off

    def monotonic(self) -> float:
        return self.clock.monotonic() - 77.0

    async def sleep_until(self, when: float) -> None:
        await self.clock.sleep_until(when - self.off)


@dataclass
class World:
    """Processes on one store, and what began in them, by the clock that they all have."""

    limit: Limit
    clock: DrivenClock = field(default_factory=lambda: DrivenClock(1000.0, moment=0.0))
    states: States = field(default_factory=States)
    begun: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    dead: set[str] = field(default_factory=set[str])
    running: int = 0
    most_running: int = 0

    def __post_init__(self) -> None:
        self.timers = Timers(self.clock, lambda: None)

    async def is_gone(self, worker: str) -> bool:
        return worker in self.dead

    def process(self, name: str) -> Gate:
        time = StoreTime(self.clock)
        sharing = Sharing(self.states, lambda: name, self.is_gone, self.clock, self.timers.at, time)
        return Gate("agent:a", self.limit, self.clock, self.timers.at, sharing)

    def elsewhere(self, name: str, off: float) -> Gate:
        """Return a process on a machine whose clock is off by so many seconds."""
        clock = OffClock(self.clock, off)

        async def time() -> float:
            return self.clock.now()

        def ring(at: float, function: Callable[[], None]) -> Timer:
            return self.timers.at(at - off, function)

        sharing = Sharing(self.states, lambda: name, self.is_gone, clock, ring, StoreTime(clock, time))
        return Gate("agent:a", self.limit, clock, ring, sharing)

    async def call(self, gate: Gate, key: str, *, tokens: int = 0, late: float = 0.0, takes: float = 0.0) -> bool:
        """Have one call pass, beginning some seconds after it was admitted; False where it was sent away."""
        entries = await pass_gates([gate], call_of(key), "", tokens)
        if isinstance(entries, Sent):
            return False
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        if late:
            await self.clock.sleep_until(self.clock.now() + late)
        self.begun.append((self.clock.now(), tokens))
        gate.begin(entries[0])
        if takes:
            await self.clock.sleep_until(self.clock.now() + takes)
        self.running -= 1
        gate.leave(entries[0])
        return True

    async def play(self, work: Coroutine[Any, Any, None]) -> None:
        timers = asyncio.ensure_future(self.timers.run())
        try:
            await work
        finally:
            timers.cancel()
            with suppress(asyncio.CancelledError):
                await timers

    def check(self) -> None:
        limit = self.limit
        for at, _ in self.begun:
            within = [tokens for when, tokens in self.begun if at <= when < at + limit.per]
            assert limit.requests is None or len(within) <= limit.requests
            assert limit.tokens is None or sum(within) <= limit.tokens or sum(each > 0 for each in within) == 1
        assert limit.concurrency is None or self.most_running <= limit.concurrency


def call_of(key: str) -> Call:
    return Call(run="run", key=key, agent="a", version="1", input=None)


limits = st.builds(
    Limit, concurrency=st.one_of(st.none(), st.integers(1, 3)), requests=st.one_of(st.none(), st.integers(1, 6)),
    tokens=st.one_of(st.none(), st.integers(4, 12)), per=st.just(PER), max_wait=st.just(math.inf),
)  # fmt: skip
arrivals = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.3, 1.0, 3.0]), st.integers(0, 2), st.integers(0, 6),
        st.sampled_from([0.0, 0.0, 0.05, 0.7]), st.sampled_from([0.0, 0.2, 0.9]),
    ),
    max_size=12,
)  # fmt: skip


@dataclass
class SlowStates(States):
    """The states of a store that answers late the first time."""

    states: States
    clock: DrivenClock
    seconds: float

    async def get(self, name: str) -> bytes:
        seconds, self.seconds = self.seconds, 0.0
        await self.clock.sleep_until(self.clock.now() + seconds)
        return await self.states.get(name)

    async def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> bool:
        return await self.states.swap(name, seen, state, now=now, until=until)


async def test_what_begins_while_the_store_is_asked_counts_for_its_whole_window() -> None:
    world = World(Limit(requests=2, per=PER, max_wait=math.inf))
    slow = SlowStates(world.states, world.clock, 0.4)
    late = Gate(
        "agent:a", world.limit, world.clock, world.timers.at,
        Sharing(slow, lambda: "late", world.is_gone, world.clock, world.timers.at, StoreTime(world.clock)),
    )  # fmt: skip

    async def work() -> None:
        calls = [asyncio.ensure_future(world.call(late, f"late {n}")) for n in range(2)]
        await world.clock.advance(0.2)
        quick = world.process("quick")
        calls += [asyncio.ensure_future(world.call(quick, f"quick {n}")) for n in range(2)]
        for _ in range(80):
            await world.clock.advance(0.1)
        assert await asyncio.gather(*calls) == [True] * 4

    await world.play(work())
    assert [at for at, _ in world.begun[:2]] == [1000.2, 1000.2]
    world.check()


@settings(max_examples=examples(20), deadline=None)
@example(Limit(concurrency=1, per=PER, max_wait=math.inf), [(0.0, who, 0, 0.0, 0.0) for who in range(3)])
@given(limits, arrivals)
def test_in_no_window_does_more_begin_and_everybody_comes_to_their_turn(
    limit: Limit, arrivals: list[tuple[float, int, int, float, float]]
) -> None:
    async def work(world: World) -> None:
        gates, calls = [world.process(f"w{n}") for n in range(3)], list[asyncio.Task[bool]]()
        for n, (pause, who, tokens, late, takes) in enumerate(arrivals):
            await world.clock.advance(pause)
            coming = world.call(gates[who], str(n), tokens=tokens, late=late, takes=takes)
            calls.append(asyncio.ensure_future(coming))
        for _ in range(200):
            if all(each.done() for each in calls):
                break
            await world.clock.advance(PER / 2)
        assert all(each.done() and each.result() for each in calls)

    world = World(limit)
    asyncio.run(world.play(work(world)))
    world.check()
    assert len(world.begun) == len(arrivals)


@pytest.mark.parametrize(("requests", "processes"), [(20, 1), (20, 2), (20, 3), (6, 3), (50, 2)])
async def test_of_what_is_wanted_by_several_at_most_a_twentieth_is_left_unused(requests: int, processes: int) -> None:
    world, windows = World(Limit(requests=requests, per=PER, max_wait=math.inf)), 6

    async def work() -> None:
        gates = [world.process(f"w{n}") for n in range(processes)]
        total = requests * windows
        calls = [asyncio.ensure_future(world.call(gates[n % processes], str(n))) for n in range(total)]
        while not all(each.done() for each in calls):
            await world.clock.advance(PER / 20)

    await world.play(work())
    world.check()
    assert max(at for at, _ in world.begun) - 1000.0 <= (windows - 1) * PER * 1.05


@pytest.mark.parametrize("off", [(1.0, -1.0), (0.0, 0.7), (-1.0, 0.0), (-1.0, 1.0)])
async def test_clocks_that_are_off_by_a_second_let_no_more_begin_and_leave_no_more_unused(
    off: tuple[float, float],
) -> None:
    requests, windows = 20, 6
    world = World(Limit(requests=requests, per=PER, max_wait=math.inf))

    async def work() -> None:
        gates = [world.elsewhere(f"w{n}", each) for n, each in enumerate(off)]
        calls = [asyncio.ensure_future(world.call(gates[n % 2], str(n))) for n in range(requests * windows)]
        while not all(each.done() for each in calls):
            await world.clock.advance(PER / 20)

    await world.play(work())
    world.check()
    assert max(at for at, _ in world.begun) - 1000.0 <= (windows - 1) * PER * 1.05


async def test_who_has_to_wait_for_what_others_hold_is_sent_away_at_once() -> None:
    """Nothing counts in a window yet: all of it is what another process holds, and has not begun."""
    world = World(Limit(requests=2, per=60.0, max_wait=2.0))

    async def work() -> None:
        holds, comes = world.process("holds"), world.process("comes")
        slow = [asyncio.ensure_future(world.call(holds, str(n), late=30.0)) for n in range(2)]
        await world.clock.advance(0.1)
        sent = asyncio.ensure_future(world.call(comes, "comes"))
        await world.clock.advance(0.01)
        assert sent.done()
        assert not sent.result()
        await world.clock.advance(60)
        await asyncio.gather(*slow)

    await world.play(work())
    world.check()


@pytest.mark.parametrize("moves", [0, 1])
@pytest.mark.parametrize(("requests", "processes"), [(20, 1), (20, 2), (20, 3), (5, 2)])
async def test_little_is_left_unused_where_calls_wait_on_disk_and_go_on_in_any_process(
    requests: int, processes: int, moves: int
) -> None:
    per, windows = 10 * PER, 6
    world = World(Limit(requests=requests, per=per, max_wait=PER))

    async def one(gates: list[Gate], n: int) -> None:
        place = n
        while isinstance(entries := await pass_gates([gates[place % processes]], call_of(str(n)), "", 0), Sent):
            outcome = entries.outcome
            assert isinstance(outcome, Pending)
            assert isinstance(outcome.ask, Until)
            await world.clock.sleep_until(outcome.ask.at + 0.01 * (n % 3))
            place += moves
        world.begun.append((world.clock.now(), 0))
        gates[place % processes].begin(entries[0])
        gates[place % processes].leave(entries[0])

    async def work() -> None:
        gates = [world.process(f"w{n}") for n in range(processes)]
        calls = [asyncio.ensure_future(one(gates, n)) for n in range(requests * windows)]
        while not all(each.done() for each in calls):
            await world.clock.advance(per / 200)

    await world.play(work())
    world.check()
    assert max(at for at, _ in world.begun) - 1000.0 <= (windows - 1) * per * 1.05


async def test_where_calls_wait_in_two_processes_neither_has_them_all() -> None:
    world = World(Limit(requests=4, per=PER, max_wait=math.inf))
    ends: dict[str, list[float]] = {"first": [], "second": []}

    async def many(gate: Gate, name: str) -> None:
        async def one(n: int) -> None:
            await world.call(gate, f"{name} {n}")
            ends[name].append(world.clock.now() - 1000.0)

        await asyncio.gather(*(one(n) for n in range(12)))

    async def work() -> None:
        both = [asyncio.ensure_future(many(world.process(name), name)) for name in ends]
        while not all(each.done() for each in both):
            await world.clock.advance(PER / 4)

    await world.play(work())
    world.check()
    for times in ends.values():
        assert sum(each < 3.5 * PER for each in times) in range(6, 11)  # of 16 that were begun by then


async def test_a_place_that_one_process_uses_again_and_again_goes_to_another_that_waits() -> None:
    world = World(Limit(concurrency=1, max_wait=math.inf))
    busy, other = world.process("busy"), world.process("other")

    async def work() -> None:
        calls = [asyncio.ensure_future(world.call(busy, str(n), takes=0.2)) for n in range(50)]
        await world.clock.advance(1.0)
        waits = asyncio.ensure_future(world.call(other, "waits", takes=0.2))
        await world.clock.advance(1.0)
        assert waits.done()
        assert not calls[-1].done()
        while not calls[-1].done():
            await world.clock.advance(1.0)

    await world.play(work())
    world.check()


async def test_what_a_dead_process_held_comes_back_a_window_later() -> None:
    world = World(Limit(concurrency=4, requests=4, per=PER, max_wait=math.inf))

    async def work() -> None:
        dies, lives = world.process("dies"), world.process("lives")
        hanging = [asyncio.ensure_future(world.call(dies, str(n), takes=1e6)) for n in range(4)]
        await world.clock.advance(0.5)
        waits = [asyncio.ensure_future(world.call(lives, str(n))) for n in range(4)]
        await world.clock.advance(10 * PER)
        assert not any(each.done() for each in waits)
        world.dead.add("dies")
        world.running = 0
        await world.clock.advance(2 * PER)
        assert all(each.done() for each in waits)
        for each in hanging:
            each.cancel()

    await world.play(work())
    world.check()


async def test_a_process_that_was_stopped_asks_before_it_goes_on() -> None:
    """Others may have taken it for dead, and used what it had at hand."""
    world = World(Limit(requests=100, per=60.0, max_wait=0.0))

    async def work() -> None:
        stopped, other = world.process("stopped"), world.process("other")
        assert await world.call(stopped, "first")
        stock = stopped.limiter.stock
        assert stock is not None
        assert stock.calls > 0
        world.clock._now += 30.0  # pyright: ignore[reportPrivateUsage] - it is stopped: no clock drives it
        world.dead.add("stopped")
        told = [await world.call(other, str(n)) for n in range(100)]
        taken = sum(told)
        assert taken <= 99
        assert [await world.call(stopped, str(n)) for n in range(20)].count(True) <= 99 - taken

    await world.play(work())
    world.check()


async def test_what_began_while_the_store_could_not_be_used_is_told_later(caplog: pytest.LogCaptureFixture) -> None:
    world = World(Limit(requests=20, per=60.0, max_wait=math.inf))

    async def work() -> None:
        gate = world.process("w")
        for n in range(3):
            assert await world.call(gate, str(n))
        world.states.broken = True
        await world.clock.advance(0.5)
        assert "it is asked again soon" in caplog.text
        world.states.broken = False
        other = world.process("other")
        waits = [asyncio.ensure_future(world.call(other, str(n))) for n in range(20)]
        await world.clock.advance(50)
        assert sum(each.done() for each in waits) == 17
        await world.clock.advance(50)
        assert all(each.done() for each in waits)

    await world.play(work())
    world.check()


async def test_whoever_is_cancelled_while_the_store_is_asked_leaves_the_place_to_the_next() -> None:
    world = World(Limit(concurrency=1, requests=1, per=PER, max_wait=math.inf))

    async def work() -> None:
        gate = world.process("w")
        cancelled = asyncio.ensure_future(world.call(gate, "cancelled"))
        await asyncio.sleep(0)
        cancelled.cancel()
        follows = asyncio.ensure_future(world.call(gate, "follows"))
        await world.clock.settle()
        assert follows.done()

    await world.play(work())


async def test_what_one_process_used_makes_calls_of_another_wait_on_disk_until_just_before() -> None:
    world = World(Limit(requests=1, per=60.0))

    async def work() -> None:
        assert await world.call(world.process("w1"), "first")
        await world.clock.advance(10)
        sent = await pass_gates([world.process("w2")], call_of("second"), "", 0)
        assert isinstance(sent, Sent)
        assert isinstance(sent.outcome, Pending)
        assert isinstance(sent.outcome.ask, Until)
        assert sent.outcome.ask.at == 1060.0 - 1.0  # it waits the last second in memory

    await world.play(work())


async def test_what_is_closed_leaves_others_all_that_it_did_not_use() -> None:
    world = World(Limit(concurrency=2, requests=40, per=PER, max_wait=0.0))

    async def work() -> None:
        first = world.process("first")
        assert await world.call(first, "0")
        assert first.share is not None
        await first.share.close()
        other = world.process("other")
        assert [await world.call(other, str(n)) for n in range(40)].count(True) == 39

    await world.play(work())
    world.check()


async def test_at_a_low_rate_the_store_is_written_a_few_times_and_at_a_high_one_no_more_often() -> None:
    written: dict[int, int] = {}

    async def work(world: World, calls: int) -> None:
        gate = world.process("w")
        for n in range(calls):
            assert await world.call(gate, str(n))
            await world.clock.advance(1.0 / calls)
        await world.clock.advance(1.0)
        written[calls] = world.states.written

    for calls in (1, 1000):
        world = World(Limit(concurrency=2, requests=1_000_000, per=60.0, max_wait=math.inf))
        await world.play(work(world, calls))
    assert written[1] <= 3
    assert written[1000] <= 25


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 3)), max_size=300))
def test_much_that_began_is_kept_as_little_and_counts_no_shorter(began: list[tuple[float, int]]) -> None:
    pool, at = Pool(Limit(requests=10_000, per=PER)), 0.0
    ends: list[tuple[float, int]] = []
    for pause, calls in began:
        at += pause * PER / 50
        pool.begun([Used(at + PER, calls, 0)])
        ends.append((at + PER, calls))
        assert len(pool.used) <= 130 or pause > 0.5
    for until, _ in ends:
        kept = sum(each.calls for each in pool.used if each.until >= until)
        assert kept >= sum(calls for when, calls in ends if when >= until)
    again = Pool.of(Limit(requests=10_000, per=PER), pool.said() or [[], {}])
    assert (again.used, again.parts) == (pool.used, pool.parts)


def test_a_request_larger_than_the_limit_goes_alone_in_whichever_process() -> None:
    pool, held = Pool(Limit(tokens=10, per=PER)), LimitAmounts()
    assert pool.take("a", ShareRequest(held=held, calls=[30, 1]), 0.0) == (1, 1, 30)
    assert pool.take("b", ShareRequest(held=held, calls=[1]), 0.0) == (0, 0, 0)
    pool.begun([Used(PER, 1, 30)])
    assert pool.take("a", ShareRequest(held=held), 0.5) == (0, 0, 0)
    pool.correct(PER, -25)
    assert pool.take("b", ShareRequest(held=held, calls=[5, 1]), 1.0) == (1, 1, 5)
    assert pool.take("c", ShareRequest(held=held, calls=[30]), PER) == (0, 0, 0)


def test_a_time_of_day_that_is_set_back_has_nobody_wait_for_longer_than_a_window() -> None:
    pool = Pool(Limit(requests=2, concurrency=2, per=PER))
    pool.begun([Used(5000.0 + PER, 2, 0)])
    asked = ShareRequest(held=LimitAmounts(), calls=[0])
    assert pool.take("waits", asked, 5000.0) == LimitAmounts()
    assert pool.take("comes", asked, 1000.0) == LimitAmounts()
    assert all(part.seen <= 1000.0 for part in pool.parts.values())
    assert pool.take("waits", asked, 1000.0 + PER).calls == 1
    assert pool.take("comes", asked, 1000.0 + PER).calls == 1
