"""`plan_execute`."""

from podium import agent
from podium.model.json import Json
from podium.patterns.parts.scheduling import Plan, PlanTask
from podium.patterns.plan_execute import plan_execute
from tests.catalogue.entry import Entry


@agent
async def plan_execute_plan(task: str, workers: dict[str, str], done: Json = None) -> Plan:
    """Plan something that fails at first; then, without it, what is left."""
    count = PlanTask(id="count", worker="plan_execute_count", after=["read" if done is None else "fetch"])
    if done is not None:
        return Plan(tasks=[count])
    slot = next(name for name in workers if not name.startswith("plan_execute"))
    return Plan(
        tasks=[
            PlanTask(id="fetch", worker=slot, input=task, seconds=2),
            PlanTask(id="read", worker="plan_execute_broken", input=task, alternatives=["plan_execute_closed"]),
            count,
        ]
    )


@agent
async def plan_execute_broken(text: str) -> str:
    raise ValueError(text)


@agent
async def plan_execute_closed(text: str) -> str:
    raise ValueError(text)


@agent
async def plan_execute_count(task: Json = None, inputs: Json = None) -> int:
    return len(inputs)


def plan_execute_report(results: dict[str, Json]) -> Json:
    return {"count": results["count"], "done": sorted(results)}


ENTRY = Entry(
    build=lambda slot: plan_execute(
        plan_execute_plan,
        [slot, plan_execute_broken, plan_execute_closed, plan_execute_count],
        at_once=2,
        report=plan_execute_report,
    ),
    gives={"count": 1, "done": ["count", "fetch"]},
)
