"""A worker says that it lives, and takes over from those who no longer say so, unless it was away itself."""

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from podium.services.heartbeat import Heartbeat
from podium.store.operations import Placed
from podium.store.sqlite.store import SqliteStore
from podium.testing import DrivenClock

LEASE = 100.0


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def store(tmp_store: Path) -> Generator[SqliteStore]:
    store = SqliteStore(str(tmp_store))
    yield store
    store.close()


@pytest.fixture
def ours(store: SqliteStore, clock: DrivenClock) -> Generator[Heartbeat]:
    """Return the beat of a worker that has joined; its own thread beats only after 25 real seconds."""

    def ignore(_: Sequence[Placed] | str | BaseException) -> None: ...

    beat = Heartbeat(
        store.workers, "w_ours", clock, LEASE, found=ignore, reborn=ignore, new_id=lambda: "w_new", failed=ignore
    )
    beat.start()
    yield beat
    beat.stop()


def is_alive(store: SqliteStore, worker: str, clock: DrivenClock) -> bool:
    """Beat for another worker: it cannot, once it was declared dead."""
    return store.workers.beat(worker, clock.now())


async def test_whoever_has_not_beaten_for_a_lease_is_declared_dead(
    store: SqliteStore, clock: DrivenClock, ours: Heartbeat
) -> None:
    store.workers.join("w_other", clock.now())
    for _ in range(2):
        await clock.advance(LEASE * 0.9)
        assert ours.beat()
    assert not is_alive(store, "w_other", clock)


async def test_whoever_has_beaten_within_a_lease_is_not(
    store: SqliteStore, clock: DrivenClock, ours: Heartbeat
) -> None:
    store.workers.join("w_other", clock.now())
    await clock.advance(LEASE * 0.9)
    assert ours.beat()
    assert is_alive(store, "w_other", clock)


async def test_a_worker_whose_own_beat_was_late_declares_nobody_dead_that_time(
    store: SqliteStore, clock: DrivenClock, ours: Heartbeat
) -> None:
    """The whole machine may have been stopped, and the others will beat in a moment."""
    store.workers.join("w_other", clock.now())
    await clock.advance(LEASE * 1.5)
    assert ours.beat()
    assert is_alive(store, "w_other", clock)


async def test_a_worker_that_was_late_once_declares_others_dead_at_its_next_beat(
    store: SqliteStore, clock: DrivenClock, ours: Heartbeat
) -> None:
    store.workers.join("w_other", clock.now())
    await clock.advance(LEASE * 1.5)
    assert ours.beat()
    assert ours.beat()
    assert not is_alive(store, "w_other", clock)


async def test_a_beat_is_fresh_for_half_a_lease_and_under_its_own_name_alone(
    clock: DrivenClock, ours: Heartbeat
) -> None:
    await clock.advance(LEASE * 0.49)
    assert ours.fresh("w_ours")
    assert not ours.fresh("w_other")
    await clock.advance(LEASE * 0.01)
    assert not ours.fresh("w_ours")
    assert ours.beat()
    assert ours.fresh("w_ours")


async def test_a_worker_that_was_declared_dead_cannot_beat(
    store: SqliteStore, clock: DrivenClock, ours: Heartbeat
) -> None:
    await clock.advance(LEASE * 2)
    store.workers.reap("w_other", clock.now() - LEASE)
    assert not ours.beat()
    assert not ours.fresh("w_ours")


async def test_a_worker_that_joins_declares_the_dead_dead_at_once(store: SqliteStore, clock: DrivenClock) -> None:
    store.workers.join("w_other", clock.now() - LEASE * 2)
    found: list[Sequence[Placed]] = []
    beat = Heartbeat(
        store.workers, "w_ours", clock, LEASE, found=found.append, reborn=print, new_id=lambda: "", failed=print
    )
    beat.start()
    beat.stop()
    assert not is_alive(store, "w_other", clock)
    assert found == [[]]
