"""What a text, number or truth value is where it stands."""

import math
import re
from enum import Enum
from typing import Final

from podium.model.duration import SPAN
from podium.model.json import Json
from podium.patterns.building.wanted import Wanted
from podium.patterns.loading.node import Listing, Scalar, SourceNode

_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_EMPTY = {"", "~", "null", "Null", "NULL"}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class _Unfit:
    """Stands for there being no such value."""


UNFIT: Final = _Unfit()


def scalar(node: Scalar, place: Wanted) -> object:
    """Return the value that a place takes, or UNFIT; a text without quotes is what the place wants it to be."""
    if is_empty(node) and (place.none or place.anything):
        return None
    for each in place.choices:
        value = each.value if isinstance(each, Enum) else each
        if _is(node, value):
            return each
    if place.time and SPAN.fits(time := natural(node)):
        return time
    for kind in (bool, int, float):
        if kind in place.scalars and (found := _as(node, kind)) is not UNFIT:
            return found
    return UNFIT


def is_empty(node: Scalar) -> bool:
    """Whether nothing stands there."""
    return node.value is None or (node.plain and node.value in _EMPTY)


def natural(node: SourceNode) -> Json:
    """Return a node as JSON, where nothing says what is wanted: texts without quotes as YAML 1.2 reads them."""
    if isinstance(node, Listing):
        return [natural(each) for each in node.items]
    if not isinstance(node, Scalar):
        return {name: natural(each) for name, each in node.entries.items()}
    if not node.plain:
        return node.value
    if is_empty(node):
        return None
    if node.value in ("true", "false"):
        return node.value == "true"
    found = [value for kind in (int, float) if (value := _as(node, kind)) is not UNFIT]
    return found[0] if found else node.value


def _is(node: Scalar, value: object) -> bool:
    """Whether a node says exactly a value."""
    if isinstance(value, str):
        return bool(node.value == value)
    said = _as(node, type(value))
    return said is not UNFIT and bool(said == value)


def _as(node: Scalar, kind: type) -> object:
    """Return a node as a truth value or a number, or UNFIT."""
    if node.plain:
        return _parsed(node.value, kind)
    if type(node.value) is kind:
        return node.value
    return float(node.value) if kind is float and type(node.value) is int else UNFIT


def _parsed(text: str, kind: type) -> object:
    if kind is bool:
        return _TRUTHS.get(text.lower(), UNFIT)
    pattern, read = (_WHOLE, int) if kind is int else (_NUMBER, float)
    try:
        found = read(text) if pattern.fullmatch(text) else UNFIT
    except ValueError:  # more digits than Python reads
        return UNFIT
    return UNFIT if isinstance(found, float) and math.isinf(found) else found
