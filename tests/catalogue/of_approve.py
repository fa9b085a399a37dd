"""`approve`: the person asks back, and then rejects."""

from podium import agent
from podium.model.json import Json
from podium.model.question import Question
from podium.patterns.approve import approve
from tests.catalogue.entry import Entry, text_of


@agent
async def approve_archive(value: Json, comment: str) -> str:
    return f"archived {text_of(value)}: {comment}"


def approve_answer(question: Question) -> Json:
    if question.ask.text != "approve_it?":
        return None
    subject: Json = question.ask.subject
    if "exchange" not in subject:
        return {"question": "why"}
    return {"approved": False, "comment": subject["exchange"][0]["answer"]}


ENTRY = Entry(
    build=lambda slot: approve("editors", text="approve_it?", author=slot, otherwise=approve_archive),
    gives='archived "go": echo value:\ngo\n\nquestion:\nwhy',
    answer=approve_answer,
)
