"""A worker says that it lives, and takes over from those who no longer say so, unless it was away itself."""

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from podium.errors import StoreUnavailable
from podium.services.heartbeat import BeatListener, Heartbeat
from podium.store.operations import Placed
from podium.store.protocol import Drain, Serves
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

LEASE = 100.0
SERVES = Serves(lease=LEASE)


class SetClock(DrivenClock):
    """A driven clock whose time of day can be set, as by NTP; the time that passes is another matter."""

    off = 0.0

    def now(self) -> float:
        return super().now() + self.off

    def monotonic(self) -> float:
        return super().now()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_store: Path) -> Generator[SqliteStore]:
    store = SqliteStore(str(tmp_store))
    yield store
    store.close()


def told(
    found: Callable[[Sequence[Placed]], None] = lambda _: None,
    drain: Callable[[Drain], None] = lambda _: None,
    rates: Mapping[str, float] | None = None,
) -> BeatListener:
    return BeatListener(
        found=found, reborn=lambda _: None, failed=lambda _: None, drain=drain, beaten=lambda: None,
        wrote=lambda _: None, rates=lambda: rates or {},
    )  # fmt: skip


@pytest.fixture
def ours(store: SqliteStore, clock: SetClock) -> Generator[Heartbeat]:
    """Return the beat of a worker that has joined; its own thread beats only after 25 real seconds."""

    beat = Heartbeat(store.workers, "w_ours", clock, SERVES, new_id=lambda: "w_new", told=told())
    beat.start()
    yield beat
    beat.stop()


def is_alive(store: SqliteStore, worker: str, clock: SetClock) -> bool:
    """Beat for another worker: it cannot, once it was declared dead."""
    return store.workers.beat(worker, clock.now()) is not None


async def watch(clock: SetClock, ours: Heartbeat, leases: float) -> None:
    """Let time pass, and beat as often as the thread would."""
    for _ in range(int(leases * 4)):
        await clock.advance(LEASE / 4)
        assert ours.beat()


async def test_whoever_has_not_beaten_for_a_lease_is_declared_dead(
    store: SqliteStore, clock: SetClock, ours: Heartbeat
) -> None:
    store.workers.join("w_other", clock.now())
    await watch(clock, ours, 1.5)
    assert not is_alive(store, "w_other", clock)


@pytest.mark.parametrize("jump", [-1e6, -LEASE * 1.1, LEASE * 1.1, 1e6])
@pytest.mark.parametrize("whose", ["ours", "all"])
async def test_a_clock_that_jumps_declares_nobody_dead(
    store: SqliteStore, clock: SetClock, ours: Heartbeat, jump: float, whose: str
) -> None:
    store.workers.join("w_other", clock.now())
    for beat in range(12):
        await watch(clock, ours, 0.5)
        assert store.workers.beat("w_other", clock.now() - (clock.off if whose == "ours" else 0.0))
        if beat % 4 == 2:
            clock.off += jump
    assert is_alive(store, "w_other", clock)


@pytest.mark.parametrize("jump", [-1e6, 1e6])
async def test_a_clock_that_jumps_keeps_nobody_alive(
    store: SqliteStore, clock: SetClock, ours: Heartbeat, jump: float
) -> None:
    store.workers.join("w_other", clock.now())
    await watch(clock, ours, 0.5)
    clock.off += jump
    await watch(clock, ours, 1.0)
    assert not is_alive(store, "w_other", clock)


@pytest.mark.parametrize("jump", [-1e6, 1e6])
async def test_a_beat_is_as_fresh_as_it_is_old_whatever_the_time_of_day(
    clock: SetClock, ours: Heartbeat, jump: float
) -> None:
    clock.off += jump
    assert ours.fresh("w_ours")
    await clock.advance(LEASE * 0.5)
    assert not ours.fresh("w_ours")


async def test_a_worker_that_joins_declares_nobody_dead_whom_it_has_not_watched(
    store: SqliteStore, clock: SetClock, ours: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it finds in the store is a time of day, and by whose clock it cannot know."""
    monkeypatch.setattr("podium.store.sqlite.workers.place", lambda: "elsewhere")
    store.workers.join("w_other", clock.now() - 1e6)
    later = Heartbeat(store.workers, "w_later", clock, SERVES, new_id=lambda: "", told=told())
    later.start()
    later.stop()
    assert is_alive(store, "w_other", clock)


async def test_whoever_has_beaten_within_a_lease_is_not(store: SqliteStore, clock: SetClock, ours: Heartbeat) -> None:
    store.workers.join("w_other", clock.now())
    await clock.advance(LEASE * 0.9)
    assert ours.beat()
    assert is_alive(store, "w_other", clock)


async def test_a_worker_whose_own_beat_was_late_watches_the_others_anew(
    store: SqliteStore, clock: SetClock, ours: Heartbeat
) -> None:
    """The whole machine may have been stopped, and the others will beat in a moment."""
    store.workers.join("w_other", clock.now())
    await watch(clock, ours, 0.75)
    await clock.advance(LEASE * 1.5)
    assert ours.beat()
    await watch(clock, ours, 0.75)
    assert is_alive(store, "w_other", clock)
    store.workers.join("w_silent", clock.now())
    await watch(clock, ours, 1.5)
    assert not is_alive(store, "w_silent", clock)


class Away:
    """The workers of a store that cannot be reached for a while."""

    def __init__(self, store: SqliteStore) -> None:
        self._workers = store.workers
        self.away = False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailable("the server is away")
        return getattr(self._workers, name)


def beat_of(roll: Away, worker: str, clock: SetClock) -> Heartbeat:
    return Heartbeat(cast("Any", roll), worker, clock, SERVES, new_id=lambda: "w_anew", told=told())


@pytest.mark.parametrize("seed", [76, 0, 1, 2])
async def test_a_store_that_was_away_has_no_worker_declare_another_dead(
    store: SqliteStore, clock: SetClock, seed: int
) -> None:
    """Each reaches it again at another time, and has not heard of the others for as long as it was away."""
    chance, roll, start = Random(seed), Away(store), clock.monotonic()
    due = {beat_of(roll, f"w_{n}", clock): chance.uniform(0.0, LEASE / 4) for n in range(3)}
    for n in range(3):
        store.workers.join(f"w_{n}", clock.now())
    began, gone = chance.uniform(LEASE, LEASE * 2), chance.uniform(0.0, LEASE * 2)
    while (at := min(due.values())) < began + gone + LEASE * 2:
        await clock.advance(start + at - clock.monotonic())
        roll.away = began <= at < began + gone
        ours = min(due, key=lambda each: due[each])
        try:
            assert ours.beat(), f"declared dead at {at}: it was away for {gone} from {began} on"
            failed = False
        except StoreUnavailable:
            failed = True
        due[ours] = at + ours.pause(failed=failed) + chance.uniform(0.0, LEASE / 10)


async def test_a_beat_is_fresh_for_half_a_lease_and_under_its_own_name_alone(clock: SetClock, ours: Heartbeat) -> None:
    await clock.advance(LEASE * 0.49)
    assert ours.fresh("w_ours")
    assert not ours.fresh("w_other")
    await clock.advance(LEASE * 0.01)
    assert not ours.fresh("w_ours")
    assert ours.beat()
    assert ours.fresh("w_ours")


async def test_a_worker_that_was_declared_dead_cannot_beat(
    store: SqliteStore, clock: SetClock, ours: Heartbeat
) -> None:
    await clock.advance(LEASE * 2)
    store.workers.reap("w_other", store.workers.beats("w_other"))
    assert not ours.beat()
    assert not ours.fresh("w_ours")


async def test_a_worker_that_joins_takes_over_at_once_from_processes_that_are_gone(
    store: SqliteStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.store.sqlite.workers.process_birth", "before the last boot".format)
    store.workers.join("w_other", clock.now())
    monkeypatch.undo()
    found: list[Sequence[Placed]] = []
    beat = Heartbeat(store.workers, "w_ours", clock, SERVES, new_id=lambda: "", told=told(found=found.append))
    beat.start()
    beat.stop()
    assert not is_alive(store, "w_other", clock)
    assert found == [[]]
