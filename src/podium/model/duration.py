"""Lengths of time as people write them: `30`, a timedelta, `"30s"`, `"1h30m"` or `"2d"`; inside they are seconds."""

import re
from collections.abc import Callable
from datetime import timedelta
from math import isfinite, isnan
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from podium.model.expected import Expected, refuse

if TYPE_CHECKING:
    from pydantic_core import core_schema
    from typing_extensions import TypeForm

Duration: TypeAlias = float | timedelta | str
"""What an option takes that is a length of time: seconds, a timedelta, or a text such as `"30s"`, `"1h30m"`, `"2d"`."""

_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PARTS = "".join(rf"(?:({_NUMBER})\s*{unit}\s*)?" for unit in _UNITS)
"""Each unit at most once, the largest first."""
_NO_TIME = 1e15
"""More seconds than this are a mistake: 30 million years."""


def _read(value: object) -> float | None:
    """Return a length of time in seconds; None for what is none."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):
        return _read_text(value.strip())
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if isinstance(value, float) or abs(value) < _NO_TIME else None


def _read_text(text: str) -> float | None:
    if re.fullmatch(_NUMBER, text):
        return _bounded(float(text))
    found = re.fullmatch(_PARTS, text) if text else None
    if found is None:
        return None
    numbers = zip(found.groups("0"), _UNITS.values(), strict=True)
    return _bounded(sum(float(number) * unit for number, unit in numbers))


def _bounded(seconds: float) -> float | None:
    return seconds if seconds < _NO_TIME else None


def _expected(bound: str, fits: Callable[[float], bool]) -> Expected:
    def is_one(value: object) -> bool:
        found = _read(value)
        return found is not None and fits(found)

    return Expected(f'seconds{bound}, such as 30, "1h30m", "2d" or a timedelta', is_one)


SPAN = _expected("", lambda found: not isnan(found))
SECONDS = _expected(", more than 0", lambda found: found > 0)
FINITE = _expected(", more than 0 and not without end", lambda found: found > 0 and isfinite(found))
PAUSE = _expected(", 0 or more", lambda found: found >= 0)
DELAY = _expected(", from 0 to 366 days", lambda found: 0 <= found <= 366 * _UNITS["d"])
"""For what nobody may wait for without end, since nobody would be told."""


def in_seconds(value: object, what: str, expected: Expected = SECONDS) -> float:
    """Return a length of time in seconds; raises UsageError, which says what it is, for any other value."""
    found = _read(value)
    if found is None or not expected.fits(found):
        refuse(what, value, expected.words)
    return found


def seconds_or_none(value: object, what: str, expected: Expected = SECONDS) -> float | None:
    """Return a length of time in seconds, or None where there is none."""
    return None if value is None else in_seconds(value, what, expected)


class Declared:
    """A field of a dataclass that is a length of time: it takes any Duration, and is seconds when it is read.

    `hold_seconds`, called when the object is made, turns what was given into seconds.
    """

    takes: "ClassVar[TypeForm[Duration | None]]" = Duration

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> "core_schema.CoreSchema":
        """Let settings say it in each of its ways."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only Pydantic asks for it

        return core_schema.no_info_plain_validator_function(cls._checked)

    @classmethod
    def _checked(cls, value: object) -> object:
        if value is not None and _read(value) is None:
            raise ValueError(f"expected {SPAN.words}")
        return value


class Seconds(Declared):
    """Declares a field that is a length of time."""

    def __init__(self, default: float) -> None:
        self._default = default

    def __get__(self, owner: object, kind: type | None = None) -> float:
        """Return the default, as a dataclass asks for it."""
        return self._default

    if TYPE_CHECKING:  # what the field may be given; its default is checked in the same way

        def __set__(self, owner: object, value: "Duration | Seconds") -> None: ...


class SecondsOrNone(Declared):
    """Declares a field that is a length of time, or None."""

    takes = Duration | None

    def __get__(self, owner: object, kind: type | None = None) -> float | None:
        """Return the default, as a dataclass asks for it."""
        return None

    if TYPE_CHECKING:

        def __set__(self, owner: object, value: "Duration | SecondsOrNone | None") -> None: ...


def hold_seconds(owner: object, expected: Expected, *names: str, whose: str = "", optional: bool = False) -> None:
    """Turn these fields of a frozen dataclass into seconds; raises UsageError for what is none.

    `optional` are those that may be None.
    """
    for name in names:
        given = getattr(owner, name)
        if optional and given is None:
            continue
        what = f"{name} of {whose}" if whose else f"{type(owner).__name__}({name}=…)"
        object.__setattr__(owner, name, in_seconds(given, what, expected))
