"""The type of every value that crosses a boundary of Podium."""

from typing import Any, TypeAlias

from typing_extensions import TypeIs

Json: TypeAlias = Any
"""None, bool, int, float, str, a list of these, or a dict from str to these: what JSON can hold."""


def is_object(value: object) -> TypeIs[dict[str, Json]]:
    """Whether a JSON value is an object. Ask it of JSON only: the keys of any other dict are not looked at."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeIs[list[Json]]:
    """Whether a JSON value is an array. Ask it of JSON only."""
    return isinstance(value, list)
