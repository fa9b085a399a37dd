"""When somebody works: days and times of a week, in a time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import floor
from zoneinfo import ZoneInfo

from podium.errors import UsageError

EXAMPLE = '"mon-fri 09:00-17:00", or "mon-thu 08:00-12:00,13:00-17:00; fri 08:00-12:00"'

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_HOUR = 60
_DAY = 24 * _HOUR
_DAYS_AHEAD = 15
"""So many days are looked ahead; longer than a week, for a time that a clock passes over once."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A time of a day of the week, in minutes since midnight; its end may be on the next day."""

    weekday: int
    begins: int
    ends: int

    def covers(self, weekday: int, minute: int) -> bool:
        """Whether a minute of a day of the week is in it."""
        if weekday == self.weekday and self.begins <= minute < self.ends:
            return True
        return weekday == (self.weekday + 1) % len(_DAYS) and minute < self.ends - _DAY


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The hours of a week in which somebody works, by the clocks of a place. Made by `working_hours`."""

    shifts: tuple[Shift, ...]
    """Empty where they work at any time."""
    zone: tzinfo

    def covers(self, at: float) -> bool:
        """Whether they work at a time, in seconds since 1970."""
        if not self.shifts:
            return True
        local = datetime.fromtimestamp(
            floor(at), self.zone
        )  # a part of a second would be rounded, into the next minute
        return any(each.covers(local.weekday(), local.hour * _HOUR + local.minute) for each in self.shifts)

    def next_at(self, at: float) -> float:
        """Return the first time from then on at which they work."""
        if self.covers(at):
            return at
        today = datetime.fromtimestamp(at, self.zone).date()
        return min(begin for begin in self._begins(today) if begin >= at and self.covers(begin))

    def _begins(self, today: date) -> Iterator[float]:
        for ahead in range(-1, _DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            for each in self.shifts:
                if each.weekday == day.weekday():
                    begins = time(*divmod(each.begins, _HOUR))
                    yield datetime.combine(day, begins, self.zone).timestamp()


@lru_cache(maxsize=256)
def working_hours(text: str, zone: str) -> WorkingHours:
    """Read hours such as `mon-fri 09:00-17:00` in a time zone such as `Europe/Zurich`; an empty text is any time.

    A shift that ends before it begins ends on the next day. Raises UsageError for what is none.
    """
    return WorkingHours(tuple(_shifts(text)) if text.strip() else (), time_zone(zone))


def time_zone(name: str) -> tzinfo:
    """Return a time zone by its name, such as `Europe/Zurich`; raises UsageError where there is none of this name."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"zone is {name!r}; expected a time zone, such as 'Europe/Zurich'. Where the system knows none, "
            "`pip install tzdata` brings them."
        ) from error


def _shifts(text: str) -> Iterator[Shift]:
    for part in text.lower().split(";"):
        days, _, times = part.strip().partition(" ")
        spans = [_span(each.strip(), text) for each in times.split(",")]
        for day in _days(days, text):
            for begins, ends in spans:
                yield Shift(day, begins, ends)


def _days(text: str, whole: str) -> Iterator[int]:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise _no_hours(whole)
        begin = _DAYS.index(first)
        count = (_DAYS.index(last) - begin) % len(_DAYS) if dash else 0
        for ahead in range(count + 1):
            yield (begin + ahead) % len(_DAYS)


def _span(text: str, whole: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if found is None:
        raise _no_hours(whole)
    hour, minute, until_hour, until_minute = map(int, found.groups())
    begins, ends = hour * _HOUR + minute, until_hour * _HOUR + until_minute
    if max(minute, until_minute) >= _HOUR or begins >= _DAY or ends > _DAY or begins == ends:
        raise _no_hours(whole)
    return begins, ends if ends > begins else ends + _DAY


def _no_hours(text: str) -> UsageError:
    return UsageError(f"hours are {text!r}; expected days and times of a week, such as {EXAMPLE}.")
