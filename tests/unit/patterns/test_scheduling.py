"""Which task of a plan is started next: pure logic, simulated without an engine."""

import heapq
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import PlanRefused
from podium.patterns.parts.scheduling import Plan, PlanTask, TaskSchedule, remaining, sound


def task(id: str, *after: str, seconds: float = 1.0, worker: str = "w") -> PlanTask:
    return PlanTask(id=id, worker=worker, after=after, seconds=seconds)


def seconds(task: PlanTask) -> float:
    assert task.seconds is not None
    return task.seconds


def simulate(
    tasks: Sequence[PlanTask],
    at_once: int,
    failing: frozenset[str] = frozenset(),
    took: Mapping[str, float] | None = None,
) -> tuple[Mapping[str, float], float]:
    """Carry out tasks; returns when each was started, and when the last one ended. They take what is estimated."""
    schedule, now, order = TaskSchedule(tasks, at_once=at_once), 0.0, 0
    starts: dict[str, float] = {}
    running: list[tuple[float, int, PlanTask]] = []
    while True:
        for each in schedule.start():
            assert each.id not in starts
            starts[each.id] = now
            heapq.heappush(running, (now + (seconds(each) if took is None else took[each.id]), order, each))
            order += 1
        assert len(running) <= at_once
        if not running:
            return starts, now
        now, _, ended = heapq.heappop(running)
        schedule.end(ended, succeeded=ended.id not in failing)


@st.composite
def graphs(draw: st.DrawFn) -> list[PlanTask]:
    """Draw tasks that come after earlier ones, in any order."""
    made: list[PlanTask] = []
    for number in range(draw(st.integers(1, 15))):
        after = draw(st.lists(st.sampled_from([each.id for each in made]), max_size=3)) if made else []
        made.append(task(f"t{number}", *after, seconds=draw(st.integers(0, 9))))
    return draw(st.permutations(made))


@given(graphs(), st.integers(1, 5))
def test_every_task_is_started_once_after_its_inputs_and_never_too_many_at_once(
    tasks: list[PlanTask], at_once: int
) -> None:
    starts, _ = simulate(tasks, at_once)
    known = {each.id: each for each in tasks}
    assert starts.keys() == known.keys()
    for each in tasks:
        assert all(starts[name] + seconds(known[name]) <= starts[each.id] for name in each.after)


@given(graphs(), st.integers(1, 5))
def test_the_makespan_keeps_grahams_bound_since_no_place_is_left_empty(tasks: list[PlanTask], at_once: int) -> None:
    _, makespan = simulate(tasks, at_once)
    work, path = sum(map(seconds, tasks)), max(remaining(tasks).values())
    assert makespan <= work / at_once + path * (1 - 1 / at_once) + 1e-9


@given(graphs(), st.data())
def test_a_failed_task_holds_back_those_that_wait_for_it_and_no_others(
    tasks: list[PlanTask], data: st.DataObject
) -> None:
    failing = frozenset(data.draw(st.lists(st.sampled_from([each.id for each in tasks]), max_size=3)))
    starts, _ = simulate(tasks, 3, failing)
    known = {each.id: each for each in tasks}

    def held(name: str) -> bool:
        return any(before in failing or held(before) for before in known[name].after)

    assert starts.keys() == {name for name in known if not held(name)}


def test_the_longest_remaining_path_is_first_and_the_plans_order_breaks_a_tie() -> None:
    tasks = [task("short"), task("also"), task("root"), task("leaf", "root", seconds=5), task("long", seconds=3)]
    assert remaining(tasks) == {"short": 1, "also": 1, "root": 6, "leaf": 5, "long": 3}
    assert [each.id for each in TaskSchedule(tasks, at_once=4).start()] == ["root", "long", "short", "also"]


def test_what_is_done_is_left_out_and_may_be_waited_for() -> None:
    tasks = sound(Plan(tasks=[task("a"), task("b", "a", "z")]), workers=["w"], done=["a", "z"], most=1)
    assert [each.id for each in tasks] == ["b"]
    assert TaskSchedule(tasks, at_once=1).start() == tasks


def test_a_deep_plan_needs_no_deep_stack() -> None:
    tasks = [task("t0"), *[task(f"t{n}", f"t{n - 1}") for n in range(1, 5_000)]]
    assert remaining(tasks)["t0"] == 5_000


class Counted(str):
    """A name that counts how often names are looked at."""

    __slots__ = ()
    looked_at = 0

    def __eq__(self, other: object) -> bool:
        Counted.looked_at += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        Counted.looked_at += 1
        return str.__hash__(self)


def test_what_checking_a_plan_takes_grows_with_the_plan_and_no_faster() -> None:
    def looks(count: int) -> int:
        ids = [Counted(f"t{n}") for n in range(count)]
        tasks = [PlanTask(id=name, worker="w", after=ids[max(0, n - 3) : n]) for n, name in enumerate(ids)]
        Counted.looked_at = 0
        assert len(sound(Plan(tasks=tasks), workers=["w"], done=[Counted("z")], most=count)) == count
        return Counted.looked_at

    few, many = looks(100), looks(1_000)
    assert many < 11 * few


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([task("b", "a"), task("a", "c"), task("c", "b")], "wait for each other: b → c → a → b"),
        ([task("a", "a")], "wait for each other: a → a"),
        ([task("a"), task("a")], "has 'a' twice"),
        ([task("a", worker="x")], "task 'a' is for 'x'; the workers are w"),
        ([PlanTask(id="a", worker="w", alternatives=["y"])], "task 'a' is for 'y'; the workers are w"),
        ([task("a", "z")], "task 'a' waits for 'z', which no task of the plan makes"),
        ([task("a", seconds=-1)], "task 'a' is to take -1 seconds"),
        ([task("a"), task("b"), task("c"), task("d")], "the plan has 4 tasks, and at most 3 are allowed"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(tasks: list[PlanTask], message: str) -> None:
    with pytest.raises(PlanRefused, match=message):
        sound(Plan(tasks=tasks), workers=["w"], most=3)
