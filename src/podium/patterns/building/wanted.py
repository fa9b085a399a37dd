"""What a place takes, read off the annotation that stands there."""

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from typing_extensions import TypeForm

from podium.model.duration import SPAN, Declared

_LISTS: Mapping[object, Callable[[Iterable[object]], object]] = {
    Sequence: list, Iterable: list, Collection: list, list: list, tuple: tuple, AbstractSet: frozenset,
    frozenset: frozenset, set: set,
}  # fmt: skip
_FLAGS: Mapping[object, str] = {
    Any: "anything", object: "anything", None: "none", type(None): "none", Callable: "function", type: "kind",
    TypeForm: "kind", timedelta: "time",
}  # fmt: skip
_MAPPINGS = (Mapping, dict)
_SCALARS = (bool, int, float, str)


@dataclass(slots=True)
class Wanted:
    """What a place takes: everything that may stand there."""

    anything: bool = False
    none: bool = False
    agent: bool = False
    function: bool = False
    kind: bool = False
    """A type."""
    time: bool = False
    """A length of time."""
    scalars: frozenset[type] = frozenset()
    choices: tuple[object, ...] = ()
    """Values of which one may stand there: those of a Literal or an Enum."""
    items: object = None
    """What the items of a list are, and `collect` what is made of them."""
    collect: Callable[[Iterable[object]], object] | None = None
    values: object = None
    """What the values of a mapping are; None where there may be no mapping."""
    classes: tuple[type, ...] = ()
    """Dataclasses and other objects that something has to be made of."""

    def fits(self, value: object) -> bool:
        """Whether a value may stand there, as far as that is seen from outside; of agents others tell more."""
        if self.anything or self.agent or self.kind:
            return True
        if isinstance(value, bool | int | float | str) or value is None:
            return self._fits_plainly(value)
        return (
            (self.function and callable(value))
            or (self.time and SPAN.fits(value))
            or (self.collect is not None and isinstance(value, Collection) and not isinstance(value, Mapping | bytes))
            or (self.values is not None and isinstance(value, Mapping))
            or isinstance(value, (*self.classes, *(type(each) for each in self.choices if isinstance(each, Enum))))
        )

    def _fits_plainly(self, value: object) -> bool:
        if value is None:
            return self.none
        if self.time and SPAN.fits(value):
            return True
        kinds = self.scalars | ({int} if float in self.scalars else set[type]())
        return type(value) in kinds or any(type(value) is type(each) and value == each for each in self.choices)

    def misfit(self, value: object, where: str) -> "Misfit | None":
        """Return what in a value does not fit, as far inside of it as that is seen; None where all fits."""
        if not self.fits(value):
            return Misfit(where, value, self)
        if self.anything:
            return None
        inside = self._inside(value, where)
        return next((found for place, at, each in inside if (found := place.misfit(each, at)) is not None), None)

    def _inside(self, value: Any, where: str) -> "Iterator[tuple[Wanted, str, object]]":
        """Give what a list or a mapping holds, with what is wanted there, and the way to it."""
        if self.values is not None and isinstance(value, Mapping):
            name, place = wanted(str), wanted(self.values)
            for key, each in cast("Mapping[object, object]", value).items():
                yield name, f"a name in {where}", key
                yield place, f"{where}.{key}", each
        elif self.collect is not None and isinstance(value, Collection) and not isinstance(value, str | bytes):
            place = wanted(self.items)
            for number, each in enumerate(cast("Collection[object]", value)):
                yield place, f"{where}[{number}]", each

    def described(self) -> str:
        """Return it in words."""
        words = [repr(each.value if isinstance(each, Enum) else each) for each in self.choices]
        words += [name for there, name in ((self.agent, "an agent"), (self.function, "a rule")) if there]
        words += ["a type"] if self.kind else []
        words += [SPAN.words] if self.time else []
        words += [_WORDS[each] for each in _SCALARS if each in self.scalars and not (each is str and self.agent)]
        words += ["a list"] if self.collect else []
        words += ["a mapping"] if self.values is not None or self.classes else []
        words += ["nothing"] if self.none and not words else []
        return " or ".join(words) or "something else"


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that does not fit where it stands."""

    where: str
    value: object
    place: Wanted


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def wanted(hint: object) -> Wanted:
    """Return what an annotation takes."""
    found = Wanted()
    for each in _alternatives(hint):
        _add(found, each)
    if found.time:  # a Duration, whose numbers and texts are times as well
        found.scalars -= {float, str}
    return found


def _alternatives(hint: object) -> Iterable[object]:
    """Give the members of a union, of unions in it too."""
    origin = get_origin(hint)
    if isinstance(hint, type) and issubclass(hint, Declared):
        yield from _alternatives(hint.takes)
    elif origin in (Union, types.UnionType):
        for each in get_args(hint):
            yield from _alternatives(each)
    elif origin is Annotated:
        yield from _alternatives(get_args(hint)[0])
    elif isinstance(hint, TypeVar):
        yield from _alternatives(hint.__bound__ or Any)
    else:
        yield hint


def _add(found: Wanted, hint: object) -> None:
    made: Any = get_origin(hint) or hint
    arguments = get_args(hint)
    if made in _FLAGS:
        setattr(found, _FLAGS[made], True)
    elif made is Literal:
        found.choices += arguments
    elif made in _SCALARS:
        found.scalars |= {made}
    elif made in _LISTS:
        found.items, found.collect = (arguments or (Any,))[0], _LISTS[made]
    elif made in _MAPPINGS:
        found.values = (arguments or (Any, Any))[1]
    elif is_agent_class(made):
        found.agent = True
    elif isinstance(made, type) and issubclass(made, Enum):
        found.choices += tuple(made)
    else:
        found.classes += (made,)


def is_agent_class(made: object) -> bool:
    """Whether objects of a class are agents."""
    return hasattr(made, "run") and hasattr(made, "verify")
