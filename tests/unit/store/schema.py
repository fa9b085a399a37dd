"""Writes the schema of a new store, which all migrations come to: `python -m tests.unit.store.schema`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import podium.store.sqlite
from podium.store.sqlite.connection import add_functions
from podium.store.sqlite.sql import migrations

FILE = Path(podium.store.sqlite.__file__).with_name("schema.sql")
HEAD = "-- All migrations at once, for a store that is new. Written by `python -m tests.unit.store.schema`."
MADE = """
    SELECT sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
    AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
"""
"""What was asked for; SQLite makes other tables and indexes by itself."""


def migrated() -> str:
    """Return, as statements, the schema that an empty store has after every migration."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        add_functions(connection)
        for _, text in migrations():
            for statement in text.split(";\n"):
                connection.execute(statement)
        made = [sql.rstrip() for (sql,) in connection.execute(MADE)]
    return f"{HEAD}\n\n" + ";\n".join(made) + "\n"


if __name__ == "__main__":
    FILE.write_text(migrated(), encoding="utf-8")
