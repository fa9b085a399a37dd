CREATE TABLE delegations (
    id TEXT PRIMARY KEY,
    by TEXT NOT NULL,
    "to" TEXT NOT NULL,
    tenant TEXT NOT NULL,
    scope BLOB NOT NULL,
    expires REAL,
    quota INTEGER,
    used INTEGER NOT NULL DEFAULT 0,
    granted_at REAL NOT NULL,
    revoked_at REAL
) WITHOUT ROWID
