"""Ways to tamper with a store that is closed; each really changes something."""

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from random import Random

from podium.model.audit import GENESIS, entry_hash, remains_of
from podium.model.fact import FactKind
from podium.model.facts.codec import left_of
from podium.operations.signing import Signer
from podium.store.codec import encode
from podium.store.inserting import NewFact
from podium.store.journaling.appending import Salts
from podium.store.journaling.chain import GENESIS as BEGINNING
from podium.store.journaling.chain import link, payload_digest
from podium.store.journaling.commit_transaction import CommitTransaction
from podium.store.operations import CommitVerdict, Redact
from podium.store.sqlite.statements import SqliteStatements
from podium.store.sqlite.transaction import SqliteTransaction
from podium.store.tables.rows import ALL_FACTS, facts_of

Tamper = Callable[[sqlite3.Connection, Random], str]
"""Changes a store; returns what was done, in words."""

_FACT = "place, kind, key, at, epoch, hash, digest, salt, body, payload, blob"


def _places(db: sqlite3.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT place FROM facts ORDER BY place")]


def _runs(db: sqlite3.Connection) -> list[tuple[int, str]]:
    return db.execute("SELECT n, id FROM runs ORDER BY n").fetchall()


def fact_changed(db: sqlite3.Connection, chance: Random) -> str:
    place = chance.choice(_places(db))
    column = chance.choice(["kind", "key", "at", "epoch", "body", "hash", "salt", "payload", "digest", "blob"])
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


def sealed_by_another(db: sqlite3.Connection, chance: Random) -> str:
    """Change a value, compute all chains anew, and seal the ledger with a key of one's own."""
    what = chain_recomputed(db, chance)
    signer = Signer(Signer.new()[0])
    seals = [signer.seal(n, head, 1.0) for n, head in db.execute("SELECT n, hash FROM ledger").fetchall()]
    sealed = db.execute("SELECT n FROM seals").fetchall()
    db.execute("DELETE FROM seals")
    for each in [*seals[-1:], *(seal for seal in seals[:-1] if (seal.n,) in sealed)]:
        db.execute("INSERT INTO seals VALUES (?,?,?,?)", (each.n, each.hash, each.at, each.signature))
    return f"{what}, and sealed with another key"


def row_changed(db: sqlite3.Connection, chance: Random) -> str:
    number, run = chance.choice(_runs(db))
    (ended,) = db.execute("SELECT ended_at IS NOT NULL FROM runs WHERE n = ?", (number,)).fetchone()
    column: str = chance.choice([
        "workflow", "version", "tenant", "principal", "parent", "root", "state", "facts", "head", "ended_at",
        "generation", "since",
        *(["reason"] if ended else []),
    ])  # fmt: skip
    (state,) = db.execute("SELECT state FROM runs WHERE n = ?", (number,)).fetchone()
    states = [each for each in ("done", "failed", "cancelled", "parked", "blocked", "forged") if each != state]
    special: dict[str, object] = {
        "state": chance.choice(states), "facts": chance.choice([0, 1_000]), "head": b"x" * 32, "ended_at": 1.0,
        "generation": 7, "since": 1,
    }  # fmt: skip
    forged = special.get(column, "forged")
    db.execute(f"UPDATE runs SET {column} = ? WHERE n = ?", (forged, number))
    return f"{column} of {run} changed"


def key_half_revoked(db: sqlite3.Connection, chance: Random) -> str:
    """Say by whom a key was revoked, and not when."""
    (key,) = chance.choice(db.execute("SELECT id FROM api_keys WHERE revoked_at IS NULL").fetchall())
    db.execute("UPDATE api_keys SET revoked_by = 'eve' WHERE id = ?", (key,))
    return f"key {key} was said to be revoked by eve"


def ledger_changed(db: sqlite3.Connection, chance: Random) -> str:
    (n,) = chance.choice(db.execute("SELECT n FROM ledger").fetchall())
    if chance.random() < 0.5:
        db.execute("DELETE FROM ledger WHERE n = ?", (n,))
        return f"ledger entry {n} removed"
    column, forged = chance.choice([("run", "forged"), ("facts", 99), ("head", b"y" * 32), ("state", "forged")])
    db.execute(f"UPDATE ledger SET {column} = ? WHERE n = ?", (forged, n))
    return f"{column} of ledger entry {n} changed"


_NAMED = {
    "runs": "id",
    "ledger": "run",
    "pruned": "run",
    "delegations": "id",
    "drains": "worker",
    "api_keys": "id",
    "actions": "id",
    "absences": "id",
}
"""The tables whose rows the ledger knows by a name, and the column of that."""


def seals_removed(db: sqlite3.Connection, chance: Random) -> str:
    """Cut the ledger's end, with the runs and seals that it knows of there."""
    (last,) = db.execute("SELECT MAX(n) FROM ledger").fetchone()
    left = chance.randrange(1, last)
    gone = [run for (run,) in db.execute("SELECT DISTINCT run FROM ledger WHERE n > ?", (left,))]
    for run in gone:
        db.execute("DELETE FROM facts WHERE place >> 24 = (SELECT n FROM runs WHERE id = ?)", (run,))
        for table, column in _NAMED.items():
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", (run,))
    db.execute("DELETE FROM audit_keys WHERE entry > ?", (left,))
    _chain_ledger(db)
    db.execute("DELETE FROM seals")
    return f"the ledger cut to {left} entries, without seals"


def seal_forged(db: sqlite3.Connection, chance: Random) -> str:
    (n,) = chance.choice(db.execute("SELECT n FROM seals").fetchall())
    db.execute("UPDATE seals SET signature = ? WHERE n = ?", (sha256(b"%d" % chance.randrange(99)).digest() * 2, n))
    return f"seal {n} forged"


def content_taken(db: sqlite3.Connection, chance: Random) -> str:
    """Take a fact's content away, and leave the digest that stands for it, so that the chain holds."""
    whole = db.execute("SELECT place, salt, body, payload, blob FROM facts WHERE salt IS NOT NULL").fetchall()
    place, salt, body, payload, blob = chance.choice(whole)
    digest = payload_digest(salt, body, payload, blob)
    left = chance.choice([None, b"{}", body])
    db.execute(
        "UPDATE facts SET digest = ?, salt = NULL, body = ?, payload = NULL, blob = NULL WHERE place = ?",
        (digest, left, place),
    )
    return f"content of fact {place & 0xFFFFFF} taken away"


def blob_forged(db: sqlite3.Connection, chance: Random) -> str:
    if chance.random() < 0.5:
        db.execute("DELETE FROM blobs")
        return "large payloads removed"
    db.execute("UPDATE blobs SET body = ?", (b'"forged"',))
    return "large payloads forged"


def fact_appended(db: sqlite3.Connection, chance: Random) -> str:
    """Append a fact that is chained as it should be, and make the run's row fit."""
    number, run = chance.choice(_runs(db))
    last, previous = db.execute(
        "SELECT place, hash FROM facts WHERE place >> 24 = ? ORDER BY place DESC LIMIT 1", (number,)
    ).fetchone()
    kind, body, salt = chance.choice([FactKind.NOTICE, FactKind.REWOUND, FactKind.ENDED]), b'{"facts":[]}', b"s" * 16
    digest = payload_digest(salt, body, None, None)
    chained = link(previous, run.encode(), (last + 1) & 0xFFFFFF, kind, "", 1.0, 9, digest)
    row = (last + 1, kind, "", 1.0, 9, chained, None, salt, body, None, None)
    db.execute(f"INSERT INTO facts ({_FACT}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
    _make_row_fit(db, number)
    return f"a {kind.name} appended to {run}"


def question_changed(db: sqlite3.Connection, chance: Random) -> str:
    (question,) = chance.choice(db.execute("SELECT id FROM questions").fetchall())
    match chance.randrange(4):
        case 0:
            db.execute("DELETE FROM questions WHERE id = ?", (question,))
            return f"question {question} removed"
        case 1:
            db.execute("CREATE TEMP TABLE copied AS SELECT * FROM questions WHERE id = ?", (question,))
            db.execute("UPDATE copied SET id = 'forged'")
            db.execute("INSERT INTO questions SELECT * FROM copied")
            return f"question {question} doubled"
        case 2:
            answered = [row[0] for row in db.execute("SELECT id FROM questions WHERE state = 'answered'")]
            db.execute("UPDATE questions SET state = 'withdrawn' WHERE id = ?", (chance.choice(answered),))
            return "an answered question withdrawn"
        case _:
            column = chance.choice(["text", '"to"', "quorum", "deadline", "kind", "state"])
            db.execute(f"UPDATE questions SET {column} = 'forged' WHERE id = ?", (question,))
            return f"{column} of question {question} changed"


def redaction_faked(db: sqlite3.Connection, chance: Random) -> str:
    """Redact a run as we do, chains, ledger and all, without the key."""
    whole = db.execute(
        "SELECT n, id, epoch FROM runs r WHERE state IN ('done', 'failed', 'cancelled') AND NOT EXISTS"
        " (SELECT 1 FROM facts WHERE place >> 24 = r.n AND kind = 19)"
    ).fetchall()
    number, run, epoch = chance.choice(whole)
    facts = facts_of(SqliteStatements(db), "facts_of_run", number, -1, ALL_FACTS)
    left = [(fact.seq, encode(left_of(fact.kind, fact.body))) for fact in facts]
    said = {"by": "ann", "why": "", "left": remains_of(run, left)}
    if chance.random() < 0.5:
        said["signature"] = (sha256(run.encode()).digest() * 2).hex()
    fact = NewFact(FactKind.REDACTED, "", 9.0, encode(said))
    (reason,) = db.execute("SELECT reason FROM runs WHERE n = ?", (number,)).fetchone()
    wanted = Redact(run=run, epoch=epoch, left=left, reason=reason.partition(":")[0], fact=fact)
    assert CommitTransaction(SqliteTransaction(db), "forger", {}, Salts()).perform([wanted]).verdicts == [
        CommitVerdict.OK
    ]
    return f"{run} redacted by somebody without the key"


def redacted_refilled(db: sqlite3.Connection, chance: Random) -> str:
    """Change what is left of a redacted fact, or put something into it."""
    place, body = chance.choice(db.execute("SELECT place, body FROM facts WHERE salt IS NULL").fetchall())
    changed = body.replace(b"{", b'{"by":"forged",', 1)
    columns = [("body", changed), ("body", None), ("payload", b'"forged"'), ("blob", b"x" * 32)]
    column, forged = chance.choice(columns)
    db.execute(f"UPDATE facts SET {column} = ? WHERE place = ?", (forged, place))
    return f"{column} of redacted fact {place & 0xFFFFFF} forged"


def stray_facts(db: sqlite3.Connection, chance: Random) -> str:
    """Copy a run's facts to a number that no run has."""
    number, run = chance.choice(_runs(db))
    (last,) = db.execute("SELECT MAX(n) FROM runs").fetchone()
    shift = (last + chance.randrange(1, 9) - number) << 24
    rest = _FACT.removeprefix("place, ")
    db.execute(f"INSERT INTO facts ({_FACT}) SELECT place + {shift}, {rest} FROM facts WHERE place >> 24 = {number}")
    return f"facts of {run} copied to a run that is not there"


ALL: list[Tamper] = [
    fact_changed, fact_removed, fact_inserted, facts_reordered, tail_cut, run_removed, chain_recomputed,
    sealed_by_another, row_changed, ledger_changed, seals_removed, seal_forged, content_taken, blob_forged,
    fact_appended, question_changed, redaction_faked, redacted_refilled, stray_facts, key_half_revoked,
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
