"""The input of a run, from the command line, a file or standard input."""

import json
import sys
from pathlib import Path

from podium.errors import InvalidValue, UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json

_SCHEMA_CHARACTERS = 400


def read_input(text: str | None) -> Json:
    """Return the input that `--input` gives; None where it is not given. Raises UsageError where it is no JSON."""
    if text is None:
        return None
    if text != "-" and not text.startswith("@"):
        return parse(text, "the input")
    place = "standard input" if text == "-" else f"the input file {text[1:]}"
    try:
        given = sys.stdin.buffer.read() if text == "-" else Path(text[1:]).read_bytes()
        return parse(given.decode(), text[1:] or place)
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is no text in UTF-8.") from error


def parse(text: str, place: str) -> Json:
    """Return JSON; raises UsageError that says where it is broken."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise UsageError(
            f"{place} is no JSON: {_where(error)}. A text stands in double quotes: '\"hello\"'."
        ) from error
    except RecursionError as error:
        raise UsageError(f"{place} is nested too deeply.") from error


def checked(workflow: AnyAgent, value: Json, target: str) -> Json:
    """Return an input that fits a workflow; raises InvalidValue that says what it takes."""
    try:
        return workflow.input.dump(workflow.input.load(value))
    except InvalidValue as error:
        takes = json.dumps(workflow.input.schema, ensure_ascii=False)
        shown = f" It takes: {takes}" if len(takes) <= _SCHEMA_CHARACTERS else ""
        given = "" if value is not None else f" Give it with: podium run {target} --input JSON."
        raise InvalidValue(f"the input does not fit {workflow.card.name}: {error}.{given}{shown}") from error


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return str(error)


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is not part of JSON")
