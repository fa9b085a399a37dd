"""Times, amounts and texts as people read them."""

from datetime import UTC, datetime

from podium.formats.printable import in_line, printable
from podium.model.cost import Cost
from podium.model.json import Json
from podium.secrets.masking import MASKING

_CENT = 0.01


def shown(text: str) -> str:
    """Return a text that somebody else wrote, as it may be shown: secrets masked, what steers or hides as escapes."""
    return printable(MASKING.text(text))


def shown_in_line(text: str) -> str:
    """Return such a text in one line."""
    return in_line(MASKING.text(text))


def iso(at: float) -> str:
    """Return a time as machines read it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def spent(amount: Cost | None) -> str:
    """Return what was spent; empty where nothing was."""
    if amount is None:
        return ""
    tokens = amount.input_tokens + amount.output_tokens
    parts = [f"{tokens:,} tokens"] if tokens else []
    if amount.usd:
        parts.insert(0, f"${amount.usd:,.4f}" if amount.usd < _CENT else f"${amount.usd:,.2f}")
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
