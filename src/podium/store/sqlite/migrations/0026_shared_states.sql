-- What the processes of a store share of limits and circuit breakers. `until` a state means something.
CREATE TABLE shared_states (
    name TEXT PRIMARY KEY,
    until REAL NOT NULL,
    state BLOB NOT NULL
) WITHOUT ROWID
