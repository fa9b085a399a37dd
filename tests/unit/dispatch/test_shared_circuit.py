"""A circuit breaker that several processes have in common."""

import asyncio
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from podium.dispatch.rules.breaker.circuit import Change, Pass
from podium.dispatch.rules.breaker.rule import Breakers
from podium.dispatch.rules.breaker.shared_circuit import SharedCircuit
from podium.errors import StoreUnavailable
from podium.model.agent import Card
from podium.model.breaker import Breaker, CircuitState
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.services.store_time import StoreTime
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock
from podium.testing.steps import PlainSteps

OPEN, CLOSED, HALF_OPEN = CircuitState.OPEN, CircuitState.CLOSED, CircuitState.HALF_OPEN
CALL: Any = None  # no rule here looks at it
LATE = 0.1
"""Seconds after which a process has heard of what another one did."""
SLICE = 10.0 / 60.0
"""So exactly is it kept when calls were, in seconds."""


def at_once() -> float:
    """Return the time after an answer of a store that takes none: never later than before."""
    return 0.0


class States:
    """What processes share, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.written = 0
        self.broken = False

    async def get(self, name: str) -> bytes:
        if self.broken:
            raise StoreUnavailable("the disk is full")
        return self.kept.get(name, b"")

    async def named(self, prefix: str) -> dict[str, bytes]:
        return {name: state for name, state in self.kept.items() if name.startswith(prefix)}

    async def time(self) -> None:
        pass

    async def swap(self, name: str, seen: bytes, state: bytes, *, now: float, until: float) -> bool:
        assert now < until or not state
        if self.kept.get(name, b"") != seen:
            return False
        self.kept[name] = state
        self.written += 1
        return True


async def down(call: Any, steps: Any) -> Outcome:
    return Failed(Failure(FailureKind.TRANSPORT, "Away", "away"))


async def up(call: Any, steps: Any) -> Outcome:
    return Done("here")


async def test_what_one_process_opens_is_open_for_all_and_they_probe_together(tmp_path: Path) -> None:
    clock = DrivenClock()
    card = Card(name="quotes", breaker=Breaker(min_calls=4, failures=1.0, open_for=30.0))
    stores = [SqliteStore(str(tmp_path / "podium.db")) for _ in range(2)]
    breakers = [Breakers(StoreTime(clock), states=store.states) for store in stores]
    one, other = breakers[0].calls(card, down), breakers[1].calls(card, down)
    for _ in range(2):  # their failures add up
        assert isinstance(await one(CALL, PlainSteps()), Failed)
        assert isinstance(await other(CALL, PlainSteps()), Failed)
    await clock.advance(2 * LATE)
    for handler in (one, other):
        refused = await handler(CALL, PlainSteps())
        assert isinstance(refused, Failed)
        assert refused.failure.type == "CircuitOpen"
    await clock.advance(30)
    hangs = asyncio.Event()

    async def slow(call: Any, steps: Any) -> Outcome:
        await hangs.wait()
        return Done("here")

    probe = asyncio.ensure_future(breakers[0].calls(card, slow)(CALL, PlainSteps()))
    await clock.settle()
    good = breakers[1].calls(card, up)
    refused = await good(CALL, PlainSteps())
    assert isinstance(refused, Failed)
    hangs.set()
    assert await probe == Done("here")
    assert await breakers[1].states(()) == {("quotes", "1"): CLOSED}
    assert await good(CALL, PlainSteps()) == Done("here")
    for store in stores:
        store.close()


async def test_it_stands_as_it_stood_when_the_process_begins_again(tmp_path: Path) -> None:
    clock = DrivenClock()
    card = Card(name="quotes", breaker=Breaker(min_calls=1, failures=1.0, open_for=30.0))
    for handler, ends in ((down, "Away"), (up, "CircuitOpen")):
        store = SqliteStore(str(tmp_path / "podium.db"))
        ended = await Breakers(StoreTime(clock), states=store.states).calls(card, handler)(CALL, PlainSteps())
        assert isinstance(ended, Failed)
        assert ended.failure.type == ends
        store.close()


async def test_what_goes_well_is_told_together() -> None:
    states, circuit = States(), None
    circuit = SharedCircuit(Breaker(), "a", states, lambda: None, at_once)
    for n in range(1000):
        await good(circuit, n / 1000)
    assert states.written <= 12
    other = SharedCircuit(Breaker(min_calls=1000, failures=1e-9), "a", states, lambda: None, at_once)
    changes = await ended(other, await admitted(other, 1.1), 1.1, failed=True)
    assert [each.why for each in changes] in ([], [f"1 of {n} calls failed within 60 s" for n in (1000,)])


async def test_calls_that_go_well_wait_for_no_write_and_are_known_to_others_a_second_later() -> None:
    states, rule = States(), Breaker(failures=0.1, min_calls=2)
    circuit = SharedCircuit(rule, "a", states, lambda: None, at_once)
    for n in range(80):
        await good(circuit, n / 4)
    assert states.written <= 80 / 4
    other = SharedCircuit(rule, "a", states, lambda: None, at_once)
    assert await ended(other, await admitted(other, 20.0), 20.0, failed=True) == []  # one of at least 77


async def test_what_opens_while_the_store_is_asked_stays_open_for_its_whole_time() -> None:
    rule = Breaker(min_calls=1, failures=1.0, open_for=5.0)
    states, passed = States(), 0.0
    other = SharedCircuit(rule, "a", states, lambda: None, at_once)
    get = states.get

    async def late(name: str) -> bytes:
        nonlocal passed
        states.get, passed = get, 1.0
        await ended(other, await admitted(other, 1.0), 1.0, failed=True)
        return await get(name)

    states.get = late
    circuit = SharedCircuit(rule, "a", states, lambda: None, lambda: passed)
    assert (await circuit.admit(0.0))[0] is None
    assert (await circuit.admit(5.5))[0] is None
    assert (await circuit.admit(6.0))[0] is not None


async def test_where_the_store_cannot_be_used_each_process_goes_by_what_it_knows() -> None:
    states = States()
    states.broken = True
    circuit = SharedCircuit(Breaker(min_calls=1, failures=1.0), "a", states, lambda: None, at_once)
    assert await ended(circuit, await admitted(circuit, 0.0), 0.0, failed=True) == []
    assert circuit.circuit.state is OPEN
    assert (await circuit.admit(1.0))[0] is None


async def good(circuit: SharedCircuit, now: float) -> None:
    await ended(circuit, await admitted(circuit, now), now, failed=False)


async def ended(circuit: SharedCircuit, entry: Pass, now: float, *, failed: bool) -> list[Change]:
    changes = circuit.count(entry, now, 0.0, failed=failed)
    return list(await circuit.judge(entry, now, 0.0, failed=failed) if changes is None else changes)


async def admitted(circuit: SharedCircuit, now: float) -> Pass:
    entry, _ = await circuit.admit(now)
    assert entry is not None
    return entry


kinds = st.sampled_from(["good", "bad", "begin", "end"])
happenings = st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.5, 6.0]), st.integers(0, 2), kinds), max_size=60)


@example(
    [(0.0, 0, "bad"), (0.0, 1, "begin"), (0.0, 0, "bad"), (0.0, 0, "end"), (6.0, 1, "good"), (0.5, 0, "good")], 2, 3
)
@example([(0.0, 1, "good"), (6.0, 0, "bad"), (0.0, 1, "good"), (0.5, 0, "good")], 2, 2)
@given(happenings, st.integers(1, 2), st.integers(1, 3))
def test_when_one_has_opened_it_none_lets_calls_through_and_no_more_probe_than_may(
    happenings: list[tuple[float, int, str]], probes: int, min_calls: int
) -> None:
    async def play() -> None:
        rule = Breaker(min_calls=min_calls, failures=0.5, open_for=5.0, window=10.0, probes=probes, probe_timeout=100.0)
        states, now = States(), 0.0
        circuits = [SharedCircuit(rule, "a", states, lambda: None, at_once) for _ in range(3)]
        opened_at, under_way = float("-inf"), list[tuple[SharedCircuit, Pass]]()
        is_open, probing, last_bad = False, 0, 0.0
        for pause, who, what in happenings:
            now += pause
            circuit = circuits[who]
            if what == "end" and under_way:
                circuit, entry = under_way.pop(0)
                changes = await ended(circuit, entry, now, failed=False)
                probing -= entry.probe is not None and is_open
            else:
                entry, told = await circuit.admit(now)
                changes = list(told)
                if entry is not None and is_open:
                    assert now >= opened_at + rule.open_for - SLICE or now < opened_at + LATE + 1e-6
                    probing += entry.probe is not None
                    assert probing <= probes
                if entry is not None and what == "begin":
                    under_way.append((circuit, entry))
                elif entry is not None:
                    last_bad = now if what == "bad" else last_bad
                    changes += await ended(circuit, entry, now, failed=what == "bad")
                    probing -= entry.probe is not None and is_open
            for change in changes:
                is_open = change.after is not CLOSED
                if change.after is OPEN:
                    # from the failure on, though it is told when a call of another process makes it enough of them
                    opened_at, probing, under_way = last_bad, 0, [each for each in under_way if each[1].probe is None]
                if change.after is CLOSED:
                    probing, under_way = 0, []

    asyncio.run(play())
