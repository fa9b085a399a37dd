"""The statements, one a file in `queries/`, and the numbered migrations."""

from importlib.resources import files

_QUERIES = {
    entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8").strip()
    for entry in files(__package__).joinpath("queries").iterdir()
    if entry.name.endswith(".sql")
}


def query(name: str) -> str:
    """Return the statement of `queries/NAME.sql`."""
    return _QUERIES[name]


def migrations() -> list[tuple[int, str]]:
    """Return number and text of every migration, in order."""
    found = files(__package__).joinpath("migrations").iterdir()
    return sorted((int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in found if entry.name.endswith(".sql"))
