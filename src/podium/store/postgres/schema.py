"""What is in the schema of a store, and what should be: whoever can change its tables can add a trigger to them."""

import secrets

from psycopg import sql

from podium.store.postgres.address import Address
from podium.store.postgres.connection import Connection, connect, translated
from podium.store.postgres.sql import migrations, statement
from podium.store.tables.ledger import Schema


def schemas(address: Address) -> tuple[Schema, Schema]:
    """Return the schema of a new store, and that of this one.

    A new one is made to look at, in a transaction that is undone; so the user needs the right to create schemas.
    """
    name = f"podium_look_{secrets.token_hex(4)}"
    with translated(address.name), connect(address) as connection:
        there = _schema_of(connection, address.schema)
        connection.execute("BEGIN")
        try:
            connection.execute(sql.SQL("CREATE SCHEMA {0}; SET LOCAL search_path = {0}").format(sql.Identifier(name)))
            connection.execute("CREATE TABLE podium_store (version bigint NOT NULL)")
            for _, text in migrations():
                connection.execute(text.encode())
            return _schema_of(connection, name), there
        finally:
            connection.execute("ROLLBACK")


def _schema_of(connection: Connection, schema: str) -> Schema:
    rows = connection.execute(statement("schema_objects"), {"schema": schema}).fetchall()
    quoted = sql.Identifier(schema).as_string(connection)
    return {
        (kind, name): " ".join(text.replace(f"{quoted}.", "").replace(f"{schema}.", "").split())
        for kind, name, text in rows
    }
