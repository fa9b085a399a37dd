"""What is in the schema of a store, and what should be: whoever can write the file can add a trigger to it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache

from podium.store.sqlite.sql import schema

_MADE = "SELECT type, name, sql FROM sqlite_schema WHERE substr(name, 1, 11) <> 'sqlite_stat'"
"""All but what SQLite keeps of how rows are spread, where somebody has it analyze the store."""


def schema_of(connection: sqlite3.Connection) -> Mapping[tuple[str, str], str]:
    """Return what made each table, index, view and trigger, by kind and name."""
    return {(kind, name): " ".join((sql or "").split()) for kind, name, sql in connection.execute(_MADE)}


@cache
def own_schema() -> Mapping[tuple[str, str], str]:
    """Return the same of a new store."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in schema().split(";\n"):
            connection.execute(statement)
        return schema_of(connection)
