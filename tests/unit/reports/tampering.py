"""Ways to tamper with a store that is closed; each really changes something."""

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from random import Random

from podium.model.audit import GENESIS, entry_hash
from podium.store.sqlite.chain import GENESIS as BEGINNING
from podium.store.sqlite.chain import link, payload_digest

Tamper = Callable[[sqlite3.Connection, Random], str]
"""Changes a store; returns what was done, in words."""

_FACT = "place, kind, key, at, epoch, hash, digest, salt, body, payload, blob"


def _places(db: sqlite3.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT place FROM facts ORDER BY place")]


def _runs(db: sqlite3.Connection) -> list[tuple[int, str]]:
    return db.execute("SELECT n, id FROM runs ORDER BY n").fetchall()


def fact_changed(db: sqlite3.Connection, chance: Random) -> str:
    place = chance.choice(_places(db))
    column = chance.choice(["kind", "key", "at", "epoch", "body", "hash", "salt", "payload"])
    (before,) = db.execute(f"SELECT {column} FROM facts WHERE place = ?", (place,)).fetchone()
    match before:
        case int() | float():
            after: object = before + chance.choice([1, 2, 3600])
        case str():
            after = before + chance.choice(".019")
        case bytes() if before:
            n = chance.randrange(len(before))
            after = before[:n] + bytes([before[n] ^ (1 << chance.randrange(8))]) + before[n + 1 :]
        case _:
            after = b'"forged"'
    db.execute(f"UPDATE facts SET {column} = ? WHERE place = ?", (after, place))
    return f"{column} of fact {place & 0xFFFFFF} changed"


def fact_removed(db: sqlite3.Connection, chance: Random) -> str:
    place = chance.choice(_places(db))
    db.execute("DELETE FROM facts WHERE place = ?", (place,))
    return f"fact {place & 0xFFFFFF} removed"


def fact_inserted(db: sqlite3.Connection, chance: Random) -> str:
    number, run = chance.choice(_runs(db))
    last = max(place for place in _places(db) if place >> 24 == number)
    copied = db.execute(f"SELECT {_FACT} FROM facts WHERE place = ?", (chance.choice(_places(db)),)).fetchone()
    db.execute(f"INSERT INTO facts ({_FACT}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", (last + 1, *copied[1:]))
    return f"a fact inserted into {run}"


def facts_reordered(db: sqlite3.Connection, chance: Random) -> str:
    number, run = chance.choice(_runs(db))
    one, other = sorted(chance.sample([place for place in _places(db) if place >> 24 == number], 2))
    db.execute("UPDATE facts SET place = -1 WHERE place = ?", (one,))
    db.execute("UPDATE facts SET place = ? WHERE place = ?", (one, other))
    db.execute("UPDATE facts SET place = ? WHERE place = -1", (other,))
    return f"two facts of {run} swapped"


def tail_cut(db: sqlite3.Connection, chance: Random) -> str:
    """Cut the last facts, and make the run's row fit."""
    number, run = chance.choice(_runs(db))
    places = [place for place in _places(db) if place >> 24 == number]
    left = chance.randrange(1, len(places))
    db.execute("DELETE FROM facts WHERE place > ? AND place >> 24 = ?", (places[left - 1], number))
    _make_row_fit(db, number)
    db.execute(
        "UPDATE runs SET state = ? WHERE n = ?", (chance.choice(["done", "parked", "failed", "blocked"]), number)
    )
    return f"{run} cut to {left} facts"


def run_removed(db: sqlite3.Connection, chance: Random) -> str:
    """Remove a run with all its traces, and chain what is left of the ledger anew."""
    number, run = chance.choice(_runs(db))
    db.execute("DELETE FROM facts WHERE place >> 24 = ?", (number,))
    db.execute("DELETE FROM runs WHERE n = ?", (number,))
    if chance.random() < 0.7:
        db.execute("DELETE FROM ledger WHERE run = ?", (run,))
        _chain_ledger(db)
    return f"{run} removed"


def chain_recomputed(db: sqlite3.Connection, chance: Random) -> str:
    """Change a value, and compute everything anew that can be computed without the key."""
    number, run = chance.choice(_runs(db))
    place = chance.choice([place for place in _places(db) if place >> 24 == number])
    db.execute("UPDATE facts SET payload = ?, blob = NULL WHERE place = ?", (b'"forged"', place))
    _chain_facts(db, number, run)
    _chain_ledger(db)
    if chance.random() < 0.5:
        db.execute("DELETE FROM seals")
    return f"a value of {run} forged, and all chains computed anew"


def row_changed(db: sqlite3.Connection, chance: Random) -> str:
    number, run = chance.choice(_runs(db))
    column = chance.choice(["workflow", "tenant", "principal", "state", "facts", "head"])
    forged: object = {"state": "cancelled", "facts": 1_000, "head": b"x" * 32}.get(column, "forged")
    db.execute(f"UPDATE runs SET {column} = ? WHERE n = ?", (forged, number))
    return f"{column} of {run} changed"


def ledger_changed(db: sqlite3.Connection, chance: Random) -> str:
    (n,) = chance.choice(db.execute("SELECT n FROM ledger").fetchall())
    if chance.random() < 0.5:
        db.execute("DELETE FROM ledger WHERE n = ?", (n,))
        return f"ledger entry {n} removed"
    column, forged = chance.choice([("run", "forged"), ("facts", 99), ("head", b"y" * 32), ("state", "forged")])
    db.execute(f"UPDATE ledger SET {column} = ? WHERE n = ?", (forged, n))
    return f"{column} of ledger entry {n} changed"


def seals_removed(db: sqlite3.Connection, chance: Random) -> str:
    """Cut the ledger's end, with the runs and seals that it knows of there."""
    (last,) = db.execute("SELECT MAX(n) FROM ledger").fetchone()
    left = chance.randrange(1, last)
    gone = [run for (run,) in db.execute("SELECT DISTINCT run FROM ledger WHERE n > ?", (left,))]
    for run in gone:
        (number,) = db.execute("SELECT n FROM runs WHERE id = ?", (run,)).fetchone()
        db.execute("DELETE FROM facts WHERE place >> 24 = ?", (number,))
        db.execute("DELETE FROM runs WHERE n = ?", (number,))
        db.execute("DELETE FROM ledger WHERE run = ?", (run,))
    _chain_ledger(db)
    db.execute("DELETE FROM seals")
    return f"the ledger cut to {left} entries, without seals"


def seal_forged(db: sqlite3.Connection, chance: Random) -> str:
    (n,) = chance.choice(db.execute("SELECT n FROM seals").fetchall())
    db.execute("UPDATE seals SET signature = ? WHERE n = ?", (sha256(b"%d" % chance.randrange(99)).digest() * 2, n))
    return f"seal {n} forged"


def content_taken(db: sqlite3.Connection, chance: Random) -> str:
    """Take a fact's content away, and leave the digest that stands for it, so that the chain holds."""
    place = chance.choice(_places(db))
    salt, body, payload, blob = db.execute(
        "SELECT salt, body, payload, blob FROM facts WHERE place = ?", (place,)
    ).fetchone()
    digest = payload_digest(salt, body, payload, blob)
    db.execute("UPDATE facts SET digest = ?, salt = NULL, body = NULL, payload = NULL WHERE place = ?", (digest, place))
    return f"content of fact {place & 0xFFFFFF} taken away"


def blob_forged(db: sqlite3.Connection, chance: Random) -> str:
    if chance.random() < 0.5:
        db.execute("DELETE FROM blobs")
        return "large payloads removed"
    db.execute("UPDATE blobs SET body = ?", (b'"forged"',))
    return "large payloads forged"


ALL: list[Tamper] = [
    fact_changed, fact_removed, fact_inserted, facts_reordered, tail_cut, run_removed, chain_recomputed, row_changed,
    ledger_changed, seals_removed, seal_forged, content_taken, blob_forged,
]  # fmt: skip


def _chain_facts(db: sqlite3.Connection, number: int, run: str) -> None:
    previous, old = BEGINNING, dict[bytes, bytes]()
    for place, kind, key, at, epoch, was, kept, salt, body, payload, blob in db.execute(
        f"SELECT {_FACT} FROM facts WHERE place >> 24 = ? ORDER BY place", (number,)
    ).fetchall():
        digest = kept if salt is None else payload_digest(salt, body, payload, blob)
        previous = link(previous, run.encode(), place & 0xFFFFFF, kind, key, at, epoch, digest)
        old[was] = previous
        db.execute("UPDATE facts SET hash = ? WHERE place = ?", (previous, place))
    for n, head in db.execute("SELECT n, head FROM ledger WHERE run = ?", (run,)).fetchall():
        db.execute("UPDATE ledger SET head = ? WHERE n = ?", (old.get(head, head), n))
    _make_row_fit(db, number)


def _make_row_fit(db: sqlite3.Connection, number: int) -> None:
    place, head = db.execute(
        "SELECT place, hash FROM facts WHERE place >> 24 = ? ORDER BY place DESC LIMIT 1", (number,)
    ).fetchone()
    db.execute("UPDATE runs SET facts = ?, head = ? WHERE n = ?", ((place & 0xFFFFFF) + 1, head, number))


def _chain_ledger(db: sqlite3.Connection) -> None:
    previous, rows = GENESIS, db.execute("SELECT n, run, facts, head, state FROM ledger ORDER BY n").fetchall()
    db.execute("DELETE FROM ledger")
    for n, (_, run, facts, head, state) in enumerate(rows, 1):
        previous = entry_hash(previous, n, run, facts, head, state)
        db.execute("INSERT INTO ledger VALUES (?,?,?,?,?,?)", (n, run, facts, head, state, previous))
