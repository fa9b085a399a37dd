"""What people type as an answer, and the answer that it stands for."""

from podium.cli.input import parse
from podium.cli.options import WrongOption
from podium.errors import UsageError
from podium.model.json import Json, is_object
from podium.model.question import Question
from podium.model.question_kinds import DECIDED, Options, options_of

_WORDS = {"yes": True, "no": False}


def to_value(question: Question, text: str, comment: str, edit: str | None = None) -> Json:
    """Return what was typed as the answer it stands for; raises UsageError where it stands for none."""
    if question.kind in DECIDED and text.lower() in _WORDS:
        return _decision(_WORDS[text.lower()], comment, edit)
    if comment or edit is not None:
        raise WrongOption("--comment and --edit go with yes or no, the answers to an approval.")
    schema: Json = question.ask.schema
    offered = options_of(schema)
    if offered is not None and (chosen := _chosen(offered, text)) is not None:
        return chosen
    try:
        said = parse(text, "the answer")
    except UsageError:
        if _is_text(schema) or offered is not None:
            return text
        if question.kind in DECIDED:
            raise UsageError(f"{text!r} is no answer to an approval: expected yes, no, or JSON.") from None
        raise
    return text if _is_text(schema) and not isinstance(said, str) else said


def _decision(approved: bool, comment: str, edit: str | None) -> Json:
    said: dict[str, Json] = {"approved": approved, "comment": comment}
    if edit is None:
        return said
    if not approved:
        raise WrongOption("--edit goes with yes: it says what is approved.")
    return {**said, "value": parse(edit, "--edit")}


def _chosen(offered: Options, text: str) -> Json:
    """Return what is chosen by names as they are typed, several of them between commas; None where they are none."""
    values = {str(each.value): each.value for each in offered.options}
    if not offered.several:
        return values.get(text)
    names = [name.strip() for name in text.split(",")]
    return [values[name] for name in names] if all(name in values for name in names) else None


def _is_text(schema: Json) -> bool:
    return is_object(schema) and schema.get("type") == "string" and "enum" not in schema and "oneOf" not in schema
