"""`handoff`."""

from typing import Any

from podium import agent
from podium.patterns.handoff import handoff
from podium.patterns.parts.control import Answer, HandOff
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def handoff_front(task: str, remark: str | None = None) -> HandOff | Answer:
    if remark is None:
        return HandOff(to="handoff_billing", reason=task)
    return HandOff(to="handoff_billing", reason=task, context={"order": 7, "remark": remark})


@agent
async def handoff_billing(task: str, note: HandOff, history: str, remark: str | None = None) -> HandOff | Answer:
    told = {**note.context, "summarized": bool(history)}
    return HandOff(to="handoff_front" if remark is None else "handoff_goods", reason=task, context=told)


@agent
async def handoff_goods(task: str, note: HandOff, history: str) -> Answer:
    return Answer(answer=[task, note.context, bool(history)])


def latest_reason(turns: Any) -> str:
    return turns[-1]["note"]["reason"]


ENTRY = Entry(
    build=lambda slot: handoff(
        handoff_front, handoff_billing, handoff_goods, history="summary",
        summarizer=sequence(latest_reason, slot), hops=5,
        allowed={"handoff_front": ["handoff_billing"], "handoff_billing": ["handoff_goods"]},
        needs={"handoff_billing": ["order"]},
    ),
    gives=[
        "go",
        {
            "order": 7,
            "remark": "handoff_billing needs order, which this hand-off would drop: put it into the context.",
            "summarized": True,
        },
        True,
    ],
)  # fmt: skip
