"""The ways in which a question can be answered on its page, each with its form, and what a form that was sent says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from podium.model.json import Json, is_object
from podium.model.question import IN_DOUBT_SCHEMA, Question
from podium.server.pages.fields import FieldKind, FormField, field_of
from podium.server.pages.reading import SentForm, keep, read

_YES_OR_NO = ("approval", "permission")
_NOT_EMPTY: Mapping[str, Json] = {"type": "string", "minLength": 1}


@dataclass(slots=True, kw_only=True)
class AnswerWay:
    """One way to answer: a form with a button."""

    name: str
    """What the form sends as `way`."""
    button: str
    title: str = ""
    """Under which it is folded in; empty where it is open from the start."""
    tone: str = "plain"
    """`good`, `bad` or `plain`."""
    forms: Sequence[FormField] = ()
    schema: Json = None
    """What is filled into the form has to fit."""
    open: bool = False
    error: str = ""


def ways_of(question: Question) -> Sequence[AnswerWay]:
    """Return the ways to answer a question."""
    ask = question.ask
    if ask.kind in _YES_OR_NO:
        return list(_decisions(question))
    if ask.kind == "in_doubt" and ask.schema == IN_DOUBT_SCHEMA:
        return list(_doubts())
    draft = ask.subject if ask.kind == "edit" else None
    schema: Json = {} if ask.schema is None else ask.schema
    form = field_of(schema, label="Your version" if ask.kind == "edit" else "Your answer")
    if draft is not None:
        form = field_of(schema, label="Your version", value=draft)
    if form.control is FieldKind.LINES and draft is None:
        schema = {"minLength": 1, **schema}
    return [AnswerWay(name="answer", button="Send the answer", tone="good", forms=[form], schema=schema, open=True)]


def _decisions(question: Question) -> Iterator[AnswerWay]:
    schema: Json = question.ask.schema or {}
    parts = schema.get("properties", {})
    comment = field_of({"type": "string"}, label="Comment", name="comment", required=False)
    yield AnswerWay(name="approve", button="Approve", tone="good", forms=[comment], open=True)
    reason = field_of({"type": "string"}, label="Reason", name="reason", required=False)
    reason.help = "Whoever asked reads it, and may do better with it."
    yield AnswerWay(name="refuse", button="Refuse", title="Refuse", tone="bad", forms=[reason])
    if "value" in parts:
        edited: Json = {**parts["value"], **({"$defs": schema["$defs"]} if "$defs" in schema else {})}
        form = field_of(edited, label="Approved instead", name="value", value=_editable(question))
        yield AnswerWay(
            name="edit", button="Approve with these changes", title="Change it, and approve", tone="good",
            forms=[form], schema=edited,
        )  # fmt: skip
    if "question" in parts:
        back = field_of(_NOT_EMPTY, label="Your question", name="question")
        back.control = FieldKind.LINES
        yield AnswerWay(name="ask", button="Ask back", title="Ask back first", forms=[back], schema=_NOT_EMPTY)


def _editable(question: Question) -> Json:
    """Return what is edited of the subject: of the use of a tool its arguments."""
    subject = question.ask.subject
    if question.ask.kind == "permission" and is_object(subject) and "arguments" in subject:
        return subject["arguments"]
    return subject


def _doubts() -> Iterator[AnswerWay]:
    given = field_of({}, label="What it gave", name="happened", required=False)
    given.help = 'As JSON, such as {"id": 7}. Leave it empty where it gave nothing.'
    yield AnswerWay(name="happened", button="It happened", title="It happened", forms=[given])
    yield AnswerWay(name="not_done", button="It did not happen: do it", title="It did not happen")
    why = field_of(_NOT_EMPTY, label="Why", name="fail")
    yield AnswerWay(name="fail", button="Give up", title="Give up", tone="bad", forms=[why], schema=_NOT_EMPTY)


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What a form says."""

    value: Json


def said(question: Question, ways: Sequence[AnswerWay], sent: SentForm) -> FormAnswer | None:
    """Return the answer that a form says; None where it is none yet, and its fields say why."""
    name = next(iter(sent.get("way", ())), "")
    way = next((each for each in ways if each.name == name), None)
    if way is None:
        for each in ways:
            each.error = "Choose one of the ways to answer."
        return None
    way.open = True
    for form in way.forms:
        keep(form, sent)
    match way.name:
        case "approve":
            return FormAnswer({"approved": True, "comment": way.forms[0].text.strip()})
        case "refuse":
            return FormAnswer({"approved": False, "comment": way.forms[0].text.strip()})
        case "not_done":
            return FormAnswer({"not_done": True})
        case "happened":
            return _happened(way, sent)
        case _:
            return _filled_in(question, way, sent)


def _filled_in(question: Question, way: AnswerWay, sent: SentForm) -> FormAnswer | None:
    found = read(way.forms[0], sent, way.schema)
    way.error = found.error
    if not found.fits:
        return None
    match way.name:
        case "edit" if found.value == _editable(question):
            return FormAnswer({"approved": True, "comment": ""})
        case "edit":
            return FormAnswer({"approved": True, "comment": "", "value": found.value})
        case "ask":
            return FormAnswer({"question": found.value})
        case "fail":
            return FormAnswer({"fail": found.value})
        case _:
            return FormAnswer(found.value)


def _happened(way: AnswerWay, sent: SentForm) -> FormAnswer | None:
    form = way.forms[0]
    if not form.text.strip():
        return FormAnswer({"happened": None})
    found = read(form, sent, {})
    return FormAnswer({"happened": found.value}) if found.fits else None


def in_words(question: Question, value: Json) -> tuple[str, Json]:
    """Return what an answer says in words, and what of it is shown beside them; None where nothing is."""
    if not is_object(value):
        return "answered", value
    if question.ask.kind in _YES_OR_NO:
        if "question" in value:
            return "asked back", value["question"]
        said = "approved" if value.get("approved") else "refused"
        if "value" in value:
            return "approved with changes", value["value"]
        return said, value.get("comment") or None
    if question.ask.kind == "in_doubt":
        for name, words in (("happened", "said that it happened"), ("not_done", "said that it did not happen")):
            if name in value:
                return words, value[name] if name == "happened" else None
        return "gave up", value.get("fail")
    return "answered", value
