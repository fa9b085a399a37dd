"""Plans, and which of their tasks is to be started next: pure logic, without engine or agents."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from math import fsum

from podium.errors import PlanRefused
from podium.model.json import Json

_UNKNOWN = 1.0
"""The estimate where nothing is known: every task is as long as the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTask:
    """One piece of work.

    `id` is its name in the plan, `worker` who does it, `input` what the worker gets. `after` are the ids of the tasks
    whose results it needs. `seconds` is an estimate of how long it takes; without one it is what the calls of its
    worker took on average. `alternatives` are other workers who could do it, should the first one fail.
    """

    id: str
    worker: str
    input: Json = None
    after: Sequence[str] = ()
    seconds: float | None = None
    alternatives: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The tasks that are left to do. Each is started as soon as the results it needs are there."""

    tasks: Sequence[PlanTask]


def sound(plan: Plan, *, workers: Collection[str], done: Collection[str] = (), most: int) -> list[PlanTask]:
    """Return the tasks of a plan that are not done yet; raises PlanRefused, naming the task, for what cannot work."""
    ended = set(done)
    tasks = [each for each in plan.tasks if each.id not in ended]
    if len(tasks) > most:
        raise PlanRefused(f"the plan has {len(tasks)} tasks, and at most {most} are allowed: plan larger pieces.")
    ids = Counter(each.id for each in tasks)
    if twice := sorted(each for each, count in ids.items() if count > 1):
        raise PlanRefused(f"the plan has {_quoted(twice)} twice: give each task an id of its own.")
    there = {*ids, *ended}
    for task in tasks:
        _check(task, workers, there)
    _order(tasks)
    return tasks


def _check(task: PlanTask, workers: Collection[str], there: Collection[str]) -> None:
    if unknown := [each for each in (task.worker, *task.alternatives) if each not in workers]:
        raise PlanRefused(f"task {task.id!r} is for {_quoted(unknown)}; the workers are {', '.join(workers)}.")
    if missing := [each for each in task.after if each not in there]:
        raise PlanRefused(f"task {task.id!r} waits for {_quoted(missing)}, which no task of the plan makes.")
    if task.seconds is not None and not task.seconds >= 0:
        raise PlanRefused(f"task {task.id!r} is to take {task.seconds:g} seconds: expected 0 or more.")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _order(tasks: Sequence[PlanTask]) -> "TopologicalSorter[str]":
    """Return the order of the tasks among themselves; raises PlanRefused where they wait for each other."""
    ids = {each.id for each in tasks}
    order = TopologicalSorter({each.id: [name for name in each.after if name in ids] for each in tasks})
    try:
        order.prepare()
    except CycleError as error:
        raise PlanRefused(f"tasks of the plan wait for each other: {' → '.join(error.args[1])}.") from error
    return order


def with_presets(plan: Plan) -> Plan:
    """Return a plan in which each task has an estimate, as all had that were planned before one could be left out."""
    known = [_UNKNOWN if each.seconds is None else each.seconds for each in plan.tasks]
    return Plan(tasks=[replace(each, seconds=seconds) for each, seconds in zip(plan.tasks, known, strict=True)])


def estimated(tasks: Sequence[PlanTask], took: Mapping[str, float]) -> list[PlanTask]:
    """Return the tasks with an estimate each: where none is given, what calls of the worker `took`, in seconds.

    Of whom nothing is known it is the mean of the others.
    """
    known = [_estimate(each, took) for each in tasks]
    some = [each for each in known if each is not None]
    mean = fsum(some) / len(some) if some else _UNKNOWN
    return [
        replace(task, seconds=mean if seconds is None else seconds) for task, seconds in zip(tasks, known, strict=True)
    ]


def _estimate(task: PlanTask, took: Mapping[str, float]) -> float | None:
    return took.get(task.worker) if task.seconds is None else task.seconds


def remaining(tasks: Sequence[PlanTask]) -> dict[str, float]:
    """Return for each task the estimated seconds from its start to the plan's end: the longest path that it begins."""
    known = {each.id: each for each in tasks}
    followed_by = dict.fromkeys(known, 0.0)
    paths: dict[str, float] = {}
    order = TopologicalSorter({each.id: [name for name in each.after if name in known] for each in tasks})
    for name in reversed(list(order.static_order())):
        seconds = known[name].seconds
        paths[name] = (_UNKNOWN if seconds is None else seconds) + followed_by[name]
        for before in known[name].after:
            if before in known:
                followed_by[before] = max(followed_by[before], paths[name])
    return paths


class TaskSchedule:
    """Says which tasks to start: those whose inputs are there, the longest remaining path first.

    A task that does not succeed holds back those that wait for it, and no others.
    """

    def __init__(self, tasks: Sequence[PlanTask], *, at_once: int) -> None:
        """Take sound tasks; an `after` that is none of them counts as done."""
        paths = remaining(tasks)
        self._rank = {each.id: (-paths[each.id], place, each) for place, each in enumerate(tasks)}
        self._order = _order(tasks)
        self._ready: list[tuple[float, int, PlanTask]] = []
        self._free = at_once

    def start(self) -> list[PlanTask]:
        """Return the tasks that are to be started now; they count as running until they are ended."""
        for name in self._order.get_ready():
            heapq.heappush(self._ready, self._rank[name])
        count = min(self._free, len(self._ready))
        self._free -= count
        return [heapq.heappop(self._ready)[2] for _ in range(count)]

    def end(self, task: PlanTask, *, succeeded: bool) -> None:
        """Note that a task has ended: its place is free, and where it succeeded, its result is there."""
        self._free += 1
        if succeeded:
            self._order.done(task.id)
