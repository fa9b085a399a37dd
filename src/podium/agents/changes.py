"""Where a value differs from what is left of it: from what its type takes of it, and from what comes back of it."""

import dataclasses
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from math import isnan
from typing import TYPE_CHECKING

from podium.model.json import Json, is_array, is_object

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Mismatch = tuple[str, str]
"""A place inside of the value, `.a.0` or empty, and what is wrong there, in words that follow it."""

_JSON = (str, int, float, bool, type(None))
_OF_TEXT = (str, int, float)
"""JSON's own types: what is of a class below one of them is kept as one of them."""
_SECRETS = ("SecretStr", "SecretBytes", "Secret")
_ABSENT = object()
FREE = object()
"""Comes back where a type takes anything, so that there is nothing to compare with."""


def lost(given: Json, taken: Json, place: str = "") -> Mismatch | None:
    """Return what a type took otherwise than it was given, where it was given by its JSON: a dict for a model."""
    if given is taken or type(given) in _JSON:
        return None
    if _is_mapping(given):
        return _lost_of_mapping(given, taken, place)
    if is_set(given) and _is_ordered(taken):
        return place, "is a set, which is in another order each time: hand over `sorted(…)`, or declare a set"
    if _is_ordered(given) and _is_ordered(taken):
        pairs = enumerate(zip(given, taken, strict=False))
        return _first(lost(*pair, f"{place}.{n}") for n, pair in pairs)
    if _is_ordered(given) or (fields_of(given) is not None and isinstance(taken, dict)):
        return None
    return Comparison().changed(given, taken, place)


def _lost_of_mapping(given: Mapping[object, Json], taken: Json, place: str) -> Mismatch | None:
    if not _is_mapping(taken):
        return _first(lost(each, getattr(taken, str(key), each), f"{place}.{key}") for key, each in given.items())
    if len(taken) == len(given) and (other := next((key for key in given if key not in taken), None)) is not None:
        return f"{place}.{other}", f"is a key that is a {type(other).__name__} and would come back as a text"
    return _first(lost(each, taken.get(key, each), f"{place}.{key}") for key, each in given.items())


class Comparison:
    """Compares values by their types and fields, not by what their classes call equal."""

    def __init__(self, unlike: Iterable[str] = (), *, tuples_as_lists: bool = True) -> None:
        self._unlike = frozenset(unlike)
        """Fields that come back otherwise on purpose: `Class.field`."""
        self._tuples_as_lists = tuples_as_lists

    def changed(self, value: Json, back: Json, place: str = "") -> Mismatch | None:
        """Return where what comes back of a value is another, or of another type."""
        if value is back or back is FREE:
            return None
        if type(value).__name__ in _SECRETS and type(value).__module__.startswith("pydantic") and value != back:
            return place, _AS_STARS.format(type(value).__name__)
        if type(value) is not type(back):
            return self._as_other(value, back, place)
        if (fields := fields_of(back)) is not None:
            return self._of_fields(value, back, fields, place)
        if _is_mapping(value):
            return self._of_items(value, back, place)
        if _is_ordered(value):
            return self._of_members(value, back, place)
        return None if _equal(value, back) else (place, _CHANGED)

    def _as_other(self, value: Json, back: Json, place: str) -> Mismatch | None:
        kind = _class_of(back)
        if kind in _OF_TEXT and value == back and (isinstance(value, kind) or type(value) is int):
            return None
        if self._tuples_as_lists and is_array(back) and _class_of(value) is tuple:
            return self._of_members(value, back, place)
        was, name, has_fields = type(value).__name__, kind.__name__, fields_of(back) is not None
        if isinstance(value, kind) and has_fields:
            return place, f"is a {was}, and only what a {name} has would come back. Declare {was}"
        advice = "Give the members of the union a tag, `Field(discriminator=…)`" if has_fields else "Declare its type"
        return place, f"is a {was} and would come back as a {name}. {advice}"

    def _of_fields(self, value: Json, back: Json, fields: Iterable[str], place: str) -> Mismatch | None:
        """Compare the fields of models and dataclasses, and what models hold beside them."""
        kind = type(back).__name__
        compared = (name for name in fields if f"{kind}.{name}" not in self._unlike)
        found = _first(
            self.changed(getattr(value, name, _ABSENT), getattr(back, name, _ABSENT), f"{place}.{name}")
            for name in compared
        )
        one, other = getattr(value, "__pydantic_extra__", None), getattr(back, "__pydantic_extra__", None)
        return found or self._of_items(one or {}, other or {}, place)

    def _of_items(self, one: Mapping[object, Json], other: Mapping[object, Json], place: str) -> Mismatch | None:
        for (key, value), (again, back) in zip(one.items(), other.items(), strict=False):
            if found := self.changed(key, again, f"{place}.{key}"):
                return found[0], f"is a key that {found[1]}"
            if found := self.changed(value, back, f"{place}.{key}"):
                return found
        return _lengths(one, other, place)

    def _of_members(self, one: Sequence[Json], other: Sequence[Json], place: str) -> Mismatch | None:
        if isinstance(one, deque) and one.maxlen != getattr(other, "maxlen", None):
            return place, "has a `maxlen`, which would be lost"
        pairs = enumerate(zip(one, other, strict=False))
        return _lengths(one, other, place) or _first(self.changed(*pair, f"{place}.{n}") for n, pair in pairs)


def dropped(recorded: Json, again: Json, place: str = "") -> Mismatch | None:
    """Return where recorded JSON that a type has read is not written again as it was; more fields do no harm."""
    if is_object(recorded) and is_object(again):
        if (gone := next((key for key in recorded if key not in again), None)) is not None:
            return f"{place}.{gone}", "is recorded, and the type has no place for it"
        return _first(dropped(value, again[key], f"{place}.{key}") for key, value in recorded.items())
    if is_array(recorded) and is_array(again):
        pairs = enumerate(zip(recorded, again, strict=False))
        return _lengths(recorded, again, place) or _first(dropped(*pair, f"{place}.{n}") for n, pair in pairs)
    same = recorded == again and isinstance(recorded, bool) == isinstance(again, bool)
    return None if same else (place, "is recorded as another value than the type makes of it")


def fields_of(value: Json) -> Iterable[str] | None:
    """Return the fields of a model or dataclass; None of anything else."""
    kind = _class_of(value)
    if (known := getattr(kind, "__pydantic_fields__", None)) is not None:
        return known
    return [each.name for each in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else None


_CHANGED = "would come back changed: what it is written as is not read as the same again (an alias, a serializer)"
_AS_STARS = (
    "is a {}, which is written as stars. Take a `podium.secrets.Secret` instead, and hand over where it is: "
    'Secret("env:NAME")'
)


def _class_of(value: object) -> type[object]:
    return type(value)


def _is_mapping(value: object) -> "TypeIs[Mapping[object, Json]]":
    return isinstance(value, Mapping)


def _is_ordered(value: object) -> "TypeIs[Sequence[Json]]":
    return isinstance(value, list | tuple | deque)


def is_set(value: object) -> "TypeIs[Iterable[Json]]":
    """Whether a value is a set, frozen or not."""
    return isinstance(value, set | frozenset)


def _lengths(one: Json, other: Json, place: str) -> Mismatch | None:
    return None if len(one) == len(other) else (place, f"has {len(one)} members and would come back with {len(other)}")


def _equal(value: Json, back: Json) -> bool:
    if isinstance(value, datetime | time):
        return value == back and value.utcoffset() == back.utcoffset()
    if is_set(value):
        return value == back and _kinds(value) == _kinds(back)
    if value == back or (isinstance(value, float | Decimal) and isnan(value) and isnan(back)):
        return True
    # Of a class that does not say what is equal, what one can see of it.
    unsaid = type(value).__eq__ is object.__eq__ and not isinstance(value, Enum)
    return unsaid and getattr(value, "__dict__", None) == getattr(back, "__dict__", None)


def _kinds(members: Iterable[Json]) -> list[str]:
    return sorted(type(each).__name__ for each in members)


def _first(found: Iterable[Mismatch | None]) -> Mismatch | None:
    return next((each for each in found if each), None)
