"""Where a value differs from what is left of it: from what its type takes of it, and from what comes back of it."""

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from functools import cached_property
from inspect import getattr_static
from math import isnan
from typing import TYPE_CHECKING

from podium.errors import InvalidValue
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
Free = Callable[[Json], Json]
"""What writes a value in a place of any type."""


@dataclass(frozen=True, slots=True)
class Freely:
    """Comes back where a type takes anything: the JSON that is there."""

    plain: Json


def lost(given: Json, taken: Json, comparison: "Comparison", place: str = "") -> Mismatch | None:
    """Return what a type took otherwise than it was given, where it was given by its JSON: a dict for a model."""
    if given is taken or type(given) in _JSON:
        return None
    if _is_mapping(given):
        return _lost_of_mapping(given, taken, comparison, place)
    if is_set(given) and _is_ordered(taken):
        return place, "is a set, which is in another order each time: hand over `sorted(…)`, or declare a set"
    if _is_ordered(given) and _is_ordered(taken):
        pairs = enumerate(zip(given, taken, strict=False))
        return _first(lost(*pair, comparison, f"{place}.{n}") for n, pair in pairs)
    if _is_ordered(given) or (fields_of(given) is not None and isinstance(taken, dict)):
        return None
    return comparison.changed(given, taken, place)


def _lost_of_mapping(
    given: Mapping[object, Json], taken: Json, comparison: "Comparison", place: str
) -> Mismatch | None:
    if not _is_mapping(taken):
        fields = ((key, each, getattr(taken, str(key), each)) for key, each in given.items())
        return _first(lost(each, found, comparison, f"{place}.{key}") for key, each, found in fields)
    others = [key for key in given if key not in taken] if len(taken) == len(given) else []
    if others:
        kind = type(others[0]).__name__
        return f"{place}.{others[0]}", f"is a key that is a {kind} and would come back as a text"
    return _first(lost(each, taken.get(key, each), comparison, f"{place}.{key}") for key, each in given.items())


def taken_as_another(given: Json, taken: Json, *, enums: bool, place: str = "") -> Mismatch | None:
    """Return where Pydantic took one value for another that Python calls equal, or nearly so.

    That is an integer for a float, and, where `enums` are choices beside others, an enum for its text or number.
    """
    if given is taken:
        return None
    if type(given) is int and type(taken) is float:
        return None if given == taken else (place, _NO_FLOAT)
    if enums and isinstance(given, Enum) and not isinstance(taken, Enum) and given == taken:
        return place, _AS_PLAIN.format(type(given).__name__, type(taken).__name__)
    if _is_ordered(given) and _is_ordered(taken):
        pairs = enumerate(zip(given, taken, strict=False))
        return _first(taken_as_another(*pair, enums=enums, place=f"{place}.{n}") for n, pair in pairs)
    if is_set(given) and is_set(taken):
        found = {each: each for each in taken}
        return _first(taken_as_another(each, found.get(each, each), enums=enums, place=place) for each in given)
    return _of_mapping_as_another(given, taken, enums=enums, place=place) if _is_mapping(given) else None


def _of_mapping_as_another(given: Mapping[object, Json], taken: Json, *, enums: bool, place: str) -> Mismatch | None:
    found = taken if _is_mapping(taken) else {key: getattr(taken, str(key), each) for key, each in given.items()}
    keys = dict(zip(found, found, strict=True))
    for key, each in given.items():
        if wrong := taken_as_another(key, keys.get(key, key), enums=enums, place=f"{place}.{key}"):
            return wrong[0], f"is a key that {wrong[1]}"
        if wrong := taken_as_another(each, found.get(key, each), enums=enums, place=f"{place}.{key}"):
            return wrong
    return None


class Comparison:
    """Compares values by their types and fields, not by what their classes call equal."""

    def __init__(
        self, unlike: Iterable[str] = (), *, free: Free | None = None, tuples_as_lists: bool = True,
        enums_as_values: bool = True,
    ) -> None:  # fmt: skip
        self._free = free
        self._unlike = frozenset(unlike)
        """Fields that come back otherwise on purpose: `Class.field`."""
        self._tuples_as_lists = tuples_as_lists
        self._enums_as_values = enums_as_values
        """Whether an enum that is a text or a number may come back as that: nothing in the type would tell it."""

    def changed(self, value: Json, back: Json, place: str = "") -> Mismatch | None:
        """Return where what comes back of a value is another, or of another type."""
        if isinstance(back, Freely):
            return self._of_any(value, back.plain, place)
        if value is back:
            return None
        if type(value).__name__ in _SECRETS and type(value).__module__.startswith("pydantic") and value != back:
            return place, _AS_STARS.format(type(value).__name__)
        if type(value) is not type(back):
            return self._as_other(value, back, place)
        if (fields := fields_of(back)) is not None:
            return self._of_fields(value, back, fields, place)
        return self._of_plain(value, back, place)

    def _of_any(self, value: Json, back: Json, place: str) -> Mismatch | None:
        """Compare what stands where anything may: it is written as it is everywhere, or another choice of a union."""
        with suppress(InvalidValue):
            if self._free and self._may_be_plain(value) and self._free(value) == back:
                return None
        return self.changed(value, back, place)

    def _of_plain(self, value: Json, back: Json, place: str) -> Mismatch | None:
        """Compare what is of one type, which is no model or dataclass."""
        if _is_mapping(value):
            return self._of_items(value, back, place)
        if _is_ordered(value):
            return self._of_members(value, back, place)
        if is_set(value):
            return self._of_set(value, back, place)
        if isinstance(value, datetime | time):
            return _of_time(value, back, place)
        return None if _equal(value, back) else (place, _CHANGED)

    def _as_other(self, value: Json, back: Json, place: str) -> Mismatch | None:
        kind = _class_of(back)
        if _class_of(value) is int and kind is float:
            return None if value == back else (place, _NO_FLOAT)
        if self._may_be_plain(value) and kind in _OF_TEXT and value == back and isinstance(value, kind):
            return None
        if self._tuples_as_lists and is_array(back) and _class_of(value) is tuple:
            return self._of_members(value, back, place)
        was, name, has_fields = type(value).__name__, kind.__name__, fields_of(back) is not None
        if isinstance(value, kind) and has_fields:
            return place, f"is a {was}, and only what a {name} has would come back. Declare {was}"
        if has_fields:
            return place, f"is a {was} and would come back as a {name}. {_TAG}"
        return place, _AS_PLAIN.format(was, name)

    def _may_be_plain(self, value: object) -> bool:
        return self._enums_as_values or not isinstance(value, Enum)

    def _of_fields(self, value: Json, back: Json, fields: Iterable[str], place: str) -> Mismatch | None:
        """Compare the fields of models and dataclasses, and what models hold beside them."""
        kind = type(back).__name__
        compared = (name for name in fields if f"{kind}.{name}" not in self._unlike)
        found = _first(
            self.changed(getattr(value, name, _ABSENT), getattr(back, name, _ABSENT), f"{place}.{name}")
            for name in compared
        )
        if not found and dataclasses.is_dataclass(back):
            return self._of_attributes(value, back, place)
        one, other = getattr(value, "__pydantic_extra__", None), getattr(back, "__pydantic_extra__", None)
        return found or self._of_items(one or {}, other or {}, place)

    def _of_attributes(self, value: Json, back: Json, place: str) -> Mismatch | None:
        """Compare what instances of dataclasses have beside their fields."""
        had, has = attributes_of(value), attributes_of(back)
        other = (name for name in had if name not in has or self.changed(had[name], has[name]))
        return _first((f"{place}.{name}", _NO_FIELD) for name in other)

    def _of_items(self, one: Mapping[object, Json], other: Mapping[object, Json], place: str) -> Mismatch | None:
        if isinstance(one, defaultdict) and one.default_factory is not getattr(other, "default_factory", None):
            return place, _OWN_FACTORY
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

    def _of_set(self, one: Iterable[Json], other: Iterable[Json], place: str) -> Mismatch | None:
        back = {each: each for each in other}
        if len(list(one)) != len(back) or any(each not in back for each in one):
            return place, _CHANGED
        return _first(self.changed(each, back[each], place) for each in one)


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


def attributes_of(value: Json) -> Mapping[str, Json]:
    """Return what an instance has beside its fields: not what is private, nor what is cached."""
    had: Mapping[str, Json] = getattr(value, "__dict__", {})
    names = had.keys() - set(fields_of(value) or ())
    return {name: had[name] for name in sorted(names) if not name.startswith("_") and not _is_cached(value, name)}


def _is_cached(value: object, name: str) -> bool:
    return isinstance(getattr_static(type(value), name, None), cached_property)


_TAG = "Give the members of the union a tag, `Field(discriminator=…)`"
_AS_PLAIN = "is a {} and would come back as a {}. Declare its type"
_NO_FLOAT = "is an integer that no float is equal to: declare `int`, or hand over a float"
_NO_FIELD = "is no field, so it is not recorded, and would come back as another or not at all: make it a field"
_OWN_FACTORY = "has a `default_factory` that its type does not give it, which would be lost: hand over `dict(…)`"
_FOLD = "has `fold=1`, which would be lost: give it an offset"
_ZONE_OF_TIME = "has a time zone whose offset no date tells, which would be lost: give it a fixed offset"
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


def _of_time(value: datetime | time, back: datetime | time, place: str) -> Mismatch | None:
    """Compare what clocks show, and offsets: equal moments may be unequal to Python where a clock is put back."""
    offset = value.utcoffset()
    if offset is None and value.tzinfo is not None:
        return place, _ZONE_OF_TIME
    if offset is None and value.fold:
        return place, _FOLD
    shown, again = (each.replace(tzinfo=None, fold=0) for each in (value, back))
    return None if shown == again and offset == back.utcoffset() else (place, _CHANGED)


def _equal(value: Json, back: Json) -> bool:
    if value == back or (isinstance(value, float | Decimal) and isnan(value) and isnan(back)):
        return True
    # Of a class that does not say what is equal, what one can see of it.
    unsaid = type(value).__eq__ is object.__eq__ and not isinstance(value, Enum)
    return unsaid and getattr(value, "__dict__", None) == getattr(back, "__dict__", None)


def _first(found: Iterable[Mismatch | None]) -> Mismatch | None:
    return next((each for each in found if each), None)
