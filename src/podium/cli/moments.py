"""Days, times and spans of time as they are written on the command line."""

from datetime import UTC, datetime

from podium.errors import UsageError
from podium.model.clock import SystemClock

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def instant(text: str | None, option: str) -> float | None:
    """Return seconds since 1970 of a day, a time, or a span before now; raises UsageError where it is none of them."""
    if text is None:
        return None
    if (seconds := _span(text)) is not None:
        return SystemClock().now() - seconds
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        expected = "2026-03-31, 2026-03-31T12:00, or so long ago: 30m, 8h, 7d"
        raise UsageError(f"{option} {text!r} is no day or time: expected {expected}.") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def span(text: str, option: str) -> float:
    """Return a span of time in seconds; raises UsageError where it is none."""
    seconds = _span(text)
    if seconds is None:
        raise UsageError(f"{option} {text!r} is no time: expected 90s, 30m, 8h or 7d.")
    return seconds


def _span(text: str) -> float | None:
    number, unit = text[:-1], text[-1:]
    return int(number) * _UNITS[unit] if number.isdecimal() and unit in _UNITS else None
