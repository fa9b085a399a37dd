"""Whether a value fits a JSON Schema that somebody else wrote."""

from typing import Any, cast

import jsonschema

from podium.model.json import Json


def mismatch(value: Json, schema: Json) -> str | None:
    """Return in one sentence how a value does not fit a schema, or None where it does."""
    untyped = cast("Any", jsonschema)
    wrong = untyped.exceptions.best_match(untyped.Draft202012Validator(schema).iter_errors(value))
    return None if wrong is None else wrong.message
