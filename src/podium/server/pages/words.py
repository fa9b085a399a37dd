"""Times, amounts and texts as people read them."""

from datetime import UTC, datetime, tzinfo

from podium.formats.printable import in_line, printable
from podium.model.json import Json
from podium.reports.calls.node import Spent
from podium.secrets.masking import MASKING

_CENT = 0.01
_UNITS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"))


def shown(text: str) -> str:
    """Return a text that somebody else wrote, as it may be shown: secrets masked, what steers or hides as escapes."""
    return printable(MASKING.text(text))


def shown_in_line(text: str) -> str:
    """Return such a text in one line."""
    return in_line(MASKING.text(text))


def moment(at: float, zone: tzinfo = UTC) -> str:
    """Return a time as people say it, by the clocks of a place."""
    local = datetime.fromtimestamp(at, zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}"


def iso(at: float) -> str:
    """Return a time as machines read it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def span(seconds: float) -> str:
    """Return a length of time, roughly: `3 hours`."""
    for length, name in _UNITS:
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "less than a minute"


def ahead(at: float, now: float) -> str:
    """Return how far a time is ahead, or ago."""
    return f"in {span(at - now)}" if at >= now else f"{span(now - at)} ago"


def spent(amount: Spent) -> str:
    """Return what was spent; empty where nothing was."""
    tokens = amount.input_tokens + amount.output_tokens
    parts = [f"{tokens:,} tokens"] if tokens else []
    if amount.usd is not None:
        parts.insert(0, f"${amount.usd:,.4f}" if 0 < amount.usd < _CENT else f"${amount.usd:,.2f}")
    return " · ".join(parts)


def names(people: "tuple[str, ...] | list[str]") -> str:
    """Return names in a row."""
    said = [shown_in_line(each) for each in people]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else "nobody"


def plain(value: Json) -> str:
    """Return a value that is no list or object as people read it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return shown(value)
        case _:
            return str(value)
