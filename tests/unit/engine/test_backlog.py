from podium.engine.worker.backlog import Backlog


def looks(backlog_of: list[int], *, limit: int, taken: list[int]) -> list[int]:
    """Return how often the store was looked at after each time that runs were taken."""
    looked: list[int] = []
    backlog = Backlog(lambda: looked.append(1))
    for told in backlog_of:
        backlog.told(told, limit)
    found: list[int] = []
    for runs in taken:
        backlog.taken(runs)
        found.append(len(looked))
    return found


def test_the_store_is_looked_at_once_when_half_of_what_it_told_of_is_taken() -> None:
    assert looks([10], limit=10, taken=[3, 1, 1, 1, 4]) == [0, 0, 1, 1, 1]


def test_it_is_not_where_it_told_of_all_there_are() -> None:
    assert looks([9], limit=10, taken=[9]) == [0]
    assert looks([10, 0], limit=10, taken=[9]) == [0]


def test_a_worker_of_one_slot_looks_with_each_run() -> None:
    assert looks([1], limit=1, taken=[1]) == [1]
