"""Times and lengths of time in words."""

from datetime import UTC, datetime, tzinfo

_UNITS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"))


def moment_in_words(at: float, zone: tzinfo = UTC) -> str:
    """Return a time as people say it, by the clocks of a place.

    `Tuesday, 1 December 2026, 14:00 UTC`, or `15:00 CET (Europe/Zurich)` where the place is no zone in itself.
    """
    local = datetime.fromtimestamp(at, zone)
    place = "" if local.tzname() == str(zone) else f" ({zone})"
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}{place}"


def span_in_words(seconds: float) -> str:
    """Return a length of time, roughly: `3 hours`."""
    for length, name in _UNITS:
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a minute"


def ahead(at: float, now: float) -> str:
    """Return how far a time is ahead, or ago."""
    return f"in {span_in_words(at - now)}" if at >= now else f"{span_in_words(now - at)} ago"
