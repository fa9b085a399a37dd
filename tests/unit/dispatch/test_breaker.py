"""The circuit breaker: its states against a plain model of them."""

import math
import tracemalloc
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from podium.dispatch.rules.breaker.circuit import Change, Circuit, Pass
from podium.model.breaker import Breaker, CircuitState
from tests.examples import examples

SLICES = 60
CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN


class CircuitMachine(RuleBasedStateMachine):
    """Does anything in any order, and compares with what the words of the rule say."""

    entries: Bundle[tuple[Pass, float]] = Bundle("entries")

    @initialize(
        failures=st.sampled_from([0.2, 0.5, 1.0]), min_calls=st.integers(1, 5), probes=st.integers(1, 3),
        slow_after=st.sampled_from([None, 2.0]), slow=st.sampled_from([0.5, 1.0]),
        probe_timeout=st.sampled_from([None, 2.0, 20.0]),
    )  # fmt: skip
    def begin(
        self, failures: float, min_calls: int, probes: int, slow_after: float | None, slow: float,
        probe_timeout: float | None,
    ) -> None:  # fmt: skip
        self.rule = Breaker(
            failures=failures,
            min_calls=min_calls,
            probes=probes,
            slow_after=slow_after,
            slow=slow,
            window=10.0,
            open_for=5.0,
            probe_timeout=probe_timeout,
        )
        self.patience = self.rule.probe_timeout or self.rule.open_for
        self.circuit = Circuit(self.rule)
        self.now = 0.0
        self.ended: list[tuple[float, bool, bool]] = []
        self.opened_at: float | None = None
        self.in_flight: list[tuple[Pass, float]] = []
        self.late: list[Pass] = []
        self.good_probes = 0

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=entries)
    def enter(self) -> Any:
        before = self.circuit.state
        ends = min((began for _, began in self.in_flight), default=math.inf) + self.patience
        shut = self.circuit.is_shut(self.now)
        entry, changes = self.circuit.admit(self.now)
        assert shut == (entry is None)
        expected: list[CircuitState] = []
        if before is HALF_OPEN and ends <= self.now:
            expected.append(OPEN)
            self.late = [each for each, began in self.in_flight if began + self.patience <= ends]
            self.in_flight, self.opened_at, before = [], ends, OPEN
        if before is OPEN and self.opened_at is not None and self.now >= self.opened_at + self.rule.open_for:
            expected.append(HALF_OPEN)
            self.in_flight, self.good_probes = [], 0
        assert [each.after for each in changes] == expected
        state = self.circuit.state
        if state is CLOSED:
            assert entry is not None
        elif state is OPEN:
            assert entry is None
            assert self.circuit.wait(self.now) > 0
        else:
            room = len(self.in_flight) + self.good_probes < self.rule.probes
            assert (entry is not None) == room
            if entry is not None:
                self.in_flight.append((entry, self.now))
        return (entry, self.now) if entry is not None else (Pass(-1), self.now)

    @rule(given=consumes(entries), failed=st.booleans())
    def end(self, given: tuple[Pass, float], *, failed: bool) -> None:
        entry, began = given
        took = self.now - began
        slow = self.rule.slow_after is not None and took > self.rule.slow_after
        before = self.circuit.state
        change = self.circuit.judge(entry, self.now, took, failed=failed)
        if before is CLOSED and entry.probe is None:
            self.ended.append((self.slice_of_now(), failed, slow))
            self.check_opening(change)
        elif before is HALF_OPEN and any(each is entry for each, _ in self.in_flight):
            self.check_probe(entry, change, bad=failed or slow)
        elif any(each is entry for each in self.late) and not (failed or slow):
            self.check_late_probe(entry, before, change)
        else:
            assert change is None
        if self.circuit.state is OPEN and before is not OPEN:
            self.opened_at = self.now

    def slice_of_now(self) -> float:
        """When the slice of the window began in which a call ends now; calls are forgotten slice by slice."""
        last = self.ended[-1][0] if self.ended else -math.inf
        is_new = last <= self.now - self.rule.window or self.now - last >= self.rule.window / SLICES
        return self.now if is_new else last

    def check_opening(self, change: Change | None) -> None:
        recent = [each for each in self.ended if each[0] > self.now - self.rule.window]
        bad, slow = sum(each[1] for each in recent), sum(each[2] for each in recent)
        opens = len(recent) >= self.rule.min_calls and (
            (bad > 0 and bad >= self.rule.failures * len(recent)) or (slow > 0 and slow >= self.rule.slow * len(recent))
        )
        assert (change is not None) == opens

    def check_probe(self, entry: Pass, change: Change | None, *, bad: bool) -> None:
        self.in_flight = [each for each in self.in_flight if each[0] is not entry]
        self.good_probes += not bad
        if bad:
            self.late = []
        if bad:
            assert change is not None
            assert change.after is OPEN
        elif self.good_probes == self.rule.probes:
            assert change is not None
            assert change.after is CLOSED
            self.ended, self.late = [], []
        else:
            assert change is None

    def check_late_probe(self, entry: Pass, before: CircuitState, change: Change | None) -> None:
        """Its answer is worth as much as that of one in time."""
        self.late = [each for each in self.late if each is not entry]
        if before is OPEN:
            self.in_flight, self.good_probes = [], 0
        self.good_probes += 1
        closes = self.good_probes == self.rule.probes
        assert self.circuit.state is (CLOSED if closes else HALF_OPEN)
        assert (change is None) == (before is HALF_OPEN and not closes)
        if closes:
            self.ended, self.late, self.in_flight = [], [], []

    @rule(given=consumes(entries))
    def give_back(self, given: tuple[Pass, float]) -> None:
        entry, _ = given
        self.circuit.leave(entry)
        self.in_flight = [each for each in self.in_flight if each[0] is not entry]
        self.late = [each for each in self.late if each is not entry]

    @invariant()
    def no_more_probes_than_allowed_are_under_way(self) -> None:
        if hasattr(self, "circuit") and self.circuit.state is HALF_OPEN:
            assert len(self.in_flight) <= self.rule.probes


CircuitMachine.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=40, deadline=None)
TestCircuit = CircuitMachine.TestCase


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=200))
def test_a_call_counts_for_the_window_and_at_most_a_slice_of_it_less(pauses: list[float]) -> None:
    circuit, now, ended = Circuit(Breaker(window=60.0, failures=1e-9, min_calls=1)), 0.0, list[float]()
    for pause in pauses:
        now += pause
        end(circuit, now, failed=False)
        ended.append(now)
    change = end(circuit, now, failed=True)
    ended.append(now)
    assert change is not None
    counted = int(change.why.split()[2])
    assert sum(at > now - 59.0 for at in ended) <= counted <= sum(at > now - 60.0 for at in ended)


def test_a_window_with_many_calls_takes_no_more_memory_than_one_with_few() -> None:
    circuit = Circuit(Breaker(window=60.0))
    tracemalloc.start()
    for n in range(20_000):
        end(circuit, n / 1000, failed=False)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000


def end(circuit: Circuit, now: float, *, failed: bool) -> Change | None:
    """Have a call begin and end at once."""
    entry, _ = circuit.admit(now)
    assert entry is not None
    return circuit.judge(entry, now, 0.0, failed=failed)


@given(st.lists(st.booleans(), max_size=60))
def test_it_never_opens_with_fewer_calls_than_it_needs(ends: list[bool]) -> None:
    circuit = Circuit(Breaker(min_calls=100, failures=0.01))
    for at, failed in enumerate(ends):
        entry, _ = circuit.admit(at)
        assert entry is not None
        circuit.judge(entry, at, 0.0, failed=failed)
    assert circuit.state is CLOSED


def test_it_is_told_shut_where_a_probe_is_overdue_and_another_one_had_room() -> None:
    circuit = Circuit(Breaker(failures=0.2, min_calls=1, probes=2, open_for=5.0, probe_timeout=2.0))
    end(circuit, 0.0, failed=True)
    assert circuit.admit(5.0)[0] is not None
    assert not circuit.is_shut(6.9)
    assert circuit.is_shut(7.0)  # the probe had no answer, so it is open from then on
    assert not circuit.is_shut(12.0)
    assert circuit.admit(7.0)[0] is None


def test_a_time_of_day_that_is_set_back_keeps_nothing_open_for_longer() -> None:
    circuit = Circuit(Breaker(min_calls=1, failures=1.0, open_for=5.0, probes=1))
    entry, _ = circuit.admit(5000.0)
    assert entry is not None
    circuit.judge(entry, 5000.0, 0.1, failed=True)
    circuit = Circuit.of(circuit.rule, circuit.said())
    assert circuit.is_shut(1000.0)
    assert circuit.wait(1000.0) == 5.0
    assert not circuit.is_shut(1005.0)
    probe, _ = circuit.admit(1005.0)
    assert probe is not None
    assert circuit.is_shut(500.0)
    assert not circuit.is_shut(511.0)
