-- What was said under a name, message by message, and who has, or waits for, a turn in it. A turn that joins no other one is had by the first
-- that came; the others wait.
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
CREATE TABLE conversation_messages (
    place INTEGER PRIMARY KEY,
    author TEXT NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    message BLOB NOT NULL
);
CREATE INDEX conversation_messages_run ON conversation_messages (run);
CREATE TABLE conversation_turns (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    run TEXT NOT NULL,
    key TEXT NOT NULL,
    within TEXT,
    UNIQUE (run, key)
);
CREATE INDEX conversation_turns_first ON conversation_turns (conversation, n) WHERE within IS NULL
