"""`magentic`."""

from podium import agent
from podium.agents.shape import shape_of
from podium.model.json import Json
from podium.model.question import Question
from podium.patterns.magentic import HistoryEntry, ProgressLedger, TaskLedger, magentic
from tests.catalogue.entry import Entry


@agent
async def magentic_plan(workers: dict[str, str], ledger: TaskLedger | None = None, remarks: str = "") -> TaskLedger:
    return TaskLedger(facts="new" if ledger and not remarks else "old", plan=", ".join([*workers, remarks]))


@agent
async def magentic_lead(
    task: str, workers: dict[str, str], ledger: TaskLedger, history: list[HistoryEntry]
) -> ProgressLedger:
    """Have one worker after the other work, of whom the second fails; then plan anew, and be done after one step."""
    order = [*workers, "nobody"] if ledger.facts == "old" else list(workers)
    return ProgressLedger(
        satisfied=ledger.facts == "new" and len(history) == 1,
        looping=False,
        progressing=len(history) < 2,
        next=order[len(history)],
        instruction=task,
    )


@agent
async def magentic_broken(text: str) -> str:
    raise ValueError(text)


@agent
async def magentic_end(ended: str, history: list[HistoryEntry]) -> str:
    return f"{ended} after {len(history)}"


def magentic_review(question: Question) -> Json:
    """Reject the first plan, and approve what was planned with remarks, or anew."""
    if question.ask.text != "Approve the plan?":
        return None
    ledger: TaskLedger = shape_of(TaskLedger).load(question.ask.subject["ledger"])
    if ledger.facts == "old" and not ledger.plan.endswith("shorter"):
        return {"approved": False, "comment": "shorter"}
    return {"approved": True}


ENTRY = Entry(
    build=lambda slot: magentic(
        magentic_lead,
        [slot, magentic_broken],
        ledger=magentic_plan,
        final=magentic_end,
        max_stalls=1,
        resets=1,
        review="leads",
    ),
    gives={"answer": "satisfied after 3", "satisfied": True, "rounds": 5, "replans": 1, "ended": "satisfied"},
    answer=magentic_review,
)
