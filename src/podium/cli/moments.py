"""Days and times as they are written on the command line."""

from datetime import UTC, datetime

from podium.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def moment(text: str | None) -> float | None:
    """Return seconds since 1970; raises UsageError where it is no day or time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day or time: write 2026-03-31 or 2026-03-31T12:00.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def span(text: str, option: str) -> float:
    """Return a span of time in seconds; raises UsageError where it is none."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _UNITS:
        raise UsageError(f"{option} {text!r} is no time: expected 90s, 30m, 8h or 7d.")
    return int(number) * _UNITS[unit]
