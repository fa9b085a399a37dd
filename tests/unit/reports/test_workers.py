"""How many workers there should be, counted from what waits, for how long, and how fast it is begun."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from podium.model.worker_standing import WorkerStanding
from podium.reports.workers import queues_of, standing_of, workers_of, workers_wanted
from podium.store.place import place, process_birth
from podium.store.protocol import Drain, ReadStore, Serves, StoredQueue, StoredWorker

NOW = 1_000.0
DRAIN = Drain(by="ann", why="deploy", at=990.0)


def worker(id: str, *, slots: int = 4, queues: tuple[str, ...] = (), rate: float = 0.0, **more: Any) -> StoredWorker:
    serves = Serves(version="1", queues=frozenset(queues) or None, slots=slots, lease=10.0)
    known: dict[str, Any] = {
        "place": "far/boot",
        "pid": 7,
        "born": "1",
        "beat": NOW - 1,
        "silence": 1.0,
        "since": 1.0,
        "running": 0,
    }
    rates = {(queues or ("default",))[0]: rate} if rate else {}
    return StoredWorker(id=id, serves=serves, rates=rates, **{**known, **more})


def queue(ready: int, oldest: float = 0.0, running: int = 0, name: str = "default") -> StoredQueue:
    return StoredQueue(queue=name, ready=ready, oldest_age=oldest, running=running)


@dataclass
class Rows:
    """A store of which only workers and queues are known."""

    workers: list[StoredWorker] = field(default_factory=list[StoredWorker])
    queues: list[StoredQueue] = field(default_factory=list[StoredQueue])

    async def worker_rows(self) -> list[StoredWorker]:
        return self.workers

    async def queue_rows(self) -> list[StoredQueue]:
        return self.queues

    @property
    def store(self) -> ReadStore:
        return cast("ReadStore", self)


BUSY = [worker("w_1", slots=2_000, rate=5.0)]
"""Its slots are free, and its processor is not."""
TWO = [worker("w_1", rate=0.25), worker("w_2", rate=0.25)]


@pytest.mark.parametrize(
    ("workers", "queues", "within", "wanted"),
    [
        ([], [], 30, 0),
        ([], [queue(1)], 30, 1),
        ([], [queue(401)], 30, 5),  # of 100 slots each
        (TWO, [], 30, 0),
        (TWO, [queue(0, running=8)], 30, 2),  # what is driven keeps its place
        (TWO, [queue(0, running=5)], 30, 2),
        (TWO, [queue(0, running=4)], 30, 1),
        (TWO, [queue(12, 40.0, running=8)], 30, 5),  # too late: each needs a slot now
        (TWO, [queue(12, 30.0, running=8)], 30, 5),
        (TWO, [queue(12, 0.0, running=8)], 30, 2),  # 11.5 each: 4 slots, and 7.5 that are begun meanwhile
        (TWO, [queue(15, 0.0, running=8)], 30, 2),
        (TWO, [queue(16, 0.0, running=8)], 30, 3),
        (TWO, [queue(16, 0.0, running=8)], 60, 2),
        ([*TWO, worker("w_3", drain=DRAIN), worker("w_4", silence=60.0)], [queue(16, 0.0, running=8)], 30, 3),
        ([worker("w_1", slots=1)], [queue(3, 99.0, running=1)], 30, 4),
        (TWO, [queue(10, 99.0), queue(10, 99.0, name="gpu")], 30, 5),
        (BUSY, [queue(3_000, 40.0, running=1_500)], 30, 20),  # 150 are begun by each in the time
        (BUSY, [queue(3_000, 6.0, running=1_500)], 30, 20),
        (BUSY, [queue(3_000, 6.0, running=1_500)], 600, 1),
        (BUSY, [queue(400, 0.2, running=10)], 30, 1),  # they have just come, and there was less to begin before
        ([worker("w_1", slots=2_000)], [queue(400, 40.0, running=10)], 30, 1),  # nothing is known of how fast it is
    ],
)
async def test_so_many_are_wanted(
    workers: list[StoredWorker], queues: list[StoredQueue], within: float, wanted: int
) -> None:
    found = await workers_wanted(Rows(workers, queues).store, None, within, 100)
    assert found.wanted == wanted
    assert found.why.endswith("1 is wanted" if wanted == 1 else f"{wanted} are wanted")


async def test_of_one_queue_only_its_runs_and_who_serves_them_count() -> None:
    workers = [
        worker("w_1", queues=("gpu",), slots=2, rate=0.5),
        worker("w_2", queues=("cpu",)),
        worker("w_3", slots=2),
    ]
    rows = Rows(workers, [queue(9, 40.0, 4, "gpu"), queue(100, 5.0, 0, "cpu")])
    found = await workers_wanted(rows.store, "gpu", 30.0, 100)
    assert (found.workers, found.ready, found.running, found.slots, found.rate) == (2, 9, 4, 2, 0.5)
    assert found.why == "9 runs wait, oldest 40 s; 4 driven, 2 workers begin 0.5/s; 7 are wanted"


async def test_a_worker_of_several_queues_has_slots_in_each() -> None:
    found = await workers_wanted(
        Rows([worker("w_1", queues=("a", "b"), slots=3)], [queue(6, 99.0)]).store, None, 30.0, 1
    )
    assert (found.slots, found.wanted) == (6, 1)


async def test_queues_that_workers_name_are_listed_also_where_nothing_waits() -> None:
    workers = [worker("w_1", queues=("gpu",), slots=2, rate=0.5), worker("w_2", queues=("gpu",), drain=DRAIN)]
    found = await queues_of(Rows(workers, [queue(3, 7.0, 1)]).store)
    told = [(each.queue, each.ready, each.oldest_age, each.running, each.workers, each.slots) for each in found]
    assert told == [("default", 3, 7.0, 1, 0, 0), ("gpu", 0, 0.0, 0, 1, 2)]
    assert [each.rate for each in found] == [0.0, 0.5]


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (worker("w"), WorkerStanding.DRIVING),
        (worker("w", drain=DRAIN), WorkerStanding.DRAINING),
        (worker("w", drain=DRAIN, drained_at=995.0), WorkerStanding.DRAINED),
        (worker("w", silence=10.5), WorkerStanding.GONE),
        (worker("w", drain=DRAIN, silence=10.5), WorkerStanding.GONE),
        (worker("w", beat=NOW - 3_600), WorkerStanding.DRIVING),  # its clock is behind
        (worker("w", left=True), WorkerStanding.LEFT),
        (worker("w", lost=True), WorkerStanding.GONE),
        (worker("w", place=place(), pid=1, born="before the last boot"), WorkerStanding.GONE),
        (worker("w", place=place(), pid=1, born=process_birth(1)), WorkerStanding.DRIVING),
    ],
)
def test_how_a_worker_stands(row: StoredWorker, standing: WorkerStanding) -> None:
    assert standing_of(row) is standing


async def test_a_worker_is_told_with_its_host_and_its_queues_in_order() -> None:
    [found] = await workers_of(Rows([worker("w", queues=("b", "a"), running=3, drain=DRAIN)]).store)
    assert (found.host, found.queues, found.running, found.drain) == ("far", ("a", "b"), 3, DRAIN)


@pytest.mark.parametrize("slots", [4, 2_000])
@pytest.mark.parametrize("speed", [0.5, 2.0])
@pytest.mark.parametrize("arrivals", [1, 9, 40])
async def test_whoever_starts_as_many_as_are_wanted_has_runs_begun_in_time(
    slots: int, speed: float, arrivals: int
) -> None:
    """A run takes processor time, so a worker begins so many a second, however many slots it has."""
    within, count, waiting, began, longest = 30.0, 1, [0.0] * 0, [0.0] * 60, 0.0
    for second in range(900):
        waiting += [float(second)] * arrivals
        begun = min(len(waiting), int(count * speed * (second + 1)) - int(count * speed * second))
        waiting, began = waiting[begun:], [*began[1:], float(begun)]
        oldest = second - waiting[0] if waiting else 0.0
        if second % 15 == 0:
            rate = sum(began) / 60 / count
            workers = [worker(f"w_{n}", slots=slots, rate=rate) for n in range(count)]
            found = await workers_wanted(Rows(workers, [queue(len(waiting), oldest)]).store, None, within, slots)
            count = max(count, found.wanted)  # who takes workers away does so slowly
        longest = max(longest, oldest) if second > 450 else 0.0
    assert longest <= within
