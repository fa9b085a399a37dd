"""How long the other side asks us to wait: what HTTP says of it (RFC 9110, section 10.2.3), and what providers do."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    import email.utils as dates
else:
    dates = lazy.module("email.utils")

TOO_MUCH = frozenset({429, 503, 529})
"""The HTTP statuses that say that less should be asked: too many requests, unavailable, overloaded."""

_WAYS = (("retry-after-ms", 0.001), ("retry-after", 1.0))

_RESET = r"(?:x-|anthropic-)?ratelimit-(?:.+-)?reset(?:-.+)?"
"""`x-ratelimit-reset`, `x-ratelimit-reset-tokens`, `anthropic-ratelimit-input-tokens-reset`, `ratelimit-reset`."""
_EPOCH = 1e9
"""A plain number from here on is seconds since 1970, and from a thousand times that on milliseconds."""

_UNITS = {"ms": 0.001, "mil": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
"""Seconds of each unit, by how its name begins; the first that fits counts."""
_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
_PART = rf"{_NUMBER}\s*{_UNIT}"
_SPAN = rf"{_PART}(?:,?\s*(?:and\s+)?{_PART})*"
_ASKED = (
    rf"(?:try again|retry|wait)(?: (?:again|in|after|for|at least|about|your request|the request)){{1,4}} "
    rf"({_SPAN}|{_NUMBER}(?=[.,;!)\"'}}\]]|$)(?!\.\d))"
)
"""In either case: `Please try again in 6m0s`, `retry after 20 seconds`, `wait for 1 hour and 5 minutes`."""
_DELAY = rf"retryDelay['\"\s:=]+({_SPAN})"
"""What Google's `RetryInfo` says, in JSON."""
_MOST_TEXT = 10_000
"""Characters of a body that are looked through."""


def retry_after(headers: Mapping[str, str], body: str = "", *, status: int = 0) -> float | None:
    """Return the seconds to wait; None where nobody says so in a way that can be read, or the time is over.

    `Retry-After` (and `retry-after-ms`, which is the finer of both) goes first. Of an answer whose `status` says that
    too much was asked, then count the headers that say when a limit begins anew, and what its `body` says. Moments are
    taken against the response's own `Date`, so that a wrong clock on either side does no harm.
    """
    lower = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    for name, unit in _WAYS:
        if (seconds := _seconds(lower.get(name, ""), lower, unit)) is not None:
            return seconds
    if status not in TOO_MUCH:
        return None
    reset = _reset(lower)
    return _asked(body[:_MOST_TEXT]) if reset is None else reset


def _reset(headers: Mapping[str, str]) -> float | None:
    """Return when there is room again: in all limits that are used up, or in the first, where nobody says which are."""
    used_up, others = list[float](), list[float]()
    for name, value in headers.items():
        if re.fullmatch(_RESET, name) and (seconds := _seconds(value, headers, 1.0)) is not None:
            left = headers.get(name.replace("reset", "remaining"), "")
            (used_up if left == "0" else others).append(seconds)
    return max(used_up) if used_up else min(others, default=None)


def _asked(body: str) -> float | None:
    found = re.search(_DELAY, body) or re.search(_ASKED, body, re.IGNORECASE)
    return None if found is None else _span(found[1])


def _seconds(text: str, headers: Mapping[str, str], unit: float) -> float | None:
    """Return the seconds that a header's value says: a number, a length of time, or a moment."""
    try:
        number = float(text if text.isascii() and "_" not in text else "")  # Python takes more for a number than HTTP
    except ValueError:
        return _span(text) if re.fullmatch(_SPAN, text, re.IGNORECASE) else _until(text, headers)
    if number >= _EPOCH and unit == 1.0:
        now = _moment(headers.get("date", ""))
        return None if now is None else _ahead(number / (1_000 if number >= 1_000 * _EPOCH else 1) - now)
    return _ahead(number * unit)


def _span(text: str) -> float:
    parts = list(_parts(text))
    return sum(parts) if parts else float(text)


def _parts(text: str) -> Iterator[float]:
    for number, unit in re.findall(rf"({_NUMBER})\s*({_UNIT})", text, re.IGNORECASE):
        yield float(number) * next(_UNITS[start] for start in _UNITS if unit.lower().startswith(start))


def _until(then: str, headers: Mapping[str, str]) -> float | None:
    moment, now = _moment(then), _moment(headers.get("date", ""))
    return None if moment is None or now is None else _ahead(moment - now)


def _moment(text: str) -> float | None:
    """Return the seconds since 1970 of a date as HTTP or ISO 8601 writes it; None where it is none.

    A date of HTTP is in Greenwich time, whether it says so or not; ISO 8601 has to name the zone.
    """
    try:
        found = dates.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        pass
    else:
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def _ahead(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
