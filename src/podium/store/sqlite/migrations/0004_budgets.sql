-- Money is in billionths of a US dollar: whole numbers, so that sums are exact. A limit that is NULL is none.
CREATE TABLE budgets (
    id TEXT PRIMARY KEY,
    usd_limit INTEGER,
    tokens_limit INTEGER,
    calls_limit INTEGER,
    usd_reserved INTEGER NOT NULL DEFAULT 0,
    tokens_reserved INTEGER NOT NULL DEFAULT 0,
    calls_reserved INTEGER NOT NULL DEFAULT 0,
    usd_spent INTEGER NOT NULL DEFAULT 0,
    tokens_spent INTEGER NOT NULL DEFAULT 0,
    calls_spent INTEGER NOT NULL DEFAULT 0,
    usd_in_doubt INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- `parts`: what is set aside in which budget, as JSON: [[budget, usd, tokens, calls], …]; null is what it does not bound.
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    parts TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX reservations_run ON reservations (run);
