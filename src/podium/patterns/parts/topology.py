"""Which shape of teamwork fits a task: pure rules on the graph of its parts, and on how an agent did so far."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from podium.errors import PlanRefused

_MOST_TASKS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedTask:
    """One part of a task: `after` are the ids of the parts that have to be done before it.

    `coupling` says how much of their context it needs, from 0 to 1: 0 none, 0.3 where it helps and is not required, 0.7
    where what they give is its input, 1 where all has to be of one piece.
    """

    id: str
    after: Sequence[str] = ()
    coupling: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskShape:
    """What an analyst says of a task: its parts, and how many tools it takes. No parts: it cannot be divided.

    `dynamic` is whether what is found on the way decides what there is to do next, as in a search of the web. `kind` is
    a short name for tasks of this sort, such as `report`: how teams did is told by it.
    """

    tasks: Sequence[ShapedTask]
    tools: int = 0
    dynamic: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of a task that the rules read."""

    tasks: int
    width: int
    """How many parts at most can be worked on side by side: none of them waits for another."""
    depth: int
    """How many parts at most follow on each other."""
    coupling: float
    """The mean coupling where one part waits for another; 0 where none does."""
    tools: int = 0
    dynamic: bool = False
    """Whether what is found on the way decides what there is to do next."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Which shape of teamwork was chosen, and why."""

    chosen: str
    why: str


_UNDIVIDED = Fit("single", "there is nothing to divide.")


def measured(shape: TaskShape) -> Measures:
    """Return the figures of a task; raises PlanRefused, naming the part, for a graph that cannot be."""
    after = _sound(shape.tasks)
    order = list(TopologicalSorter(after).static_order())
    depth: dict[str, int] = {}
    before: dict[str, set[str]] = {}
    for each in order:
        depth[each] = 1 + max((depth[one] for one in after[each]), default=0)
        before[each] = {*after[each]}.union(*(before[one] for one in after[each]))
    couplings = [task.coupling for task in shape.tasks for _ in after[task.id]]
    return Measures(
        tasks=len(order), width=len(order) - _matched(before), depth=max(depth.values(), default=0),
        coupling=math.fsum(couplings) / len(couplings) if couplings else 0.0, tools=shape.tools,
        dynamic=shape.dynamic,
    )  # fmt: skip


def _sound(tasks: Sequence[ShapedTask]) -> dict[str, list[str]]:
    """Return after whom each part comes; raises PlanRefused where that makes no sense."""
    if len(tasks) > _MOST_TASKS:
        raise PlanRefused(f"the task has {len(tasks)} parts, and at most {_MOST_TASKS} are allowed: divide it less.")
    ids = Counter(each.id for each in tasks)
    if twice := sorted(each for each, count in ids.items() if count > 1):
        raise PlanRefused(f"the task has the part {twice[0]!r} twice: give each an id of its own.")
    for task in tasks:
        if missing := sorted(set(task.after) - ids.keys()):
            raise PlanRefused(f"part {task.id!r} comes after {missing[0]!r}, which is no part of the task.")
        if not 0 <= task.coupling <= 1:
            raise PlanRefused(f"part {task.id!r} has a coupling of {task.coupling:g}: expected a number from 0 to 1.")
    after = {task.id: list(dict.fromkeys(task.after)) for task in tasks}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        raise PlanRefused(f"parts of the task wait for each other: {' → '.join(error.args[1])}.") from error
    return after


def _matched(before: Mapping[str, set[str]]) -> int:
    """Return how many parts can follow in a chain on one of their own: the widest antichain has all the others.

    By Dilworth's theorem, with a largest matching of the parts to those that come before them (Kuhn).
    """
    follower: dict[str, str] = {}

    def placed(part: str, tried: set[str]) -> bool:
        for one in sorted(before[part] - tried):
            tried.add(one)
            if one not in follower or placed(follower[one], tried):
                follower[one] = part
                return True
        return False

    return sum(placed(part, set()) for part in before)


def by_scaling(task: Measures, *, many_tools: int) -> Fit:
    """Choose after "Towards a science of scaling agent systems" (arXiv 2512.08296)."""
    if task.tasks <= 1:
        return _UNDIVIDED
    if task.width == 1:
        return Fit(
            "single", f"{task.tasks} parts, one after the other: handing over would cost, and nothing runs abreast."
        )
    if task.dynamic:
        return Fit(
            "decentralised", f"{task.tasks} parts, {task.width} abreast, and what is found decides what there is to do."
        )
    if task.tools >= many_tools:
        return Fit(
            "decentralised", f"{task.tasks} parts, {task.width} abreast, and {task.tools} tools: many to be tried."
        )
    return Fit(
        "centralised", f"{task.tasks} parts, {task.width} abreast, and few tools ({task.tools}): one divides it."
    )


def by_adaptorch(task: Measures, *, width: float, coupling: float, size: int) -> Fit:
    """Choose after algorithm 1 of AdaptOrch (arXiv 2602.16873); what is one part only stays with the single agent."""
    if task.tasks <= 1:
        return _UNDIVIDED
    told = f"{task.tasks} parts, {task.width} abreast, {task.depth} deep, coupling {task.coupling:.2g}"
    if task.depth == 1:
        return Fit("parallel", f"{told}: none waits for another.")
    if task.width == 1:
        return Fit("sequential", f"{told}: each waits for the one before.")
    if task.coupling > coupling and task.tasks > size:
        return Fit("hierarchical", f"{told}: more than {size}, and they have to agree.")
    if task.width / task.tasks > width and task.coupling <= coupling:
        return Fit("parallel", f"{told}: wide, and little has to agree.")
    return Fit("hybrid", f"{told}: side by side within a layer, one layer after the other.")
