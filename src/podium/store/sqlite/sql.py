"""The statements, one a file in `queries/`, the numbered migrations, and what they come to in a new store."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def statement(name: str) -> str:
    """Return the statement of `queries/NAME.sql`."""
    return (_HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8").strip()


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return number and text of every migration, in order."""
    found = (_HERE / "migrations").glob("*.sql")
    return tuple(sorted((int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in found))


@cache
def schema() -> str:
    """Return what makes a new store: the same as all migrations, in a quarter of the time."""
    return (_HERE / "schema.sql").read_text(encoding="utf-8")
