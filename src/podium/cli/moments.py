"""Moments as they are written on a command line."""

from datetime import UTC, datetime

from podium.cli.options import WrongOption
from podium.errors import UsageError
from podium.model.clock import SystemClock
from podium.model.duration import PAUSE, SECONDS, in_seconds
from podium.model.expected import Expected


def span(text: str, option: str, expected: Expected = SECONDS) -> float:
    """Return a length of time in seconds; raises WrongOption where it is none."""
    try:
        return in_seconds(text, option, expected)
    except UsageError as error:
        raise WrongOption(str(error)) from error


def instant(text: str | None, option: str) -> float | None:
    """Return seconds since 1970 of a day, a time, or a span before now; raises WrongOption where it is none of them."""
    if text is None:
        return None
    at = _day_or_time(text)
    return SystemClock().now() - _span_of_now(text, option, "so long ago") if at is None else at


def ahead(text: str, option: str) -> float:
    """Return seconds since 1970 of a day, a time, or a span after now; raises WrongOption where it is none of them."""
    at = _day_or_time(text)
    return SystemClock().now() + _span_of_now(text, option, "in how long") if at is None else at


def _day_or_time(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _span_of_now(text: str, option: str, what: str) -> float:
    try:
        return in_seconds(text, option, PAUSE)
    except UsageError as error:
        expected = f"2026-03-31, 2026-03-31T12:00, or {what}: 30m, 8h, 7d"
        raise WrongOption(f"{option} {text!r} is no day or time: expected {expected}.") from error
