"""`state_machine`."""

from podium import agent, human
from podium.model.json import Json
from podium.model.question import Question
from podium.patterns.parts.statechart import Event, Journey, transition
from podium.patterns.sequence import sequence
from podium.patterns.state_machine import state_machine
from tests.catalogue.entry import Entry

EDITORS = "state_machine_editors"


@agent
async def state_machine_write(data: str, event: str = "") -> Event:
    return Event("submit", f"{data}, {event}ed" if event else data)


@agent
async def state_machine_count(data: str) -> int:
    return len(data)


editor = human(EDITORS, text="Print it?", answer=str, name="state_machine_editor")


def unchanged(_: str) -> None:
    return None


def answer(question: Question) -> Json:
    if question.ask.to != EDITORS:
        return None
    return "print" if question.ask.subject["data"].endswith("returned") else "return"


def summary(journey: Journey) -> str:
    return " ".join([*journey.path, str(journey.data)])


ENTRY = Entry(
    build=lambda slot: sequence(
        state_machine(
            transition("draft", "edit", on="submit"),
            transition("edit", "review"),
            transition("review", "draft", on="return"),
            transition("review", "printed", on="print"),
            start="draft",
            ends=["printed"],
            entry={
                "draft": state_machine_write,
                "edit": sequence(slot, unchanged),
                "review": editor,
                "printed": state_machine_count,
            },
        ),
        summary,
    ),
    gives="draft edit review draft edit review printed 12",
    answer=answer,
)
