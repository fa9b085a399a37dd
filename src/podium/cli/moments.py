"""Days and times as they are written on the command line."""

from datetime import UTC, datetime

from podium.errors import UsageError


def moment(text: str | None) -> float | None:
    """Return seconds since 1970; raises UsageError where it is no day or time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day or time: write 2026-03-31 or 2026-03-31T12:00.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
