"""Whether a value fits a JSON Schema that somebody else wrote."""

from typing import Any, cast

from podium.model.json import Json


def mismatch(value: Json, schema: Json) -> str | None:
    """Return in one sentence how a value does not fit a schema, or None where it does."""
    import jsonschema  # noqa: PLC0415 - takes a tenth of the whole import, and only answering needs it

    untyped = cast("Any", jsonschema)
    wrong = untyped.exceptions.best_match(untyped.Draft202012Validator(schema).iter_errors(value))
    return None if wrong is None else wrong.message
