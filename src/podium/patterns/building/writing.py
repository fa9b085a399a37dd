"""How what a pattern was given is written down."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from itertools import accumulate
from typing import Protocol, get_origin, runtime_checkable

from typing_extensions import TypeIs

from podium.errors import PatternError
from podium.model.agent import is_agent
from podium.model.json import Json
from podium.patterns.building.expression import Expression
from podium.patterns.building.names import reads_as_name


@runtime_checkable
class Written(Protocol):
    """Something that writes itself down: a pattern."""

    def spec(self) -> Json:
        """Return it as JSON."""
        ...


def written(value: object, where: str) -> Json:
    """Return a value as JSON, agents by name; raises PatternError, naming `where`, for what cannot be found again."""
    match value:
        case Written():
            return value.spec()
        case Expression():
            return f"({value.text})" if reads_as_name(value.text) else value.text
        case Enum():
            return value.value
        case timedelta():
            return value.total_seconds()
        case None | str() | int() | float():
            return value
        case _ if _is_mapping(value):
            return {str(key): written(each, f"{where}.{key}") for key, each in value.items()}
        case _ if _is_collection(value):
            parts = [written(each, f"{where}[{n}]") for n, each in enumerate(value)]
            return sorted(parts) if isinstance(value, AbstractSet) else parts
        case _:
            return value.card.name if is_agent(value) else _of_object(value, where)


def _is_mapping(value: object) -> TypeIs[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_collection(value: object) -> TypeIs[AbstractSet[object] | Sequence[object]]:
    return isinstance(value, AbstractSet | Sequence)


def _of_object(value: object, where: str) -> Json:
    """Return the fields of a dataclass that are not as preset; of anything else where it is found."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return _address(value, where)
    given = [each.name for each in dataclasses.fields(value) if getattr(value, each.name) != _preset(each)]
    return {name: written(getattr(value, name), f"{where}.{name}") for name in given}


def _preset(field: "dataclasses.Field[object]") -> object:
    """Return a field's default."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _address(function: object, where: str) -> str:
    """Return `module:name` of a function or type: the outermost package that exports it, else its own module."""
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    for place in accumulate(module.split("."), "{}.{}".format):
        found: object = sys.modules.get(place)
        for part in name.split("."):
            found = getattr(found, part, None)
        if name and found is function:
            return f"{place}:{name}"
    raise PatternError(f"{where} cannot be written down: {function!r} is not found by its name. {_instead(function)}")


def _instead(value: object) -> str:
    """Return what can be written down in place of something that is not found by its name."""
    if isinstance(value, type) or get_origin(value) is not None:
        return "Use a class at the top level of a module, such as a dataclass."
    return "Use a function at the top level of a module, or a rule: cel('…')."
