"""What options are to be, so that a mistake is told where it is written, in words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, cast

from podium.errors import UsageError


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


def check_options(whose: str, given: Mapping[str, object], known: Mapping[str, Expected]) -> None:
    """Raise UsageError for an option that does not exist, or is not what it is to be."""
    for name, value in given.items():
        if name not in known:
            meant = get_close_matches(name, known, 1)
            hint = f" Did you mean {meant[0]}?" if meant else f" Options: {', '.join(sorted(known))}."
            raise UsageError(f"{whose} has no option {name!r}.{hint}")
        known[name].check(f"{name} of {whose}", value)


def or_none(expected: Expected) -> Expected:
    """Return the same, or None."""
    return Expected(f"{expected.words}, or None", lambda value: value is None or expected.fits(value))


def instance(kind: type, example: str) -> Expected:
    """Return that it is to be an object of a class, such as the example."""
    article = "an" if kind.__name__[0] in "AEIO" else "a"
    return Expected(f"{article} {kind.__name__}, such as {example}", lambda value: isinstance(value, kind))


def one_of(values: Collection[str]) -> Expected:
    """Return that it is to be one of these texts."""
    return Expected(" or ".join(map(repr, values)), lambda value: isinstance(value, str) and value in values)


def _number(least: float, *, above: bool = False, most: float = float("inf")) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (value > least if above else value >= least) and value <= most

    return fits


def _are_names(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return False
    return all(isinstance(each, str) for each in cast("Iterable[object]", value))


DOLLARS = Expected("US dollars, 0 or more, such as 0.05", _number(0))
FACTOR = Expected("a number, 0 or more, such as 2", _number(0))
SHARE = Expected("a share from 0 to 1", _number(0, most=1))
COUNT = Expected("a whole number, 1 or more", lambda value: isinstance(value, int) and _number(1)(value))
WHOLE = Expected("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool))
TEXT = Expected("a text", lambda value: isinstance(value, str))
FLAG = Expected("True or False", lambda value: isinstance(value, bool))
NAMES = Expected('names, such as ("first", "second")', _are_names)
