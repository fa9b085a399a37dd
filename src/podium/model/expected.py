"""What options are to be, so that a mistake is told where it is written, in words."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from podium.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a value is to be."""

    words: str
    """As it stands after "expected"."""
    fits: Callable[[object], bool]

    def check(self, what: str, value: object) -> None:
        """Raise UsageError, which names what it is, unless the value fits."""
        if not self.fits(value):
            refuse(what, value, self.words)


def refuse(what: str, value: object, words: str) -> NoReturn:
    """Raise the error that says what was expected."""
    raise UsageError(f"{what} is {value!r}; expected {words}.")


def _is_many(value: object) -> "TypeIs[Collection[object]]":
    return isinstance(value, Collection) and not isinstance(value, str | bytes | bytearray)


def are_names(value: object) -> "TypeIs[Collection[str]]":
    """Whether it is several texts, that can be looked through more than once."""
    return _is_many(value) and all(isinstance(each, str) for each in value)


def is_list(value: object) -> "TypeIs[list[object] | tuple[object, ...]]":
    """Whether it is a list, or a tuple."""
    return isinstance(value, list | tuple)


def is_sequence(value: object) -> "TypeIs[Sequence[object]]":
    """Whether it is things in an order, whichever kind of list: no text."""
    return _is_many(value) and isinstance(value, Sequence)


def is_mapping(value: object) -> "TypeIs[Mapping[object, object]]":
    """Whether it is a mapping."""
    return isinstance(value, Mapping)


def check_options(whose: str, given: Mapping[str, object], known: Mapping[str, Expected]) -> None:
    """Raise UsageError for an option that does not exist, or is not what it is to be."""
    for name, value in given.items():
        if name not in known:
            meant = get_close_matches(name, known, 1)
            hint = f" Did you mean {meant[0]}?" if meant else f" Options: {', '.join(sorted(known))}."
            raise UsageError(f"{whose} has no option {name!r}.{hint}")
        known[name].check(f"{name} of {whose}", value)


def check_fields(owner: object, known: Mapping[str, Expected], whose: str = "") -> None:
    """Raise UsageError for a field of a dataclass that is not what it is to be."""
    for name, expected in known.items():
        if not expected.fits(value := getattr(owner, name)):
            what = f"{name} of {whose}" if whose else f"{type(owner).__name__}({name}=…)"
            refuse(what, value, expected.words)


def or_none(expected: Expected) -> Expected:
    """Return the same, or None."""
    return Expected(f"{expected.words}, or None", lambda value: value is None or expected.fits(value))


def instance(kind: type, example: str) -> Expected:
    """Return that it is to be an object of a class, such as the example."""
    article = "an" if kind.__name__[0] in "AEIO" else "a"
    return Expected(f"{article} {kind.__name__}, such as {example}", lambda value: isinstance(value, kind))


def one_of(values: Collection[str]) -> Expected:
    """Return that it is to be one of these texts."""
    return Expected(
        " or ".join(repr(str(each)) for each in values), lambda value: isinstance(value, str) and value in values
    )


def each(expected: Expected, words: str) -> Expected:
    """Return that it is to be a mapping whose values all fit; `words` say so."""

    def fits(value: object) -> bool:
        return is_mapping(value) and are_names(value) and all(map(expected.fits, value.values()))

    return Expected(words, fits)


def has(words: str, *methods: str) -> Expected:
    """Return that it is to be an object with these methods."""
    return Expected(
        words,
        lambda value: not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in methods),
    )


def _number(least: float, *, above: bool = False, most: float = inf) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (value > least if above else value >= least) and value <= most

    return fits


def up_to(most: float, *, whole: bool = False) -> Expected:
    """Return that it is to be a number from 0 to this one, or None for no bound."""
    words = f"a {'whole number' if whole else 'number'} from 0 to {most:,}, or None for no bound"
    fits = _number(0, most=most)
    return Expected(words, lambda value: value is None or (fits(value) and (isinstance(value, int) or not whole)))


DOLLARS = Expected("US dollars, 0 or more, such as 0.05", _number(0))
FACTOR = Expected("a number, 0 or more, such as 2", _number(0))
SHARE = Expected("a share from 0 to 1", _number(0, most=1))
COUNT = Expected("a whole number, 1 or more", lambda value: isinstance(value, int) and _number(1)(value))
NATURAL = Expected("a whole number, 0 or more", lambda value: isinstance(value, int) and _number(0)(value))
WHOLE = Expected("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
NUMBER = Expected("a number, such as 1.5", _number(-inf))
MOMENT = Expected("seconds since 1970, such as time.time()", _number(-inf))
TEXT = Expected("a text", lambda value: isinstance(value, str))
WITHOUT_NUL = Expected("a text without the character NUL", lambda value: isinstance(value, str) and "\0" not in value)
NAME = Expected(
    "a name: a text of one line that is not empty",
    lambda value: isinstance(value, str) and bool(value) and not _CONTROL.search(value),
)
FLAG = Expected("True or False", lambda value: isinstance(value, bool))
NAMES = Expected('names, such as ("first", "second")', are_names)
TEXTS = each(TEXT, 'texts by name, such as {"A": "1"}')
FUNCTION = Expected("a function", callable)
PATH = Expected('a path, such as "work/desk.db"', lambda value: isinstance(value, str | Path) and bool(str(value)))
