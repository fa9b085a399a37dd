"""`gate`: what does not pass goes back, and then to a person."""

from podium.model.json import Json
from podium.model.question import Question
from podium.patterns.gate import gate
from tests.catalogue.entry import Entry


def gate_twice(output: str) -> bool:
    return output.count("go") > 3


def gate_answer(question: Question) -> Json:
    return {"approved": True} if "did not pass gate_twice" in question.ask.text else None


ENTRY = Entry(
    build=lambda slot: gate(gate_twice, worker=slot, fails="back", then="ask"),
    gives="echo task:\ngo\n\noutput:\necho go\n\nreasons:\ngate_twice does not hold",
    answer=gate_answer,
)
