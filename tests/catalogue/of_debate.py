"""`debate`: one is persuaded, and two of three then hold the same."""

from typing import Any

from podium import agent
from podium.patterns.debate import debate
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def debate_firm(step: str, task: str, positions: dict[str, str] | None = None) -> str:
    return "think of the costs" if step == "criticise" else f"wait with {task}"


@agent
async def debate_open(step: str, task: str, position: str = "", criticisms: dict[str, str] | None = None) -> str:
    if criticisms and "think of the costs" in criticisms.values():
        return f"wait with {task}"
    return f"do {task}"


def task_of(told: Any) -> str:
    return told["task"]


ENTRY = Entry(
    build=lambda slot: debate(debate_firm, sequence(task_of, slot), debate_open, rounds=1),
    gives={
        "decision": "wait with go",
        "by": "vote",
        "reasons": "2 of 3 hold it.",
        "positions": {
            "debate_firm": "wait with go",
            "sequence(task_of, echo)": "echo go",
            "debate_open": "wait with go",
        },
        "rounds": 1,
        "labels": {},
    },
)
