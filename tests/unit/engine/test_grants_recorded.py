"""What people allowed, as a journal tells it."""

from podium.engine.run.key_state import KeyState
from podium.model.fact import Fact, FactKind
from podium.model.facts.waits import QuestionAnswered
from podium.model.question import PersonAnswer


def answered(question: str, rule: str) -> QuestionAnswered:
    yes = PersonAnswer(by="ada", value={"approved": True}, at=0.0)
    return QuestionAnswered(question=question, answers=(yes,), granted=rule)


def test_what_people_said_last_to_a_rule_is_the_last_that_is_known() -> None:
    state = KeyState()
    for said in (answered("q1", "guard:odd"), answered("q2", "approval"), answered("q3", "guard:odd")):
        state.note_question(Fact(0, FactKind.QUESTION, "0", 0.0, 1, b""), said)
    assert list(state.granted) == ["approval", "guard:odd"]
