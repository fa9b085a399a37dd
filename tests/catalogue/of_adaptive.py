"""`adaptive`."""

from podium import agent
from podium.patterns.adaptive import AdaptOrch, adaptive
from podium.patterns.parts.topology import ShapedTask, TaskShape
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def adaptive_look(task: str) -> TaskShape:
    parts = {"gather": [], "sort": ["gather"], "count": ["gather"], "tell": ["sort", "count"]}
    return TaskShape(tasks=[ShapedTask(id=part, after=after) for part, after in parts.items()])


@agent
async def adaptive_alone(text: str) -> str:
    return "is not chosen"


@agent
async def adaptive_sort(text: str) -> str:
    return "".join(sorted(text))


ENTRY = Entry(
    build=lambda slot: adaptive(
        adaptive_alone,
        analyst=adaptive_look,
        rule=AdaptOrch(
            parallel=adaptive_alone,
            sequential=adaptive_alone,
            hierarchical=adaptive_alone,
            hybrid=sequence(slot, adaptive_sort),
        ),
    ),
    gives={
        "value": " ceghoo",
        "chosen": "hybrid",
        "why": "4 parts, 2 abreast, 3 deep, coupling 0.3: side by side within a layer, one layer after the other.",
    },
)
