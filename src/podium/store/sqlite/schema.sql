-- All migrations at once, for a store that is new. Written by `python -m tests.unit.store.schema`.

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born TEXT NOT NULL,
    beat REAL NOT NULL,
    fenced INTEGER NOT NULL DEFAULT 0
, since REAL NOT NULL DEFAULT 0, version TEXT NOT NULL DEFAULT '', queues TEXT, slots INTEGER NOT NULL DEFAULT 0, lease REAL NOT NULL DEFAULT 10, rates TEXT NOT NULL DEFAULT '{}', drained_at REAL, heard_at REAL) WITHOUT ROWID;
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
, strikes INTEGER NOT NULL DEFAULT 0, struck INTEGER NOT NULL DEFAULT 0, blocked TEXT, generation INTEGER NOT NULL DEFAULT 1, since INTEGER NOT NULL DEFAULT 0, ready_at REAL, affinity TEXT, costed_from REAL, costed_to REAL);
CREATE INDEX runs_ready ON runs (priority DESC, n) WHERE state = 'ready';
CREATE INDEX runs_due ON runs (wake_at) WHERE state = 'parked' AND wake_at IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE state = 'running';
CREATE INDEX runs_blocked ON runs (workflow) WHERE state = 'blocked';
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
, step TEXT, idempotency_key TEXT, to_folded TEXT NOT NULL DEFAULT '', remind REAL, assignee TEXT, assignee_folded TEXT) WITHOUT ROWID;
CREATE INDEX questions_open ON questions (asked_at) WHERE state = 'open';
CREATE INDEX questions_run ON questions (run);
CREATE TABLE answers (
    question TEXT NOT NULL,
    by TEXT NOT NULL,
    value BLOB NOT NULL,
    at REAL NOT NULL, salt BLOB, digest BLOB,
    PRIMARY KEY (question, by)
) WITHOUT ROWID;
CREATE TABLE memory (
    n INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    writer TEXT NOT NULL,
    at REAL NOT NULL, until REAL,
    UNIQUE (scope, key)
);
CREATE VIRTUAL TABLE memory_text USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE ledger (
    n INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    facts INTEGER NOT NULL,
    head BLOB NOT NULL,
    state TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX ledger_run ON ledger (run, n);
CREATE TABLE seals (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    at REAL NOT NULL,
    signature BLOB NOT NULL
);
CREATE INDEX runs_dead ON runs (n) WHERE state IN ('failed', 'blocked');
CREATE INDEX runs_suspect ON runs (strikes DESC, n) WHERE state = 'ready' AND strikes >= 2;
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
, usd_wanted INTEGER NOT NULL DEFAULT 0, tokens_wanted INTEGER NOT NULL DEFAULT 0, calls_wanted INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    parts TEXT NOT NULL
, escrow INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX reservations_run ON reservations (run);
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
) WITHOUT ROWID;
CREATE INDEX facts_blob ON facts (blob) WHERE blob IS NOT NULL;
CREATE INDEX runs_created ON runs (created_at);
CREATE INDEX runs_of_workflow ON runs (workflow, created_at);
CREATE INDEX runs_of_state ON runs (state, created_at);
CREATE INDEX runs_of_tenant ON runs (tenant, created_at);
CREATE INDEX runs_of_principal ON runs (principal, created_at);
CREATE INDEX runs_of_tag ON runs (tag, created_at) WHERE tag IS NOT NULL;
CREATE INDEX runs_children ON runs (parent, created_at) WHERE parent IS NOT NULL;
CREATE INDEX questions_asked ON questions (asked_at);
CREATE UNIQUE INDEX runs_tag ON runs (tenant, workflow, tag) WHERE tag IS NOT NULL;
CREATE INDEX reservations_escrow ON reservations (escrow) WHERE escrow;
CREATE TABLE "answers_kept" (
    digest TEXT NOT NULL,
    agent TEXT NOT NULL,
    version TEXT NOT NULL,
    tenant TEXT NOT NULL,
    until REAL NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL, usd REAL,
    PRIMARY KEY (digest, agent, version, tenant)
) WITHOUT ROWID;
CREATE TABLE pruned (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    facts INTEGER NOT NULL,
    head BLOB NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    signature TEXT
);
CREATE INDEX pruned_run ON pruned (run);
CREATE TABLE memory_writes (
    writer TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    what TEXT NOT NULL,
    version INTEGER NOT NULL,
    at REAL NOT NULL, until REAL, length INTEGER,
    PRIMARY KEY (writer, scope, key, what)
) WITHOUT ROWID;
CREATE INDEX memory_writes_at ON memory_writes (at);
CREATE VIEW journal AS
SELECT r.id AS run, f.place & 16777215 AS seq, f.kind, f.key, f.at, f.epoch, f.body,
    CASE WHEN SUBSTR(f.payload, 1, 1) <> x'00' THEN f.payload END AS payload, f.blob, f.hash
FROM facts f JOIN runs r ON r.n = f.place >> 24;
CREATE TABLE stream_watches (
    run TEXT NOT NULL,
    reader TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (run, reader)
) WITHOUT ROWID;
CREATE TABLE stream_heads (
    run TEXT PRIMARY KEY NOT NULL,
    epoch INTEGER NOT NULL,
    last INTEGER NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE stream_events (
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE conversations (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    principal TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    forked_from TEXT,
    forked_at INTEGER,
    UNIQUE (tenant, name)
);
CREATE TABLE "conversation_said" (
    place INTEGER PRIMARY KEY,
    author TEXT NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    message BLOB NOT NULL
, source INTEGER, cut INTEGER, first INTEGER, size INTEGER, number INTEGER NOT NULL DEFAULT 0);
CREATE TABLE conversation_turns (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    within TEXT,
    UNIQUE (run, key)
);
CREATE INDEX conversation_turns_first ON conversation_turns (conversation, n) WHERE within IS NULL;
CREATE INDEX memory_until ON memory (until) WHERE until IS NOT NULL;
CREATE TABLE memory_locks (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    token INTEGER NOT NULL,
    holder TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TABLE memory_vectors (
    v INTEGER PRIMARY KEY AUTOINCREMENT,
    n INTEGER NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    embedder TEXT NOT NULL,
    signs BLOB NOT NULL,
    numbers BLOB NOT NULL
);
CREATE INDEX memory_vectors_of ON memory_vectors (scope, embedder, v, signs);
CREATE INDEX facts_turns ON facts (CAST(body AS TEXT) ->> '$.n') WHERE kind = 28;
CREATE TABLE answers_vectors (
    v INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    agent TEXT NOT NULL,
    version TEXT NOT NULL,
    tenant TEXT NOT NULL,
    among TEXT NOT NULL,
    signs BLOB NOT NULL,
    numbers BLOB NOT NULL,
    UNIQUE (digest, agent, version, tenant)
);
CREATE INDEX answers_vectors_among ON answers_vectors (among, v, signs);
CREATE INDEX answers_vectors_of ON answers_vectors (agent, version, tenant, v);
CREATE TRIGGER answers_kept_deleted AFTER DELETE ON answers_kept BEGIN DELETE FROM answers_vectors WHERE digest = old.digest AND agent = old.agent AND version = old.version AND tenant = old.tenant; END;
CREATE INDEX answers_kept_run ON answers_kept (run);
CREATE INDEX conversation_said_number ON conversation_said (number);
CREATE VIEW conversation_messages AS
SELECT s.place, s.author, s.run, s.number, s.key, s.at, CASE WHEN s.source IS NULL THEN s.message ELSE CAST(
    COALESCE(SUBSTR(s.message, 1, s.cut), '') || SUBSTR(COALESCE(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), s.first + 1, s.size) || COALESCE(SUBSTR(s.message, s.cut + 1), '') AS BLOB
) END AS message
FROM conversation_said s LEFT JOIN facts f ON f.place = s.source;
CREATE TABLE memory_gone (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
CREATE TRIGGER memory_deleted AFTER DELETE ON memory BEGIN DELETE FROM memory_text WHERE rowid = old.n; DELETE FROM memory_vectors WHERE n = old.n; INSERT INTO memory_gone VALUES (1, old.version) ON CONFLICT DO UPDATE SET version = MAX(version, excluded.version); END;
CREATE TABLE budget_waits (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    holds TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX budget_waits_run ON budget_waits (run);
CREATE TABLE budget_questions (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    budget TEXT NOT NULL,
    lead TEXT NOT NULL,
    raised INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX budget_questions_run ON budget_questions (run);
CREATE INDEX budget_questions_budget ON budget_questions (budget);
CREATE INDEX budget_questions_lead ON budget_questions (lead);
CREATE TABLE shared_states (
    name TEXT PRIMARY KEY,
    until REAL NOT NULL,
    state BLOB NOT NULL
) WITHOUT ROWID;
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
CREATE INDEX workers_alive ON workers (id) WHERE fenced = 0;
CREATE INDEX runs_ready_in ON runs (queue, ready_at, state) WHERE state = 'ready';
CREATE VIEW queues AS
SELECT queue, SUM(ready) AS ready, MAX(age) AS oldest_age, SUM(running) AS running FROM (
    SELECT queue, COUNT(*) AS ready, COALESCE(MAX(0.0, (julianday('now') - 2440587.5) * 86400.0 - MIN(ready_at)), 0.0) AS age, 0 AS running
    FROM runs INDEXED BY runs_ready_in WHERE state = 'ready' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0.0, COUNT(*) FROM runs WHERE state = 'running' GROUP BY queue
) GROUP BY queue;
CREATE TABLE drains (
    worker TEXT PRIMARY KEY NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE moved (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    "to" TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL
);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    tenant TEXT NOT NULL,
    scope BLOB NOT NULL,
    expires REAL,
    made_at REAL NOT NULL,
    made_by TEXT NOT NULL,
    digest BLOB NOT NULL,
    former BLOB,
    former_until REAL,
    issued_at REAL NOT NULL,
    issued_by TEXT NOT NULL,
    revoked_at REAL,
    revoked_by TEXT,
    used_at REAL
) WITHOUT ROWID;
CREATE TABLE actions (
    at REAL NOT NULL,
    id TEXT NOT NULL,
    by TEXT NOT NULL,
    tenant TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    said BLOB NOT NULL,
    PRIMARY KEY (at, id)
) WITHOUT ROWID;
CREATE INDEX actions_of_tenant ON actions (tenant, at, id);
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    type TEXT NOT NULL,
    run TEXT NOT NULL,
    root TEXT NOT NULL,
    workflow TEXT NOT NULL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    question TEXT,
    "to" TEXT,
    content TEXT NOT NULL
, assignee TEXT);
CREATE INDEX questions_given ON questions (assignee_folded) WHERE state = 'open' AND assignee_folded IS NOT NULL;
CREATE TABLE remarks (
    id TEXT PRIMARY KEY NOT NULL,
    question TEXT NOT NULL,
    by TEXT NOT NULL,
    at REAL NOT NULL,
    text BLOB NOT NULL,
    assignee TEXT,
    salt BLOB,
    digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX remarks_question ON remarks (question);
CREATE TABLE absences (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    person_folded TEXT NOT NULL,
    until REAL NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX absences_person ON absences (tenant, person_folded);
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
, refused_since REAL, refused_tries INTEGER, refused_why TEXT) WITHOUT ROWID;
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
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_sticky ON runs (ready_at) WHERE state = 'ready' AND affinity IS NOT NULL;
CREATE TABLE affinities (
    tenant TEXT NOT NULL,
    affinity TEXT NOT NULL,
    worker TEXT NOT NULL,
    hour INTEGER NOT NULL,
    PRIMARY KEY (tenant, affinity)
) WITHOUT ROWID;
CREATE INDEX affinities_hour ON affinities (hour);
CREATE INDEX actions_id ON actions (id);
CREATE TABLE run_costs (
    by TEXT NOT NULL,
    root INTEGER NOT NULL,
    run INTEGER NOT NULL,
    part TEXT NOT NULL,
    calls INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    usd REAL NOT NULL,
    doubt REAL NOT NULL,
    unpriced INTEGER NOT NULL,
    cpu REAL NOT NULL,
    gb REAL NOT NULL,
    saved REAL NOT NULL,
    PRIMARY KEY (by, root, run, part)
) WITHOUT ROWID;
CREATE INDEX runs_uncosted ON runs (ended_at) WHERE costed_from IS NULL AND id = root;
CREATE INDEX runs_costed ON runs (costed_to, costed_from) WHERE costed_from IS NOT NULL;
CREATE TRIGGER runs_uncosted_again AFTER UPDATE OF epoch ON runs WHEN old.ended_at IS NOT NULL BEGIN UPDATE runs SET costed_from = NULL, costed_to = NULL WHERE id = new.root AND costed_from IS NOT NULL; END;
CREATE TRIGGER runs_uncosted_by_child AFTER INSERT ON runs WHEN new.id <> new.root BEGIN UPDATE runs SET costed_from = NULL, costed_to = NULL WHERE id = new.root AND costed_from IS NOT NULL; END;
CREATE TRIGGER run_costs_uncosted AFTER UPDATE OF costed_from ON runs WHEN new.costed_from IS NULL BEGIN DELETE FROM run_costs WHERE by IN ('agent', 'day', 'model') AND root = new.n; END;
CREATE TRIGGER run_costs_deleted AFTER DELETE ON runs WHEN old.costed_from IS NOT NULL BEGIN DELETE FROM run_costs WHERE by IN ('agent', 'day', 'model') AND root = old.n; END
