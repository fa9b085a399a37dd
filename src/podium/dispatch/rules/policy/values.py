"""JSON as Cedar sees it: what policies read as `context.input`."""

from math import isfinite

from podium.errors import InvalidValue
from podium.model.json import Json, is_array, is_object

MOST = 1_000_000
"""Characters and values that an input may have for a policy to look at it."""

_LONG = 2**63
_DECIMAL = 922_337_203_685_477.0
ESCAPES = "__"
"""Cedar's JSON takes members whose names begin so for something else, such as an entity."""


def cedar_value(value: Json) -> Json:
    """Return a JSON value in Cedar's JSON form; raises InvalidValue where it is too large to be looked at.

    Whole numbers are `long`, numbers with a fraction `decimal`, rounded to four places; lists are sets; null is left
    out, and so are members whose name begins with `__`. A number that fits neither, such as 1e30, is a string.
    """
    left = MOST

    def turned(value: Json) -> Json:
        nonlocal left
        left -= len(value) + 1 if isinstance(value, str) else 1
        if left < 0:
            raise InvalidValue(f"the input has more than {MOST:,} characters and values: too much for a policy to read")
        match value:
            case bool() | str():
                return value
            case int():
                return value if -_LONG <= value < _LONG else str(value)
            case float():
                return decimal(value)
            case _ if is_array(value):
                return [turned(each) for each in value if each is not None]
            case _ if is_object(value):
                members = value.items()
                return {key: turned(each) for key, each in members if each is not None and not key.startswith(ESCAPES)}
            case _:
                raise InvalidValue(f"{type(value).__name__} is no JSON: a policy cannot read it")

    return turned(value)


def decimal(value: float) -> Json:
    """Return a number as a Cedar decimal, or as text where it is none."""
    if not isfinite(value) or abs(value) >= _DECIMAL:
        return str(value)
    return {"__extn": {"fn": "decimal", "arg": f"{value:.4f}"}}


def entity(kind: str, id: str) -> dict[str, str]:
    """Return the name of an entity in Cedar's JSON form."""
    return {"type": kind, "id": id}


def reference(kind: str, id: str) -> Json:
    """Return an attribute that is an entity."""
    return {"__entity": entity(kind, id)}
