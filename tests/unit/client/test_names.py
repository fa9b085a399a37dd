"""What has a fixed set of names may be said by name: type checkers know the names, and editors offer them."""

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typing_extensions import Unpack

from podium.model.run import ENDED_STATES, RunState
from tests.unit.client.test_document import KINDS, resources


def parameters() -> Iterator[tuple[str, Any]]:
    """Give the type of each parameter of each method, by its place."""
    for resource, found in resources():
        for method, each in inspect.getmembers_static(type(found), lambda each: isinstance(each, KINDS)):
            hints = get_type_hints(each.plan)
            del hints["return"]
            for name, hint in hints.items():
                more = get_type_hints(get_args(hint)[0]) if get_origin(hint) is Unpack else {name: hint}
                yield from ((f"{resource}.{method}.{name}", part) for name, part in more.items())


def named(hint: Any) -> Iterator[tuple[type[Enum], set[str]]]:
    """Give each enum in a type, with the texts that stand beside it."""
    parts = get_args(hint)
    texts = {text for part in parts if get_origin(part) is Literal for text in get_args(part)}
    for part in parts or [hint]:
        if inspect.isclass(part) and issubclass(part, Enum):
            yield part, texts
        elif get_args(part):
            yield from named(part)


def test_each_name_may_be_said_and_no_other() -> None:
    found = [(place, kind, texts) for place, hint in parameters() for kind, texts in named(hint)]
    assert len(found) > 5
    lacks = {place: {each.value for each in kind} ^ texts for place, kind, texts in found}
    assert {place: names for place, names in lacks.items() if names} == {
        "store.prune.states": {*RunState} - {*ENDED_STATES}
    }
