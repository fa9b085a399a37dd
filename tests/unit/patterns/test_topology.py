"""Which shape of teamwork fits: pure rules."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import PlanRefused
from podium.patterns.parts.topology import (
    Measures,
    ShapedTask,
    TaskShape,
    by_adaptorch,
    by_scaling,
    measured,
)


def shape(*tasks: str, tools: int = 0, coupling: float = 0.5, dynamic: bool = False) -> TaskShape:
    """Return a task: `shape("a", "b < a")` has a part b that comes after a."""
    split = [each.partition(" < ") for each in tasks]
    parts = [ShapedTask(id=name, after=after.split(), coupling=coupling) for name, _, after in split]
    return TaskShape(tasks=parts, tools=tools, dynamic=dynamic)


def scaling(task: TaskShape) -> str:
    return by_scaling(measured(task), many_tools=16).chosen


def adaptorch(task: TaskShape) -> str:
    return by_adaptorch(measured(task), width=0.5, coupling=0.6, size=5).chosen


DIAMOND = ("a", "b < a", "c < a", "d < b c")
LADDER = ("a", "b < a", "c < b", "d", "e < d", "f < e")
"""Two chains of three."""


@pytest.mark.parametrize(
    ("tasks", "figures"),
    [
        ((), (0, 0, 0, 0.0)),
        (("a",), (1, 1, 1, 0.0)),
        (("a", "b", "c"), (3, 3, 1, 0.0)),
        (("a", "b < a", "c < b"), (3, 1, 3, 0.5)),
        (DIAMOND, (4, 2, 3, 0.5)),
        (LADDER, (6, 2, 3, 0.5)),
        (("b", "c < a b", "a", "d < a"), (4, 2, 2, 0.5)),
        (("a", "b < a", "c < b", "d < a", "e < d", "f < a"), (6, 3, 3, 0.5)),
    ],
)
def test_a_graph_is_measured(tasks: tuple[str, ...], figures: tuple[float, ...]) -> None:
    found = measured(shape(*tasks))
    assert (found.tasks, found.width, found.depth, found.coupling) == figures


def test_the_coupling_is_the_mean_where_one_part_waits_for_another() -> None:
    parts = [ShapedTask(id="a", coupling=1.0), ShapedTask(id="b", after=["a", "a"], coupling=0.5)]
    third = ShapedTask(id="c", after=["a", "b"], coupling=0.2)
    assert measured(TaskShape(tasks=[*parts, third])).coupling == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (shape("a", "a"), "the task has the part 'a' twice"),
        (shape("a < b"), "part 'a' comes after 'b', which is no part of the task"),
        (shape("a < b", "b < a"), "parts of the task wait for each other: "),
        (shape("a", coupling=1.5), "part 'a' has a coupling of 1.5: expected a number from 0 to 1"),
        (shape(*map(str, range(201))), "the task has 201 parts, and at most 200 are allowed"),
    ],
)
def test_a_graph_that_cannot_be_is_refused(task: TaskShape, message: str) -> None:
    with pytest.raises(PlanRefused, match=message):
        measured(task)


@pytest.mark.parametrize(
    ("task", "chosen"),
    [
        (shape(), "single"),
        (shape("a"), "single"),
        (shape("a", "b < a", tools=40), "single"),
        (shape("a", "b", tools=15), "centralised"),
        (shape("a", "b", tools=16), "decentralised"),
        (shape(*DIAMOND), "centralised"),
        (shape(*DIAMOND, dynamic=True), "decentralised"),
        (shape("a", "b < a", dynamic=True), "single"),
    ],
)
def test_scaling_goes_by_what_runs_abreast_and_by_the_tools(task: TaskShape, chosen: str) -> None:
    assert scaling(task) == chosen


@pytest.mark.parametrize(
    ("task", "chosen"),
    [
        (shape(), "single"),
        (shape("a"), "single"),
        (shape("a", "b"), "parallel"),
        (shape("a", "b < a"), "sequential"),
        (shape(*LADDER, coupling=0.7), "hierarchical"),
        (shape(*LADDER, coupling=0.6), "hybrid"),
        (shape(*DIAMOND, coupling=0.7), "hybrid"),
        (shape("a", "b", "c", "d < a", coupling=0.6), "parallel"),
        (shape("a", "b", "c", "d < a", coupling=0.7), "hybrid"),
        (shape(*DIAMOND, coupling=0.1), "hybrid"),
    ],
)
def test_adaptorch_goes_by_width_depth_and_coupling(task: TaskShape, chosen: str) -> None:
    assert adaptorch(task) == chosen


def test_the_reason_names_the_figures() -> None:
    assert by_scaling(measured(shape(*DIAMOND, tools=3)), many_tools=16).why == (
        "4 parts, 2 abreast, and few tools (3): one divides it."
    )
    assert by_adaptorch(measured(shape(*DIAMOND)), width=0.5, coupling=0.6, size=5).why == (
        "4 parts, 2 abreast, 3 deep, coupling 0.5: side by side within a layer, one layer after the other."
    )


@st.composite
def shapes(draw: st.DrawFn, *, most: int = 7) -> TaskShape:
    """Return a task whose parts come after some of those before them."""
    names = "abcdefgh"[: draw(st.integers(0, most))]
    parts = [
        ShapedTask(
            id=name,
            after=sorted(draw(st.sets(st.sampled_from(names[:n])))) if n else [],
            coupling=draw(st.floats(0, 1)),
        )
        for n, name in enumerate(names)
    ]
    return TaskShape(tasks=draw(st.permutations(parts)), tools=draw(st.integers(0, 30)))


def waits(task: TaskShape) -> set[tuple[str, str]]:
    """Return all pairs of which the second waits for the first, directly or not."""
    pairs = {(before, each.id) for each in task.tasks for before in each.after}
    while further := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs |= further
    return pairs


@given(shapes())
def test_the_width_is_the_largest_group_in_which_nobody_waits_for_another(task: TaskShape) -> None:
    ids, pairs = [each.id for each in task.tasks], waits(task)
    free = [
        size
        for size in range(len(ids) + 1)
        for group in combinations(ids, size)
        if not any((one, other) in pairs or (other, one) in pairs for one, other in combinations(group, 2))
    ]
    assert measured(task).width == max(free)


@given(shapes())
def test_scaling_never_leaves_the_single_agent_where_all_is_strictly_in_sequence_and_always_else(
    task: TaskShape,
) -> None:
    ids, pairs = [each.id for each in task.tasks], waits(task)
    strict = all((one, other) in pairs or (other, one) in pairs for one, other in combinations(ids, 2))
    assert (scaling(task) == "single") == strict


@given(shapes())
def test_a_part_more_that_waits_for_nobody_never_leads_back_to_one_after_the_other(task: TaskShape) -> None:
    wider = TaskShape(tasks=[*task.tasks, ShapedTask(id="z")], tools=task.tools)
    assert measured(wider).width == measured(task).width + 1
    if scaling(task) != "single":
        assert scaling(wider) == scaling(task)
    if adaptorch(task) not in ("single", "sequential"):
        assert adaptorch(wider) not in ("single", "sequential")


@given(st.integers(2, 50), st.integers(2, 50), st.integers(2, 50), st.floats(0, 1))
def test_adaptorch_only_widens_as_more_runs_abreast(tasks: int, narrow: int, wide: int, coupling: float) -> None:
    narrow, wide = sorted((narrow, wide))
    if wide < tasks:
        one, other = (
            by_adaptorch(
                Measures(tasks=tasks, width=width, depth=2, coupling=coupling), width=0.5, coupling=0.6, size=5
            ).chosen
            for width in (narrow, wide)
        )
        assert (one, other) in {(one, one), ("hybrid", "parallel")}
