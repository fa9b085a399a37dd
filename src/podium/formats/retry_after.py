"""How long the other side asks us to wait, as HTTP says it (RFC 9110, section 10.2.3)."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    import email.utils as dates
else:
    dates = lazy.module("email.utils")

_WAYS = (("retry-after-ms", 0.001), ("retry-after", 1.0))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait; None where the headers do not say it in a way that can be read.

    A date is taken against the response's own `Date`, so that a wrong clock on either side does no harm.
    """
    lower = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    for name, unit in _WAYS:
        text = lower.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * unit
        except ValueError:
            return _until(text, lower.get("date", ""))
        return max(0.0, seconds) if math.isfinite(seconds) else None
    return None


def _until(then: str, now: str) -> float | None:
    try:
        return max(0.0, (dates.parsedate_to_datetime(then) - dates.parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError):  # not a date, or one without its zone
        return None
