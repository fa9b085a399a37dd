CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born TEXT NOT NULL,
    beat REAL NOT NULL,
    fenced INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    wake INTEGER NOT NULL,
    owner TEXT,
    wake_at REAL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    facts INTEGER NOT NULL,
    head BLOB NOT NULL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    parent TEXT,
    root TEXT NOT NULL,
    tag TEXT,
    created_at REAL NOT NULL,
    ended_at REAL,
    reason TEXT NOT NULL
);
CREATE INDEX runs_ready ON runs (priority DESC, n) WHERE state = 'ready';
CREATE INDEX runs_due ON runs (wake_at) WHERE state = 'parked' AND wake_at IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE state = 'running';
CREATE INDEX runs_blocked ON runs (workflow) WHERE state = 'blocked';
CREATE INDEX runs_children ON runs (parent) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX runs_tag ON runs (workflow, tag) WHERE tag IS NOT NULL;

-- A fact's place is its run's number times 2^24, plus its place in the run: such a key appends to one page.
CREATE TABLE facts (
    place INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL,
    digest BLOB,
    salt BLOB,
    body BLOB,
    payload BLOB,
    blob BLOB
);
CREATE VIEW journal AS
SELECT r.id AS run, f.place & 16777215 AS seq, f.kind, f.key, f.at, f.epoch, f.body, f.payload, f.blob, f.hash
FROM facts f JOIN runs r ON r.n = f.place >> 24;

CREATE TABLE blobs (
    hash BLOB PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE signals (
    run INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX signals_id ON signals (run, id);
CREATE INDEX signals_waiting ON signals (run) WHERE taken = 0;

CREATE TABLE questions (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    subject BLOB,
    schema BLOB,
    "to" TEXT NOT NULL,
    quorum INTEGER NOT NULL,
    asked_at REAL NOT NULL,
    deadline REAL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX questions_open ON questions (asked_at) WHERE state = 'open';
CREATE INDEX questions_run ON questions (run);

CREATE TABLE answers (
    question TEXT NOT NULL,
    by TEXT NOT NULL,
    value BLOB NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (question, by)
) WITHOUT ROWID;

CREATE TABLE memory (
    n INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    writer TEXT NOT NULL,
    at REAL NOT NULL,
    UNIQUE (scope, key)
);
CREATE VIRTUAL TABLE memory_text USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2');
