"""The statements, one a file in `queries/`, and the numbered migrations."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def statement(name: str) -> bytes:
    """Return the statement of `queries/NAME.sql`, with `%s` or `%(name)s` where values are bound."""
    return (_HERE / "queries" / f"{name}.sql").read_bytes().strip()


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return number and text of every migration, in order."""
    found = (_HERE / "migrations").glob("*.sql")
    return tuple(sorted((int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in found))
