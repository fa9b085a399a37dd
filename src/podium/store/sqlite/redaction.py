"""Deleting what a run was given, said and gave, so that its chain still holds."""

import sqlite3

from podium.store.operations import Redact
from podium.store.sqlite.chain import PLACE_BITS, payload_digest
from podium.store.sqlite.sql import statement


def redact(connection: sqlite3.Connection, run: int, wanted: Redact) -> None:
    """Empty the facts of a run, and what else of it the store has; deleted bytes are overwritten.

    The facts were written before, by this transaction or an earlier one.
    """
    connection.execute("PRAGMA secure_delete = ON")
    try:
        rows = {row[0]: row[6:] for row in connection.execute(statement("chain_of_run"), (run,))}
        for seq, left in wanted.left:
            digest, salt, body, payload, blob = rows[seq]
            if salt is not None:
                digest = payload_digest(salt, body, payload, blob)
            connection.execute(statement("fact_redact"), (digest, left, (run << PLACE_BITS) + seq))
            if blob is not None:
                connection.execute(statement("blob_forget"), (blob,))
        connection.execute(statement("signals_forget"), (run,))
        connection.execute(statement("answers_redact"), (run,))
        connection.execute(statement("questions_redact"), (run,))
        connection.execute(statement("kept_forget"), (wanted.run,))
    finally:
        connection.execute("PRAGMA secure_delete = OFF")
