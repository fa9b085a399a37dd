"""What a member is handed, where a pattern has several things to tell it."""

import json
from typing import TYPE_CHECKING, Final

from podium import lazy
from podium.model.json import Json
from podium.patterns.building.members import ANYTHING, Member, parameters, takes

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")


class _Parts:
    """Stands for all parts together."""


PARTS: Final = _Parts()
"""A member that takes neither parts by name nor a text is handed a mapping of all parts."""


def input_for(member: Member, whole: object = PARTS, /, **parts: object) -> object:
    """Return the input for a member.

    One that takes several parameters gets those of `parts` that it asks for, by name; None counts as not there. One
    that takes a text gets `whole` if that is one, else the parts as text, each under its name. Any other gets `whole`.
    """
    told = {name: value for name, value in parts.items() if value is not None}
    named = parameters(member).keys() & parts.keys()
    if named:
        return {name: value for name, value in told.items() if name in named}
    kind = takes(member)
    if kind is str and not isinstance(whole, str):
        return as_text(whole) if not told else "\n\n".join(f"{name}:\n{as_text(value)}" for name, value in told.items())
    if isinstance(whole, _Parts):
        return plain(told)
    return plain(whole) if kind is ANYTHING else whole


def as_text(value: object) -> str:
    """Return a value as a text for a person or a language model: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False, indent=2)


def plain(value: object) -> Json:
    """Return a value, with the models and dataclasses in it, as JSON."""
    return pydantic_core.to_jsonable_python(value)


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON."""
    return plain(one) == plain(other)
