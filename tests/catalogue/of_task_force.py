"""`task_force`."""

from typing import Any

from podium import agent
from podium.patterns.building.pattern import Pattern
from podium.patterns.sequence import sequence
from podium.patterns.task_force import Mission, Needs, task_force
from tests.catalogue.entry import Entry, Text


@agent
async def task_force_analyse(task: str) -> Needs:
    return Needs(capabilities=["measure", "stamp", "sign"], work="supervisor")


@agent
async def task_force_manage(task: str, workers: dict[str, str], reports: list[Any]) -> dict[str, Any]:
    if not reports:
        return {"assignments": [{"to": worker, "input": task} for worker in workers]}
    return {"answer": [report["output"] for report in reports]}


@agent(capabilities={"stamp", "sign"})
async def task_force_stamp(text: str) -> str:
    return f"stamped {text}"


@agent(capabilities={"measure"})
async def task_force_spare(text: str) -> str:
    return "is not recruited: comes later by name"


def task_force_measure(text: str) -> str:
    return "long" if text else "none"


def task_force_outcome(mission: Mission) -> list[Any]:
    """Leave out the reasons: they tell of times that are never twice the same."""
    return [mission.result, mission.work, [each.capabilities for each in mission.recruited]]


def build(slot: Text) -> Pattern[Any, Any]:
    """Recruit the one handed over, and another, to be managed."""
    measurer = sequence(slot, task_force_measure, capabilities={"measure"})
    candidates = [task_force_spare, measurer, task_force_stamp]
    return sequence(
        task_force(task_force_analyse, candidates=candidates, manager=task_force_manage), task_force_outcome
    )


ENTRY = Entry(build=build, gives=[["long", "stamped go"], "supervisor", [["measure"], ["stamp", "sign"]]])
