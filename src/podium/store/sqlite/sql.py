"""The statements, one a file in `queries/`, and the numbered migrations."""

from importlib.resources import files

_QUERIES = {
    entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8").strip()
    for entry in files("podium.store.sqlite").joinpath("queries").iterdir()
    if entry.name.endswith(".sql")
}


def statement(name: str) -> str:
    """Return the statement of `queries/NAME.sql`."""
    return _QUERIES[name]


def migrations() -> list[tuple[int, str]]:
    """Return number and text of every migration, in order."""
    found = files("podium.store.sqlite").joinpath("migrations").iterdir()
    named = [entry for entry in found if entry.name.endswith(".sql")]
    return sorted((int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in named)
