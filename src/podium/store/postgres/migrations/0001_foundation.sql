CREATE TABLE batches (
    store text PRIMARY KEY,
    number bigint NOT NULL,
    at double precision NOT NULL
);
CREATE TABLE workers (
    id text COLLATE "C" PRIMARY KEY,
    host text NOT NULL,
    pid bigint NOT NULL,
    born text NOT NULL,
    beat double precision NOT NULL,
    fenced integer NOT NULL DEFAULT 0
);
CREATE SEQUENCE run_numbers;
CREATE TABLE runs (
    n bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    workflow text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    wake bigint NOT NULL,
    owner text COLLATE "C",
    wake_at double precision,
    queue text COLLATE "C" NOT NULL,
    priority bigint NOT NULL,
    facts bigint NOT NULL,
    head bytea NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    parent text COLLATE "C",
    root text COLLATE "C" NOT NULL,
    tag text COLLATE "C",
    created_at double precision NOT NULL,
    ended_at double precision,
    reason text COLLATE "C" NOT NULL,
    strikes bigint NOT NULL DEFAULT 0,
    struck bigint NOT NULL DEFAULT 0,
    blocked text COLLATE "C",
    generation bigint NOT NULL DEFAULT 1,
    since bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX runs_ready ON runs (priority DESC, n) WHERE state = 'ready';
CREATE INDEX runs_suspect ON runs (strikes DESC, n) WHERE state = 'ready' AND strikes >= 2;
CREATE INDEX runs_due ON runs (wake_at) WHERE state = 'parked' AND wake_at IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE state = 'running';
CREATE INDEX runs_blocked ON runs (workflow) WHERE state = 'blocked';
CREATE INDEX runs_dead ON runs (n) WHERE state IN ('failed', 'blocked');
CREATE INDEX runs_created ON runs (created_at, n);
CREATE INDEX runs_of_workflow ON runs (workflow, created_at);
CREATE INDEX runs_of_tenant ON runs (tenant, created_at);
CREATE INDEX runs_of_principal ON runs (principal, created_at);
CREATE INDEX runs_of_tag ON runs (tag, created_at) WHERE tag IS NOT NULL;
CREATE INDEX runs_children ON runs (parent, created_at) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX runs_tag ON runs (tenant, workflow, tag) WHERE tag IS NOT NULL;
CREATE TABLE facts (
    place bigint PRIMARY KEY,
    kind integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    epoch bigint NOT NULL,
    hash bytea NOT NULL,
    digest bytea,
    salt bytea,
    body bytea,
    payload bytea,
    blob bytea,
    turn bigint
);
CREATE INDEX facts_blob ON facts (blob) WHERE blob IS NOT NULL;
CREATE INDEX facts_turns ON facts (turn) WHERE turn IS NOT NULL;
CREATE TABLE blobs (
    hash bytea PRIMARY KEY,
    body bytea NOT NULL
);
CREATE TABLE signals (
    run bigint NOT NULL,
    n bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    body bytea NOT NULL,
    taken boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run, id)
);
CREATE INDEX signals_waiting ON signals (run, n) WHERE NOT taken;
CREATE TABLE questions (
    id text COLLATE "C" PRIMARY KEY,
    run bigint NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    subject bytea,
    schema bytea,
    "to" text COLLATE "C" NOT NULL,
    quorum bigint NOT NULL,
    asked_at double precision NOT NULL,
    deadline double precision,
    tenant text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    step text COLLATE "C",
    idempotency_key text COLLATE "C",
    to_folded text COLLATE "C" NOT NULL
);
CREATE INDEX questions_open ON questions (asked_at) WHERE state = 'open';
CREATE INDEX questions_asked ON questions (asked_at);
CREATE INDEX questions_run ON questions (run);
CREATE TABLE answers (
    question text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    at double precision NOT NULL,
    salt bytea,
    digest bytea,
    PRIMARY KEY (question, by)
);
CREATE TABLE budgets (
    id text COLLATE "C" PRIMARY KEY,
    usd_limit bigint,
    tokens_limit bigint,
    calls_limit bigint,
    usd_reserved bigint NOT NULL DEFAULT 0,
    tokens_reserved bigint NOT NULL DEFAULT 0,
    calls_reserved bigint NOT NULL DEFAULT 0,
    usd_spent bigint NOT NULL DEFAULT 0,
    tokens_spent bigint NOT NULL DEFAULT 0,
    calls_spent bigint NOT NULL DEFAULT 0,
    usd_in_doubt bigint NOT NULL DEFAULT 0,
    usd_wanted bigint NOT NULL DEFAULT 0,
    tokens_wanted bigint NOT NULL DEFAULT 0,
    calls_wanted bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE reservations (
    id text COLLATE "C" PRIMARY KEY,
    run bigint NOT NULL,
    parts jsonb NOT NULL,
    escrow boolean NOT NULL DEFAULT false
);
CREATE INDEX reservations_run ON reservations (run);
CREATE INDEX reservations_escrow ON reservations (id) WHERE escrow;
CREATE TABLE budget_waits (
    id text COLLATE "C" PRIMARY KEY,
    run bigint NOT NULL,
    epoch bigint NOT NULL,
    holds text[] NOT NULL
);
CREATE INDEX budget_waits_run ON budget_waits (run);
CREATE TABLE budget_questions (
    id text COLLATE "C" PRIMARY KEY,
    run bigint NOT NULL,
    budget text COLLATE "C" NOT NULL,
    lead text COLLATE "C" NOT NULL,
    raised boolean NOT NULL DEFAULT false
);
CREATE INDEX budget_questions_run ON budget_questions (run);
CREATE INDEX budget_questions_budget ON budget_questions (budget);
CREATE INDEX budget_questions_lead ON budget_questions (lead);
CREATE TABLE ledger (
    n bigint PRIMARY KEY,
    run text COLLATE "C" NOT NULL,
    facts bigint NOT NULL,
    head bytea NOT NULL,
    state text COLLATE "C" NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX ledger_run ON ledger (run, n);
CREATE TABLE seals (
    n bigint PRIMARY KEY,
    hash bytea NOT NULL,
    at double precision NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE audit_keys (
    entry bigint PRIMARY KEY,
    old text COLLATE "C" NOT NULL,
    new text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    by text COLLATE "C" NOT NULL,
    why text COLLATE "C" NOT NULL,
    signature bytea NOT NULL,
    accepted bytea NOT NULL
);
CREATE TABLE pruned (
    number bigint PRIMARY KEY,
    run text COLLATE "C" NOT NULL,
    facts bigint NOT NULL,
    head bytea NOT NULL,
    state text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    by text COLLATE "C" NOT NULL,
    why text COLLATE "C" NOT NULL,
    signature text COLLATE "C"
);
CREATE INDEX pruned_run ON pruned (run);
CREATE TABLE delegations (
    id text COLLATE "C" PRIMARY KEY,
    by text COLLATE "C" NOT NULL,
    "to" text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    scope bytea NOT NULL,
    expires double precision,
    quota bigint,
    used bigint NOT NULL DEFAULT 0,
    granted_at double precision NOT NULL,
    revoked_at double precision
);
CREATE TABLE conversations (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    created_at double precision NOT NULL,
    changed_at double precision NOT NULL,
    forked_from text COLLATE "C",
    forked_at bigint,
    UNIQUE (tenant, name)
);
CREATE TABLE conversation_messages (
    place bigint PRIMARY KEY,
    author text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    message bytea NOT NULL
);
CREATE INDEX conversation_messages_number ON conversation_messages (number);
CREATE TABLE conversation_turns (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation bigint NOT NULL,
    run text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    within text COLLATE "C",
    UNIQUE (run, key)
);
CREATE INDEX conversation_turns_first ON conversation_turns (conversation, n) WHERE within IS NULL;
CREATE TABLE memory (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    version bigint NOT NULL,
    writer text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    until double precision,
    words bigint NOT NULL DEFAULT 0,
    UNIQUE (scope, key)
);
CREATE INDEX memory_until ON memory (until) WHERE until IS NOT NULL;
CREATE TABLE memory_gone (
    id integer PRIMARY KEY CHECK (id = 1),
    version bigint NOT NULL
);
CREATE FUNCTION memory_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO memory_gone AS g VALUES (1, old.version)
    ON CONFLICT (id) DO UPDATE SET version = greatest(g.version, excluded.version);
    RETURN old;
END $$;
CREATE TRIGGER memory_deleted AFTER DELETE ON memory FOR EACH ROW EXECUTE FUNCTION memory_deleted();
CREATE TABLE memory_words (
    word text COLLATE "C" NOT NULL,
    n bigint NOT NULL REFERENCES memory (n) ON DELETE CASCADE,
    times bigint NOT NULL,
    PRIMARY KEY (word, n)
);
CREATE INDEX memory_words_n ON memory_words (n);
CREATE TABLE memory_vectors (
    v bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n bigint NOT NULL UNIQUE REFERENCES memory (n) ON DELETE CASCADE,
    scope text COLLATE "C" NOT NULL,
    embedder text COLLATE "C" NOT NULL,
    signs bytea NOT NULL,
    numbers bytea NOT NULL
);
CREATE INDEX memory_vectors_of ON memory_vectors (scope, embedder, v);
CREATE TABLE memory_writes (
    writer text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    what text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    at double precision NOT NULL,
    until double precision,
    length bigint,
    PRIMARY KEY (writer, scope, key, what)
);
CREATE INDEX memory_writes_at ON memory_writes (at);
CREATE TABLE memory_locks (
    scope text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    token bigint NOT NULL,
    holder text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE TABLE answers_kept (
    digest text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    run text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    usd double precision,
    PRIMARY KEY (digest, agent, version, tenant)
);
CREATE INDEX answers_kept_run ON answers_kept (run);
CREATE TABLE answers_vectors (
    v bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    among text COLLATE "C" NOT NULL,
    signs bytea NOT NULL,
    numbers bytea NOT NULL,
    UNIQUE (digest, agent, version, tenant),
    FOREIGN KEY (digest, agent, version, tenant) REFERENCES answers_kept ON DELETE CASCADE
);
CREATE INDEX answers_vectors_among ON answers_vectors (among, v);
CREATE INDEX answers_vectors_of ON answers_vectors (agent, version, tenant, v);
CREATE TABLE stream_watches (
    run text COLLATE "C" NOT NULL,
    reader text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    PRIMARY KEY (run, reader)
);
CREATE TABLE stream_heads (
    run text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    last bigint NOT NULL,
    until double precision NOT NULL
);
CREATE TABLE stream_events (
    run text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    epoch bigint NOT NULL,
    text bytea NOT NULL,
    PRIMARY KEY (run, number)
);
CREATE TABLE shared_states (
    name text COLLATE "C" PRIMARY KEY,
    until double precision NOT NULL,
    state bytea NOT NULL
);
CREATE FUNCTION json_of(body bytea) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
    RETURN replace(convert_from(body, 'UTF8'), '\u0000', '\ufffd')::jsonb;
CREATE VIEW journal AS
SELECT r.id AS run, f.place & 16777215 AS seq, f.kind, f.key, f.at, f.epoch, f.body,
    CASE WHEN substr(f.payload, 1, 1) <> '\x00' THEN f.payload END AS payload, f.blob, f.hash
FROM facts f JOIN runs r ON r.n = f.place >> 24;
