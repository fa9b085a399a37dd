from pydantic import BaseModel

from podium.agents.human import human
from podium.model.outcome import Pending
from podium.model.question import Ask
from tests.unit.agents.calls import outcome


class Verdict(BaseModel):
    approved: bool


class Draft(BaseModel):
    title: str


def _word(draft: Draft) -> str:
    return f"Publish {draft.title}?"


def test_a_person_is_asked_about_the_input() -> None:
    editor = human("editors", text="Publish?", answer=Verdict, within=60.0, quorum=2, kind="approval")
    assert outcome(editor, {"title": "A"}) == Pending(
        Ask(
            text="Publish?",
            subject={"title": "A"},
            schema=human("editor", text="Publish?", answer=Verdict).output.schema,
            to="editors",
            within=60.0,
            quorum=2,
            kind="approval",
        )
    )


def test_the_question_can_be_worded_from_the_input() -> None:
    ended = outcome(human("editors", text=_word, answer=Verdict), {"title": "A"})
    assert isinstance(ended, Pending)
    assert isinstance(ended.ask, Ask)
    assert ended.ask.text == "Publish A?"


def test_a_person_is_named_after_the_role_unless_told_otherwise() -> None:
    assert human("editors", text="?", answer=bool).card.name == "human-editors"
    assert human("editors", text="?", answer=bool, name="gate").card.name == "gate"


def test_the_wording_function_tells_the_type_of_the_input() -> None:
    assert human("editors", text=_word, answer=Verdict).card.input_schema["title"] == "Draft"
