-- How the key that seals the ledger was replaced: signed with the old key and the new one, and entered in the ledger.
CREATE TABLE audit_keys (
    entry INTEGER PRIMARY KEY,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    signature BLOB NOT NULL,
    accepted BLOB NOT NULL
);
