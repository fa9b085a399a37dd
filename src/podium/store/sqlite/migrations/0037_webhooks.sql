-- Addresses that are told what happens to runs and questions, and what was delivered to them.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    tenant TEXT,
    scope BLOB NOT NULL,
    "values" INTEGER NOT NULL,
    secret TEXT NOT NULL,
    former TEXT,
    former_until REAL,
    off TEXT,
    made_at REAL NOT NULL,
    made_by TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    held_since REAL,
    held_tries INTEGER,
    held_until REAL,
    held_why TEXT
) WITHOUT ROWID;
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY NOT NULL,
    webhook TEXT NOT NULL,
    position INTEGER,
    type TEXT NOT NULL,
    content BLOB NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    tries INTEGER NOT NULL,
    next_at REAL,
    ended_at REAL,
    status INTEGER,
    why TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook, at, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, next_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL
