"""Ways to tamper with any row of any table that an audit does not say is outside, and with the schema."""

import sqlite3
from random import Random

from podium.reports.outside import OUTSIDE

_OUTSIDE = {column for part in OUTSIDE for column in part.columns}
_QUESTION = (
    'run, run_id, key, kind, text, subject, schema, "to", quorum, asked_at, deadline, tenant, principal, state, step,'
    " idempotency_key, to_folded, remind, assignee, assignee_folded"
)
_KEY = "id, name, who, tenant, scope, made_at, made_by, digest, issued_at, issued_by"
_TABLES = """
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type IN ('table', 'virtual') AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name
"""


def tables_inside(db: sqlite3.Connection) -> list[str]:
    """Return the tables of which an audit answers for each row."""
    return [name for (name,) in db.execute(_TABLES) if name not in _OUTSIDE]


def row_anywhere(db: sqlite3.Connection, chance: Random) -> str:
    """Change, remove, or double a row of a table that is not outside."""
    table = chance.choice([name for name in tables_inside(db) if db.execute(f"SELECT 1 FROM {name}").fetchone()])
    columns = db.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    rows = db.execute(f"SELECT * FROM {table}").fetchall()
    row = dict(zip((name for name, _ in columns), chance.choice(rows), strict=True))
    keys = [name for name, pk in columns if pk]
    at = " AND ".join(f'"{name}" = ?' for name in keys)
    place = [row[name] for name in keys]
    match chance.randrange(6):
        case 0:
            db.execute(f"DELETE FROM {table} WHERE {at}", place)
            return f"row {place!r} of {table} removed"
        case 1:
            key = chance.choice(keys)
            double = {**row, key: _other(row[key], chance)}
            if table == "runs" and key == "n":
                double["id"] = f"{row['id']}x"
            if table == "runs":
                double["tag"] = None
            names, marks = ", ".join(f'"{name}"' for name in double), ", ".join("?" * len(double))
            db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", list(double.values()))
            return f"row {place!r} of {table} doubled under another {key}"
        case _:
            column = chance.choice([name for name in row if f"{table}.{name}" not in _OUTSIDE])
            forged = _other(row[column], chance)
            db.execute(f'UPDATE OR REPLACE {table} SET "{column}" = ? WHERE {at}', (forged, *place))
            return f"{column} of {table} {place!r} changed from {row[column]!r} to {forged!r}"


def _other(before: object, chance: Random) -> object:
    match before:
        case int() | float():
            return before + chance.choice([1, 2, 3_600])
        case str():
            return before + chance.choice(".019")
        case bytes() if before:
            n = chance.randrange(len(before))
            return before[:n] + bytes([before[n] ^ (1 << chance.randrange(8))]) + before[n + 1 :]
        case _:
            return chance.choice([b'"forged"', "forged", 7])


def schema_changed(db: sqlite3.Connection, chance: Random) -> str:
    """Add something that acts or lies to the schema, or take something away."""
    statement: str = chance.choice([
        "CREATE TRIGGER forged AFTER INSERT ON facts BEGIN UPDATE runs SET tenant = 'eve'; END",
        "CREATE TRIGGER forged AFTER UPDATE ON answers BEGIN DELETE FROM questions; END",
        "CREATE VIEW forged AS SELECT * FROM runs", "CREATE TABLE forged (x)",
        "CREATE INDEX forged ON runs (principal, n)", "CREATE TABLE sqlitestat (x)",
        "DROP VIEW journal", "DROP TRIGGER memory_deleted", "DROP INDEX facts_blob", "DROP TABLE workers",
        "ALTER TABLE runs ADD COLUMN forged", "ALTER TABLE answers RENAME COLUMN by TO whom",
    ])  # fmt: skip
    db.execute(statement)
    if statement.startswith("DROP VIEW"):
        db.execute("CREATE VIEW journal AS SELECT 'run' AS run")
    return statement


def row_beside(db: sqlite3.Connection, chance: Random) -> str:
    """Add a row that belongs to nothing."""
    statement: str = chance.choice([
        "INSERT INTO signals (run, n, id, kind, name, at, body) VALUES (9999, 1, 's', 'user', 'go', 1.0, 'null')",
        "INSERT INTO blobs VALUES (x'93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476', 'null')",
        "INSERT INTO answers (question, by, value, at) VALUES ('q_none', 'eve', '1', 1.0)",
        "INSERT INTO answers (question, by, value, at) SELECT id, 'eve', CAST('1' AS BLOB), 1.0 FROM questions LIMIT 1",
        "INSERT INTO reservations (id, run, parts) VALUES ('r', 9999, '[]')",
        "INSERT INTO conversation_turns (conversation, run, key) VALUES (77, 'none', '0')",
        "INSERT INTO conversation_said (place, author, run, key, at, message) VALUES (77 << 24, 'a', 'r', '', 1, '{}')",
        f"INSERT INTO questions SELECT 'q_none', {_QUESTION} FROM questions LIMIT 1",
        "INSERT INTO delegations (id, by, \"to\", tenant, scope, granted_at) VALUES ('d', 'ada', 'eve', 't', '{}', 1)",
        "INSERT INTO remarks VALUES ('r_none', 'q_none', 'eve', 1.0, 'null', NULL, NULL, x'00')",
        "INSERT INTO remarks SELECT 'r', id, 'eve', 1.0, CAST('1' AS BLOB), NULL, NULL, x'00' FROM questions LIMIT 1",
        "INSERT INTO absences VALUES ('away_x', 'default', 'ann', 'ann', 1e12, 1.0, 'eve')",
        f"INSERT INTO api_keys ({_KEY}) VALUES ('k', 'x', 'eve', 't', '{{}}', 1, 'eve', x'00', 1, 'eve')",
        "INSERT INTO actions VALUES (1.0, 'act_none', 'eve', 't', 'retry runs', 'r', '{}')",
        "INSERT INTO seals VALUES (1, x'00', 1.0, x'00')",
        "INSERT INTO pruned VALUES (9999, 'run_none', 1, x'00', 'done', 1.0, 'eve', '', NULL)",
        "INSERT INTO audit_keys VALUES (1, 'a', 'b', 1.0, 'eve', '', x'00', x'00')",
    ])  # fmt: skip
    db.execute(statement)
    return statement


ANYWHERE = [row_anywhere, schema_changed, row_beside]
