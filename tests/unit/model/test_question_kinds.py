"""The kind of a question is told by what was recorded and by its schema, also of questions of older versions."""

import pytest

from podium.model.json import Json
from podium.model.question_kinds import Option, QuestionKind, choice_schema, kind_of, options_of

USE: Json = {"tool": "pay", "arguments": {"amount": 3}}


@pytest.mark.parametrize(
    ("recorded", "schema", "subject", "step", "kind"),
    [
        ("approval", {"type": "object"}, None, False, QuestionKind.APPROVAL),
        ("edit", {"type": "string"}, "teh end", False, QuestionKind.EDIT),
        ("in_doubt", {"oneOf": []}, None, True, QuestionKind.IN_DOUBT),
        ("permission", {"type": "object"}, USE, True, QuestionKind.TOOL_CALL),
        ("permission", {"type": "object"}, USE, False, QuestionKind.PERMISSION),  # the input of a call looks like that
        ("permission", {"type": "object"}, {"amount": 3}, True, QuestionKind.PERMISSION),
        ("question", None, None, False, QuestionKind.QUESTION),
        ("question", {}, None, False, QuestionKind.QUESTION),
        ("question", {"type": "string"}, None, False, QuestionKind.TEXT),
        ("question", {"type": "integer"}, None, False, QuestionKind.FORM),
        ("question", {"enum": ["a", 1]}, None, False, QuestionKind.CHOICE),
        ("question", {"const": "a"}, None, False, QuestionKind.CHOICE),
        ("question", {"oneOf": [{"const": "a"}, {"const": "b", "title": "B"}]}, None, False, QuestionKind.CHOICE),
        ("question", {"oneOf": [{"const": "a"}, {"type": "string"}]}, None, False, QuestionKind.FORM),
        ("question", {"type": "array", "items": {"enum": ["a"]}}, None, False, QuestionKind.CHOICE),
        ("question", {"type": "array", "items": {"type": "string"}}, None, False, QuestionKind.FORM),
        ("ticket", {"type": "string"}, None, False, QuestionKind.TEXT),  # a kind of one's own is shown as what it is
    ],
)
def test_a_kind_is_told(recorded: str, schema: Json, subject: Json, *, step: bool, kind: QuestionKind) -> None:
    assert kind_of(recorded, schema, subject, about_step=step) is kind


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("titles", [("a", "b"), ("First", "b")])
def test_options_come_back_from_their_schema(titles: tuple[str, str], *, several: bool) -> None:
    options = tuple(Option(value=value, title=title) for value, title in zip(("a", "b"), titles, strict=True))
    found = options_of(choice_schema(options, several=several))
    assert found is not None
    assert (tuple(found.options), found.several) == (options, several)
